/**
 * Gradients of whole encoders by every parameter, the tables included, against torch.autograd in float64
 * (test/golden/make_encoder_gradients.py).
 */

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseTransformerConfig } from "#src/encoder/config.js";
import type { Pooling, TransformerConfig } from "#src/encoder/index.js";
import { traceTransformer } from "#src/encoder/transformer.js";
import { selectWeights, stripPrefix } from "#src/encoder/weights.js";
import { createGraph, gradients, input, parameter, type Value } from "#src/graph/index.js";
import { createTensor, parseSafetensors, type Tensor, toFloat32 } from "#src/tensor/index.js";
import { runValues } from "../support/run-values.ts";
import { fullModel, goldenFolder } from "./golden.ts";

/**
 * Of |got - want| / |want|, lengths of vectors, for each parameter. The gradient passes hundreds of float32 operations,
 * whose roundings (6e-8 each) add up like a random walk and grow where terms cancel, most of all in attention. Seen:
 * 6e-7 in two layers, 5e-6 in six; four to five times that leave room for other processors' kernels.
 */
const tolerance = { tiny: 3e-6, full: 2e-5 };

interface Model {
  readonly config: TransformerConfig;
  readonly weights: ReadonlyMap<string, Tensor>;
}

interface Pass {
  readonly pooling: Pooling;
  readonly dropout?: boolean;
  /** Of the inputs of the encoder by name, and `cotangent` [B, H]. */
  readonly feeds: ReadonlyMap<string, Tensor>;
}

async function readModel(folder: string): Promise<Model> {
  const json = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const { tensors } = parseSafetensors(await readFile(join(folder, "model.safetensors")));
  return { config: parseTransformerConfig(json, folder), weights: stripPrefix(tensors) };
}

/** The gradient of Σ cotangent · embedding by each parameter. */
async function gradientsOf({ config, weights }: Model, { pooling, dropout = false, feeds }: Pass) {
  const trace = traceTransformer(config, { pooling, normalize: true, dropout });
  const inputs = [trace.ids, trace.mask, ...trace.dropout];
  const { parameters } = createGraph({ inputs, outputs: { embedding: trace.embedding } });
  const cotangent = input("cotangent", "float32", trace.embedding.shape);
  const found = gradients(
    [{ value: trace.embedding, cotangent }],
    parameters.map(({ name, dtype, shape }) => parameter(name, dtype, shape.map(Number))),
  );
  const named = parameters.map(({ name }, nth) => [`d ${name}`, found[nth] as Value] as const);
  const fed = (value: Value): readonly [Value, Tensor] => {
    const name = value.source.kind === "input" ? value.source.name : "";
    return [value, feeds.get(name) as Tensor];
  };
  const results = await runValues(Object.fromEntries(named), {
    inputs: [...inputs, cotangent].map(fed),
    parameters: selectWeights(weights, parameters, new Set()),
  });
  return new Map(Object.entries(results).map(([name, tensor]) => [name.slice(2), toFloat32(tensor)]));
}

const lengthOf = (vector: ArrayLike<number>): number =>
  Math.sqrt(Array.from(vector).reduce((sum, value) => sum + value * value, 0));

/**
 * What an error is compared with: the length of the parameter's own gradient. That by the bias of the keys is 0, since
 * softmax does not change when one number is added to a row; its error is compared with the bias of the queries.
 */
function scaleOf(name: string, lengths: ReadonlyMap<string, number>): number {
  return lengths.get(name.replace("self.key.bias", "self.query.bias")) as number;
}

function expectGradients(
  got: ReadonlyMap<string, Float32Array>,
  want: ReadonlyMap<string, Float32Array>,
): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  const lengths = new Map([...want].map(([name, values]) => [name, lengthOf(values)]));
  const errors = [...want].map(([name, values]) => {
    const difference = values.map((value, at) => value - (got.get(name)?.[at] ?? Number.NaN));
    return [name, lengthOf(difference) / scaleOf(name, lengths)] as const;
  });
  expect(errors.filter(([, error]) => !(error <= tolerance.tiny))).toEqual([]);
}

function readTensors(path: string): ReadonlyMap<string, Tensor> {
  return parseSafetensors(readFileSync(join(goldenFolder, path))).tensors;
}

function wantedOf(stored: ReadonlyMap<string, Tensor>, pooling: Pooling): ReadonlyMap<string, Float32Array> {
  const own = [...stored].filter(([name]) => name.startsWith(`${pooling}/`));
  return new Map(own.map(([name, tensor]) => [name.slice(pooling.length + 1), toFloat32(tensor)]));
}

describe.each(["tiny-bert", "tiny-roberta", "tiny-xlmr"])("%s", (name) => {
  it.each(["mean", "cls"] as const)(
    "has the gradients of PyTorch by every parameter: %s",
    async (pooling) => {
      const model = await readModel(join(goldenFolder, name));
      const feeds = readTensors(`${name}/gradients.safetensors`);
      expectGradients(await gradientsOf(model, { pooling, feeds }), wantedOf(feeds, pooling));
    },
  );
});

it("has the gradients of PyTorch with dropout at the four places of BERT", async () => {
  const model = await readModel(join(goldenFolder, "tiny-bert"));
  const feeds = readTensors("tiny-bert/dropout.safetensors");
  const got = await gradientsOf(model, { pooling: "mean", dropout: true, feeds });
  expectGradients(got, wantedOf(feeds, "mean"));
});

interface Sampled {
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly cotangent: readonly (readonly number[])[];
  readonly gradients: Readonly<
    Record<string, { norm: number; sum: number; at: readonly number[]; values: readonly number[] }>
  >;
}

const full = fullModel("all-MiniLM-L6-v2");

describe.skipIf(full === undefined)("all-MiniLM-L6-v2, full size", () => {
  it("has the gradients of PyTorch by every parameter", async () => {
    const golden: Sampled = JSON.parse(readFileSync(join(goldenFolder, "minilm-gradients.json"), "utf8"));
    const shapeOf = (rows: readonly (readonly number[])[]): number[] => [rows.length, rows[0]?.length ?? 0];
    const integers = (rows: readonly (readonly number[])[]): Tensor =>
      createTensor("int64", shapeOf(rows), BigInt64Array.from(rows.flat(), BigInt));
    const feeds = new Map([
      ["input_ids", integers(golden.input_ids)],
      ["attention_mask", integers(golden.attention_mask)],
      [
        "cotangent",
        createTensor("float32", shapeOf(golden.cotangent), Float32Array.from(golden.cotangent.flat())),
      ],
    ]);
    const got = await gradientsOf(await readModel(full ?? ""), { pooling: "mean", feeds });

    expect([...got.keys()].sort()).toEqual(Object.keys(golden.gradients).sort());
    const entries = Object.entries(golden.gradients);
    const lengths = new Map(entries.map(([name, { norm }]) => [name, norm]));
    const sampled = new Map(entries.map(([name, { values }]) => [name, lengthOf(values)]));
    const errors = entries.map(([name, want]) => {
      const values = got.get(name) as Float32Array;
      const sum = values.reduce((total, value) => total + value, 0);
      const sample = want.at.map((at, nth) => (values[at] as number) - want.values[nth]!);
      const parts = [
        (lengthOf(values) - want.norm) / scaleOf(name, lengths),
        (sum - want.sum) / scaleOf(name, lengths), // errors of either sign add up to about their length
        lengthOf(sample) / scaleOf(name, sampled),
      ];
      return [name, Math.max(...parts.map(Math.abs))] as const;
    });
    expect(errors.filter(([, error]) => !(error <= tolerance.full))).toEqual([]);
  });
});

it("is not changed by a text that is all padding", async () => {
  const stored = readTensors("tiny-bert/gradients.safetensors");
  const widened = [...stored].map(
    ([name, tensor]) => [name, name.includes("/") ? tensor : oneMore(tensor)] as const,
  );
  const got = await gradientsOf(await readModel(join(goldenFolder, "tiny-bert")), {
    pooling: "mean",
    feeds: new Map(widened),
  });
  expectGradients(got, wantedOf(stored, "mean"));
});

/** A row of zeros more, ones where the tensor has floats. */
function oneMore({ dtype, shape, data }: Tensor): Tensor {
  const [rows = 0, width = 0] = shape;
  if (dtype === "float32") {
    const longer = new Float32Array(data.length + width).fill(1);
    longer.set(data as Float32Array);
    return createTensor("float32", [rows + 1, width], longer);
  }
  const longer = new BigInt64Array(data.length + width);
  longer.set(data as BigInt64Array);
  return createTensor("int64", [rows + 1, width], longer);
}

it("is refused where weights are in 8 bits, also by parameters before them", async () => {
  const { config } = await readModel(join(goldenFolder, "tiny-bert"));
  const int8 = new Set(["encoder.layer.1.output.dense.weight"]);
  const { embedding } = traceTransformer(config, { pooling: "mean", normalize: true, int8 });
  const cotangent = input("cotangent", "float32", embedding.shape);
  const first = parameter("embeddings.LayerNorm.bias", "float32", [config.hidden]);
  expect(() => gradients([{ value: embedding, cotangent }], [first])).toThrow(
    expect.objectContaining({
      code: "unsupported",
      message: "quantizedMatmul: it has no gradient; train with float32 weights",
    }),
  );
});
