import { describe, expect, it } from "vitest";
import {
  add,
  cast,
  concat,
  createGraph,
  cumulativeSum,
  equal,
  type Graph,
  gather,
  gatherElements,
  input,
  layerNorm,
  matmul,
  mul,
  type Node,
  parameter,
  print,
  quantize,
  quantizedMatmul,
  reduceSum,
  relu,
  reshape,
  scalar,
  scatterAdd,
  softmax,
  squeeze,
  transpose,
  unsqueeze,
  type Value,
  verify,
} from "#src/graph/index.js";

const f = (...shape: readonly (number | string)[]): Value => input("x", "float32", shape);

describe("createGraph and print", () => {
  it("gives the text form: each value once, operands before results", () => {
    const x = input("x", "float32", ["B", 4]);
    const y = add(matmul(x, parameter("w", "float32", [4, 2])), parameter("b", "float32", [2]));
    const graph = createGraph({ inputs: [x], outputs: { y, total: reduceSum(mul(y, scalar(0.1, y)), [1]) } });
    expect(print(graph)).toMatchInlineSnapshot(`
      "input x:float32[B,4]
      parameter w:float32[4,2]
      parameter b:float32[2]
      v1:float32[B,2] = matmul(x, w)
      y:float32[B,2] = add(v1, b)
      v3:float32[] = constant() dtype=float32 shape=[] values=[0.1]
      v4:float32[B,2] = mul(y, v3)
      total:float32[B] = reduceSum(v4) axes=[1] keep=false
      output y
      output total"
    `);
    verify(graph);
  });

  it("takes parameters of one name for one parameter, and refuses two types of it", () => {
    const x = f("B", 4);
    const once = createGraph({
      inputs: [x],
      outputs: { y: add(mul(x, parameter("w", "float32", [4])), parameter("w", "float32", [4])) },
    });
    expect(once.parameters).toEqual([{ name: "w", dtype: "float32", shape: [4] }]);
    const twice = add(mul(x, parameter("w", "float32", [4])), parameter("w", "float32", [1]));
    expect(() => createGraph({ inputs: [x], outputs: { y: twice } })).toThrow(
      "graph: the parameter w has two types, [4] and [1]",
    );
  });

  it("refuses an input that is not declared, and outputs that are no results or the same", () => {
    const x = f("B");
    const y = relu(x);
    expect(() => createGraph({ inputs: [], outputs: { y } })).toThrow("the outputs need the input x");
    expect(() => createGraph({ inputs: [x], outputs: { y: x } })).toThrow("computed by no operator");
    expect(() => createGraph({ inputs: [x], outputs: { y, z: y } })).toThrow("y and z are the same value");
    expect(() => createGraph({ inputs: [y], outputs: { z: relu(y) } })).toThrow("an input is wanted");
  });

  it("does not recurse: 20,000 operators deep", () => {
    const x = f("B");
    let y: Value = x;
    for (let depth = 0; depth < 20_000; depth++) y = relu(y);
    expect(createGraph({ inputs: [x], outputs: { y } }).nodes.length).toBe(20_000);
  });
});

describe("operators refuse what they do not take", () => {
  const cases: readonly (readonly [string, () => unknown])[] = [
    ["matmul: inner sizes differ, a=[4, 384] b=[768, 384]", () => matmul(f(4, 384), f(768, 384))],
    ["matmul: batch sizes do not broadcast, a=[2, 3, 4] b=[3, 4, 5]", () => matmul(f(2, 3, 4), f(3, 4, 5))],
    ["matmul: wanted at least two axes each, a=[4] b=[4, 2]", () => matmul(f(4), f(4, 2))],
    ["matmul: wanted float32, got int64", () => matmul(cast(f(2, 2), "int64"), f(2, 2))],
    ["add: shapes do not broadcast, a=[B, 2] b=[T, 2]", () => add(f("B", 2), f("T", 2))],
    ["add: types differ, a=float32 b=int64; cast one of them", () => add(f(2), cast(f(2), "int64"))],
    ["equal: wanted float32 or int32 or int64, got uint8", () => equal(cast(f(2), "uint8"), f(2))],
    ["gather: wanted int32 or int64, got float32", () => gather(f(3, 2), f(1))],
    ["gather: axis 2 is outside of [3, 2]", () => gather(f(3, 2), cast(f(1), "int64"), 2)],
    ["scatterAdd: wanted int64, got float32", () => scatterAdd(f(3, 2), f(1, 2), f(1, 2))],
    [
      "scatterAdd: wanted a place for each update, a=[3, 2] b=[4, 2] c=[5, 2]",
      () => scatterAdd(f(3, 2), cast(f(4, 2), "int64"), f(5, 2)),
    ],
    [
      "gatherElements: wanted equal sizes but for axis 0, a=[3, 2] b=[4, 1]",
      () => gatherElements(f(3, 2), cast(f(4, 1), "int64")),
    ],
    ["gatherElements: axis 2 is outside of [3, 2]", () => gatherElements(f(3, 2), cast(f(3, 2), "int64"), 2)],
    ["reshape: sizes differ, from [B, 6] to [B, 7]", () => reshape(f("B", 6), ["B", 7])],
    [
      "reshape: more than one unknown size, from [B*T, 4] to [B, T, 4]",
      () => reshape(f("B*T", 4), ["B", "T", 4]),
    ],
    ["reshape: a size is 0, from [0, 4] to [0]", () => reshape(f(0, 4), [0])],
    ["transpose: [0, 0] does not order the axes of [2, 3]", () => transpose(f(2, 3), [0, 0])],
    ["unsqueeze: axis 3 is outside of 3 axes", () => unsqueeze(f(2, 3), [3])],
    ["squeeze: axis 1 of [1, B] is not of size 1", () => squeeze(f(1, "B"), [1])],
    ["squeeze: axis -2 is named twice", () => squeeze(f(1, 2), [0, -2])],
    ["concat: wanted equal types, and equal sizes but for axis 0", () => concat(f(1, 2), f(1, 3), 0)],
    ["reduceSum: axis 2 is outside of 2 axes", () => reduceSum(f(2, 3), [2])],
    ["reduceSum: wanted at least one axis", () => reduceSum(f(2, 3), [])],
    ["cumulativeSum: axis 1 is outside of [B]", () => cumulativeSum(f("B"), 1)],
    ["softmax: axis 1 is outside of [B]", () => softmax(f("B"), 1)],
    [
      "layerNorm: wanted weight and bias of the last axis, a=[B, 4] b=[4] c=[3]",
      () => layerNorm(f("B", 4), f(4), f(3), 0),
    ],
    [
      "quantize: wanted at least two axes, the last of known size, a=[4, K]",
      () => quantize(f(4, "K"), f(4, 1), cast(f(4, 1), "uint8")),
    ],
    [
      "quantize: wanted at least two axes, the last of known size, a=[4]",
      () => quantize(f(4), f(1), cast(f(1), "uint8")),
    ],
    [
      "quantize: wanted one scale and one zero a row, a=[B, 4] b=[B, 1] c=[1]",
      () => quantize(f("B", 4), f("B", 1), cast(f(1), "uint8")),
    ],
    [
      "quantizedMatmul: wanted one scale a column of b, a=[B, 4] b=[4, 2] c=[3]",
      () => quantizedMatmul(cast(f("B", 4), "uint8"), cast(f(4, 2), "int8"), f(3)),
    ],
  ];
  it.each(cases)("%s", (message, build) => {
    expect(build).toThrow(message);
    expect(build).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("verify", () => {
  const x = f("B", 4);
  const y = relu(relu(mul(x, parameter("w", "float32", [4]))));
  const graph = createGraph({ inputs: [x], outputs: { y } });
  const [first, second, last] = graph.nodes as [Node, Node, Node];
  const broken: readonly (readonly [string, Partial<Graph>])[] = [
    ["it has no outputs", { outputs: [] }],
    ["the output z is computed by no node", { outputs: ["z"] }],
    ["the output x is computed by no node", { outputs: ["x"] }],
    ["the name x is used twice", { nodes: [{ ...first, name: "x" }, second, last] }],
    ["a variable has no name", { inputs: [{ name: "", dtype: "float32", shape: [] }] }],
    [
      "the parameter w has the unknown size B",
      { parameters: [{ name: "w", dtype: "float32", shape: ["B"] }] },
    ],
    ["node v1: the operand x is not defined", { inputs: [] }],
    ["node v2: the operand v1 is used before it is computed", { nodes: [second, first, last] }],
    ["node v1: mul: wanted 2 operands, got 1", { nodes: [{ ...first, operands: ["x"] }, second, last] }],
    ["node v1: mul: shapes do not broadcast", { inputs: [{ name: "x", dtype: "float32", shape: ["B", 3] }] }],
    [
      "node v2: declared as int64 [B, 4], computed as float32 [B, 4]",
      { nodes: [first, { ...second, dtype: "int64" }, last] },
    ],
    [
      "node v2: declared as float32 [B], computed as float32 [B, 4]",
      { nodes: [first, { ...second, shape: ["B"] }, last] },
    ],
    [
      "node v1: there is no operator frobnicate",
      { nodes: [{ ...first, operator: "frobnicate" } as unknown as Node, second, last] },
    ],
  ];
  it("accepts what createGraph makes", () => verify(graph));
  it.each(broken)("rejects: %s", (message, part) => {
    expect(() => verify({ ...graph, ...part })).toThrow(`graph: ${message}`);
  });
});
