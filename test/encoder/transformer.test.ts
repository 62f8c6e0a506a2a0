/**
 * The transformer as a graph against transformers and PyTorch (test/golden/make_tiny_models.py), and what must not
 * matter: the batch, padding, and which side it is on.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildPooling, buildTransformer, type Pooling, type TransformerConfig } from "#src/encoder/index.js";
import { type Graph, print } from "#src/graph/index.js";
import { emitModel } from "#src/onnx/index.js";
import { openSession } from "#src/runtime/index.js";
import { createTensor, parseSafetensors, type Tensor, toFloat32 } from "#src/tensor/index.js";
import { expectClose } from "../support/close.ts";

/** float32 through two layers with weights of ordinary size. */
const tolerance = 5e-6;
const poolings: readonly Pooling[] = ["cls", "mean", "last"];

interface Tiny {
  readonly config: TransformerConfig;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly expected: ReadonlyMap<string, Tensor>;
}

function readTiny(name: string, architecture: TransformerConfig["architecture"]): Tiny {
  const folder = join(import.meta.dirname, "../golden", name);
  const json = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const { tensors } = parseSafetensors(readFileSync(join(folder, "model.safetensors")));
  return {
    config: {
      architecture,
      layers: json.num_hidden_layers,
      heads: json.num_attention_heads,
      hidden: json.hidden_size,
      intermediate: json.intermediate_size,
      vocabulary: json.vocab_size,
      positions: json.max_position_embeddings,
      tokenTypes: json.type_vocab_size,
      layerNormEpsilon: json.layer_norm_eps,
      activation: "gelu",
      paddingId: json.pad_token_id,
    },
    weights: new Map([...tensors].map(([key, tensor]) => [key.replace(/^roberta\./, ""), tensor])),
    expected: parseSafetensors(readFileSync(join(folder, "expected.safetensors"))).tensors,
  };
}

const models = [
  ["tiny-bert", readTiny("tiny-bert", "bert")],
  ["tiny-roberta", readTiny("tiny-roberta", "roberta")],
  ["tiny-xlmr", readTiny("tiny-xlmr", "roberta")],
] as const;
const [, bert] = models[0];

async function run(
  graph: Graph,
  weights: ReadonlyMap<string, Tensor>,
  feeds: Record<string, Tensor>,
): Promise<Record<string, Float32Array>> {
  await using session = await openSession(emitModel(graph, weights), { threads: 1 });
  const outputs = await session.run(feeds);
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, toFloat32(tensor)]));
}

const golden = (tiny: Tiny, name: string): Tensor => tiny.expected.get(name)!;
const values = (tiny: Tiny, name: string): Float32Array => toFloat32(golden(tiny, name));
const feedsOf = (tiny: Tiny): Record<string, Tensor> => ({
  input_ids: golden(tiny, "input_ids"),
  attention_mask: golden(tiny, "attention_mask"),
});

/** The rows of the golden batch without their padding. */
function rowsOf(tiny: Tiny): bigint[][] {
  const [ids, mask] = [golden(tiny, "input_ids"), golden(tiny, "attention_mask")];
  const [batch = 0, width = 0] = ids.shape;
  return Array.from({ length: batch }, (_, row) =>
    Array.from(ids.data.slice(row * width, (row + 1) * width) as BigInt64Array).filter(
      (_, at) => mask.data[row * width + at] === 1n,
    ),
  );
}

/** A batch with padding of `filler` on one side, `extra` tokens wider than its longest row. */
function batchOf(
  rows: readonly (readonly bigint[])[],
  {
    side = "right",
    filler = 0n,
    extra = 0,
  }: { side?: "left" | "right"; filler?: bigint; extra?: number } = {},
): Record<string, Tensor> {
  const width = Math.max(...rows.map((row) => row.length)) + extra;
  const padded = (row: readonly bigint[], pad: bigint): bigint[] => {
    const padding = new Array<bigint>(width - row.length).fill(pad);
    return side === "right" ? [...row, ...padding] : [...padding, ...row];
  };
  const tensor = (data: bigint[]): Tensor =>
    createTensor("int64", [rows.length, width], BigInt64Array.from(data));
  return {
    input_ids: tensor(rows.flatMap((row) => padded(row, filler))),
    attention_mask: tensor(
      rows.flatMap((row) =>
        padded(
          row.map(() => 1n),
          0n,
        ),
      ),
    ),
  };
}

describe.each(models)("%s", (_, tiny) => {
  it("gives the hidden states and pooled vectors of transformers", async () => {
    for (const pooling of poolings) {
      const graph = buildTransformer(tiny.config, { pooling, normalize: false, outputs: "both" });
      const { embedding, hidden } = await run(graph, tiny.weights, feedsOf(tiny));
      expectClose(embedding!, values(tiny, pooling), tolerance);
      const { data: mask } = golden(tiny, "attention_mask");
      const kept = hidden!.map((value, at) => value * Number(mask[Math.floor(at / tiny.config.hidden)]));
      expectClose(kept, values(tiny, "hidden"), tolerance);
    }
  });

  it("gives the same for each text alone, and padded on either side with anything", async () => {
    const rows = rowsOf(tiny);
    for (const pooling of poolings) {
      const graph = buildTransformer(tiny.config, { pooling, normalize: false });
      const want = values(tiny, pooling);
      const alone = await Promise.all(
        rows.slice(0, 3).map((row) => run(graph, tiny.weights, batchOf([row]))),
      );
      alone.forEach(({ embedding }, row) => {
        expectClose(embedding!, want.slice(row * 32, (row + 1) * 32), tolerance);
      });
      for (const padding of [
        { side: "right", filler: 9n, extra: 3 },
        { side: "left", filler: 5n },
      ] as const) {
        const { embedding } = await run(graph, tiny.weights, batchOf(rows, padding));
        expectClose(embedding!, want, tolerance);
      }
    }
  });
});

describe("pooling", () => {
  it("gives the same as a graph of its own", async () => {
    for (const [, tiny] of models) {
      for (const pooling of poolings) {
        const graph = buildPooling({ hidden: tiny.config.hidden, pooling, normalize: false });
        const feeds = { hidden: golden(tiny, "hidden"), attention_mask: golden(tiny, "attention_mask") };
        expectClose((await run(graph, new Map(), feeds))["embedding"]!, values(tiny, pooling), tolerance);
      }
    }
  });

  it("normalises to length 1, and gives zeros for a text that is all padding", async () => {
    const feeds = {
      hidden: createTensor("float32", [2, 2, 2], Float32Array.of(3, 4, 7, 7, 1, 2, 3, 4)),
      attention_mask: createTensor("int64", [2, 2], BigInt64Array.of(1n, 0n, 0n, 0n)),
    };
    for (const pooling of poolings) {
      const graph = buildPooling({ hidden: 2, pooling, normalize: true });
      expectClose((await run(graph, new Map(), feeds))["embedding"]!, [0.6, 0.8, 0, 0], 1e-7);
    }
  });
});

describe("int8 weights", () => {
  /** Round to 7 bits with one scale a row, as the file format has it. */
  function quantized(tiny: Tiny): { weights: ReadonlyMap<string, Tensor>; names: ReadonlySet<string> } {
    const weights = new Map(tiny.weights);
    const names = new Set(
      [...weights.keys()].filter((name) => /word_embeddings|(query|key|value|dense)\.weight$/.test(name)),
    );
    for (const name of names) {
      const { shape, data } = weights.get(name) as Tensor;
      const [rows = 0, columns = 0] = shape;
      const codes = new Int8Array(data.length);
      const scale = Float32Array.from({ length: rows }, (_, row) => {
        const line = Array.from(data.slice(row * columns, (row + 1) * columns), Number);
        const step = Math.max(...line.map(Math.abs)) / 63;
        codes.set(
          line.map((value) => Math.round(value / step)),
          row * columns,
        );
        return step;
      });
      weights.set(name, createTensor("int8", shape, codes));
      weights.set(`${name}.scale`, createTensor("float32", [rows], scale));
    }
    return { weights, names };
  }

  function cosines(left: Float32Array, right: Float32Array, width: number): number[] {
    return Array.from({ length: left.length / width }, (_, row) => {
      const [a, b] = [left, right].map((all) => Array.from(all.slice(row * width, (row + 1) * width)));
      const dot = (x: number[], y: number[]): number => x.reduce((sum, value, at) => sum + value * y[at]!, 0);
      return dot(a!, b!) / Math.sqrt(dot(a!, a!) * dot(b!, b!));
    });
  }

  it.each(models)("stay close to float32: %s", async (_, tiny) => {
    const { weights, names } = quantized(tiny);
    const graph = buildTransformer(tiny.config, { pooling: "mean", normalize: true, int8: names });
    const { embedding } = await run(graph, weights, feedsOf(tiny));
    expect(Math.min(...cosines(embedding!, values(tiny, "mean"), 32))).toBeGreaterThan(0.998);
  });

  it.each([1, 2, 3, 5, 8, 13])(
    "give a text the same bits whatever its neighbours, under %i tokens of padding more",
    async (extra) => {
      const { weights, names } = quantized(bert);
      const options = { pooling: "mean", normalize: true, int8: names, outputs: "hidden" } as const;
      const graph = buildTransformer(bert.config, options);
      const rows = rowsOf(bert);
      const batch = batchOf(rows, { side: "right", filler: 7n, extra });
      const { hidden: together } = await run(graph, weights, batch);
      const size = together!.length / rows.length;
      for (const [row, ids] of rows.entries()) {
        const { hidden: alone } = await run(graph, weights, batchOf([ids]));
        expect(together!.slice(row * size, row * size + ids.length * 32)).toEqual(alone);
      }
    },
  );

  it("may be some of the matrices: the others are float32", () => {
    const name = "encoder.layer.1.output.dense.weight";
    const graph = buildTransformer(bert.config, { pooling: "cls", normalize: false, int8: new Set([name]) });
    expect(graph.parameters.filter(({ dtype }) => dtype === "int8").map((found) => found.name)).toEqual([
      name,
    ]);
    expect(graph.nodes.filter(({ operator }) => operator === "quantizedMatmul").length).toBe(1);
  });
});

describe("configuration", () => {
  const options = { pooling: "cls", normalize: false } as const;

  it("refuses heads that do not divide the hidden size", () => {
    expect(() => buildTransformer({ ...bert.config, heads: 5 }, options)).toThrow(
      "transformer: hidden size 32 is not a multiple of 5 heads",
    );
  });

  it("chooses the activation", () => {
    const text = (activation: TransformerConfig["activation"]): string =>
      print(buildTransformer({ ...bert.config, activation }, options));
    expect(text("gelu")).toContain("approximate=none");
    expect(text("gelu_tanh")).toContain("approximate=tanh");
    expect(text("relu")).toContain(" = relu(");
  });
});
