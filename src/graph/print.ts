/** The text form of a graph: one line a variable, `name:dtype[shape] = operator(operands) setting=value`. */

import type { Graph, Node, Variable } from "./graph.ts";
import type { AttributeValue } from "./operator.ts";

/**
 * A graph as text, for reading and for comparing: equal texts are equal graphs.
 *
 *     input x:float32[B,4]
 *     parameter w:float32[4,2]
 *     y:float32[B,2] = matmul(x, w)
 *     output y
 */
export function print(graph: Graph): string {
  return [
    ...graph.inputs.map((variable) => `input ${declared(variable)}`),
    ...graph.parameters.map((variable) => `parameter ${declared(variable)}`),
    ...graph.nodes.map(printNode),
    ...graph.outputs.map((name) => `output ${name}`),
  ].join("\n");
}

function printNode(node: Node): string {
  const settings = Object.entries<AttributeValue>({ ...node.attributes });
  const suffix = settings.map(([name, value]) => ` ${name}=${printValue(value)}`).join("");
  return `${declared(node)} = ${node.operator}(${node.operands.join(", ")})${suffix}`;
}

function declared({ name, dtype, shape }: Variable): string {
  return `${name}:${dtype}[${shape.join(",")}]`;
}

function printValue(value: AttributeValue): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(",")}]`;
  return typeof value === "number" ? shortest(value) : String(value);
}

/** The shortest decimal that is the same float32: 1e-12, not 9.999999960041972e-13. */
function shortest(value: number): string {
  if (Number.isInteger(value) || Math.fround(value) !== value) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
