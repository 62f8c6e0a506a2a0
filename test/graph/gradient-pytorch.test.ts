/** The rule of each operator against torch.autograd in float64 (test/golden/make_gradients.py), at kinks and ties too. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Attributes,
  type AttributeValue,
  gradients,
  input,
  mul,
  type OperatorName,
  operators,
  scalar,
} from "#src/graph/index.js";
import { apply } from "#src/graph/value.js";
import { createTensor, type Tensor, toFloat32 } from "#src/tensor/index.js";
import { relativeError } from "../support/close.ts";
import { runValues } from "../support/run-values.ts";
import { gradientCases } from "./gradient-cases.ts";

interface Stored {
  readonly dtype?: "float32" | "int64";
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

interface Example {
  readonly operator: OperatorName;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly operands: readonly Stored[];
  readonly cotangent: Stored;
  readonly gradients: readonly (readonly number[] | null)[];
}

/**
 * Of |got - want| / |want|, lengths of vectors: a few float32 roundings (6e-8 each) and the approximations of exp, erf
 * and tanh (up to 3e-7).
 */
const tolerance = 1e-6;

const examples: readonly Example[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/gradients.json"), "utf8"),
);

function tensorOf({ dtype = "float32", shape, values }: Stored): Tensor {
  if (dtype === "float32") return createTensor("float32", shape, Float32Array.from(values));
  return createTensor("int64", shape, BigInt64Array.from(values, BigInt));
}

const titled = examples.map((example) => {
  const settings = Object.entries(example.attributes).map(([name, value]) => ` ${name}=${value}`);
  const shapes = example.operands.map(({ shape }) => `[${shape}]`).join(" ");
  return [`${example.operator} of ${shapes}${settings.join("")}`, example] as const;
});

it("covers every operator that has a gradient", () => {
  const wanted = (Object.keys(operators) as OperatorName[]).filter(
    (name) => typeof gradientCases[name] !== "string",
  );
  expect(new Set(examples.map(({ operator }) => operator))).toEqual(new Set(wanted));
});

describe("PyTorch", () => {
  it.each(titled)("%s", async (_, example) => {
    const values = example.operands.map(({ dtype = "float32", shape }, nth) =>
      input(`x${nth}`, dtype, shape),
    );
    const y = apply(example.operator, values, example.attributes as Attributes[OperatorName]);
    expect(y.shape).toEqual(example.cotangent.shape);
    const dy = input("dy", "float32", y.shape);
    const found = gradients([{ value: y, cotangent: dy }], values);
    const outputs = found.flatMap((value, nth) =>
      value === undefined ? [] : [[`d${nth}`, mul(value, scalar(1, value))] as const],
    );
    const results = await runValues(Object.fromEntries(outputs), {
      inputs: [
        ...values.map((value, nth) => [value, tensorOf(example.operands[nth]!)] as const),
        [dy, tensorOf(example.cotangent)],
      ],
    });
    for (const [nth, wanted] of example.gradients.entries()) {
      const got = results[`d${nth}`];
      expect(got?.shape).toEqual(wanted === null ? undefined : example.operands[nth]?.shape);
      if (wanted !== null) expect(relativeError(toFloat32(got!), wanted)).toBeLessThan(tolerance);
    }
  });
});
