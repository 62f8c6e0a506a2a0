import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formBatches, padBatch } from "#src/encoder/batches.js";
import { parseSettings, parseTransformerConfig } from "#src/encoder/config.js";
import { fingerprintOf } from "#src/encoder/fingerprint.js";
import { instructionOf, publishedSet, resolveInstructions } from "#src/encoder/instructions.js";
import { dequantizeWeights, quantizeRows, quantizeWeights, wordTable } from "#src/encoder/quantization.js";
import { selectWeights, stripPrefix } from "#src/encoder/weights.js";
import { createRandom, normal } from "#src/std/index.js";
import { createTensor, type Tensor } from "#src/tensor/index.js";

const json = {
  model_type: "bert",
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  vocab_size: 100,
  max_position_embeddings: 64,
  hidden_act: "gelu",
};
const config = parseTransformerConfig(json, "config.json");

describe("batches", () => {
  it("holds every text once, within the budget, with little padding", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 600 }), (of, budget) => {
        const batches = formBatches(of, budget);
        expect(batches.flat().sort((a, b) => a - b)).toEqual(of.map((_, at) => at));
        for (const batch of batches) {
          const longest = Math.max(...batch.map((at) => of[at] ?? 0));
          expect(batch.length === 1 || batch.length * longest <= budget).toBe(true);
        }
        const sorted = batches.flat().map((at) => of[at] ?? 0);
        expect(sorted).toEqual([...of].sort((a, b) => b - a));
      }),
    );
  });

  it("fills each batch before it begins the next", () => {
    expect(formBatches([4, 4, 4, 4, 1], 8)).toEqual([[0, 1], [2, 3], [4]]);
    expect(formBatches([], 8)).toEqual([]);
  });

  it("pads on the right and masks what it padded", () => {
    const { input_ids: ids, attention_mask: mask } = padBatch([Int32Array.of(5, 6, 7), Int32Array.of(8)], 1);
    expect([ids.shape, ids.data]).toEqual([[2, 3], BigInt64Array.of(5n, 6n, 7n, 8n, 1n, 1n)]);
    expect(mask.data).toEqual(BigInt64Array.of(1n, 1n, 1n, 1n, 0n, 0n));
  });
});

describe("instructions", () => {
  it("has the published pairs", () => {
    const pairs = resolveInstructions("llm-embedder", {});
    expect(instructionOf(pairs, "icl", "query")).toBe(
      "Convert this example into vector to look for useful examples: ",
    );
    expect(instructionOf(pairs, "convsearch", "document")).toBe("Encode this passage for retrieval: ");
    const bge = resolveInstructions("bge", {});
    expect(instructionOf(bge, "tool", "query")).toBe(
      "Represent this sentence for searching relevant passages: ",
    );
    expect(instructionOf(bge, "tool", "document")).toBe("");
    expect(instructionOf(resolveInstructions("e5", {}), "chat", "document")).toBe("passage: ");
  });

  it("knows the sets of published models by their hub id", () => {
    expect(["BAAI/llm-embedder", "BAAI/bge-base-en", "BAAI/bge-m3", "intfloat/multilingual-e5-small", "me/own"].map(publishedSet)).toEqual(["llm-embedder", "bge", "none", "e5", undefined]); // biome-ignore format: pairs in order
  });

  it("refuses unknown sets, tasks and half pairs", () => {
    expect(() => resolveInstructions("nope", {})).toThrow(
      'unknown set "nope"; wanted one of none, llm-embedder, bge, e5',
    );
    expect(() => resolveInstructions({ mine: { query: "q" } }, {})).toThrow('task "mine" has {"query":"q"}');
    expect(() => instructionOf(resolveInstructions("none", {}), "toString", "query")).toThrow("unknown task");
  });
});

describe("config", () => {
  it("reads RoBERTa with its shorter count of positions", () => {
    const roberta = {
      ...json,
      model_type: "xlm-roberta",
      max_position_embeddings: 66,
      type_vocab_size: 1,
      pad_token_id: 1,
    };
    const parsed = parseTransformerConfig(roberta, "config.json");
    expect(parsed).toMatchObject({ architecture: "roberta", tokenTypes: 1, paddingId: 1 });
    expect(parseSettings({}, parsed, "model").maxTokens).toEqual({ query: 64, document: 64 });
  });

  it.each([
    [{ model_type: "t5" }, 'config.json: model_type is "t5"; what runs here: bert, roberta, xlm-roberta'],
    [{ hidden_act: "swish" }, 'hidden_act is "swish"; what runs here: gelu'],
    [
      { position_embedding_type: "relative_key" },
      'position_embedding_type is "relative_key"; what runs here: absolute',
    ],
    [{ hidden_size: "32" }, 'config.json: wanted a whole number of at least 0 as `hidden_size`, got "32"'],
    [{ num_hidden_layers: undefined }, "as `num_hidden_layers`, got nothing"],
    [{ num_attention_heads: 5 }, "wanted a divisor of hidden_size 32 as `num_attention_heads`, got 5"],
  ])("refuses %j", (change, message) => {
    expect(() => parseTransformerConfig({ ...json, ...change }, "config.json")).toThrow(message);
  });

  const modules = (...kinds: string[]): unknown =>
    kinds.map((kind) => ({ type: `sentence_transformers.models.${kind}` }));

  it("reads the sentence-transformers files", () => {
    const files = {
      "modules.json": modules("Transformer", "Pooling", "Normalize"),
      "1_Pooling/config.json": { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false },
      "sentence_bert_config.json": { max_seq_length: 48 },
      "config_sentence_transformers.json": { prompts: { query: "find: ", passage: "text: " } },
    };
    const settings = parseSettings(files, config, "model");
    expect(settings).toMatchObject({
      pooling: "cls",
      normalize: true,
      maxTokens: { query: 48, document: 48 },
      assumed: [],
    });
    expect(settings.instructions["tool"]).toEqual({ query: "find: ", document: "text: " });
  });

  it("lets retrieve.json decide before the others", () => {
    const own = {
      format: 1,
      pooling: "last",
      normalize: false,
      maxTokens: { query: 8, document: 99 },
      instructions: "e5",
    };
    const files = { "retrieve.json": own, "modules.json": modules("Transformer", "Pooling", "Dense") };
    const settings = parseSettings(files, config, "model");
    expect(settings).toMatchObject({
      pooling: "last",
      normalize: false,
      maxTokens: { query: 8, document: 64 },
    });
    expect(settings.instructions["qa"]?.query).toBe("query: ");
  });

  it("says what it assumes when no file tells", () => {
    const settings = parseSettings({}, config, "model");
    expect(settings).toMatchObject({
      pooling: "mean",
      normalize: true,
      maxTokens: { query: 64, document: 64 },
    });
    expect(settings.assumed.join()).toMatch(/does not say how it pools.*names no instructions/);
  });

  it("refuses settings that it does not know", () => {
    const dense = { "modules.json": modules("Transformer", "Pooling", "Dense") };
    expect(() => parseSettings(dense, config, "model")).toThrow(
      "what runs here: Transformer, Pooling, Normalize",
    );
    expect(() => parseSettings({ "modules.json": modules("Pooling") }, config, "model")).toThrow(
      "model/1_Pooling/config.json: no such file, and modules.json wants it",
    );
    const max = {
      "modules.json": modules("Pooling"),
      "1_Pooling/config.json": { pooling_mode_max_tokens: true },
    };
    expect(() => parseSettings(max, config, "model")).toThrow('pooling mode is "pooling_mode_max_tokens"');
    expect(() => parseSettings({ "retrieve.json": { format: 2 } }, config, "model")).toThrow(
      "update retrieve-anything",
    );
    const wrong = { "retrieve.json": { format: 1, pooling: "max" } };
    expect(() => parseSettings(wrong, config, "model")).toThrow("wanted one of cls, mean, last as `pooling`");
  });
});

describe("quantization", () => {
  const random = createRandom(1);
  const matrix = (rows: number, columns: number): Tensor =>
    createTensor(
      "float32",
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => normal(random)),
    );

  it("keeps each weight within half a step, by row", () => {
    const weight = matrix(8, 64);
    const { values, scale, error } = quantizeRows(weight, 63);
    for (const [at, value] of values.data.entries()) {
      const step = scale.data[Math.floor(at / 64)] ?? 0;
      expect(Math.abs(value)).toBeLessThanOrEqual(63);
      expect(Math.abs((weight.data[at] as number) - value * step)).toBeLessThanOrEqual(step * 0.5001);
    }
    expect(error).toBeLessThan(0.02);
  });

  it("leaves a matrix with a few large weights in float32, and says so", () => {
    const spiky = matrix(4, 64);
    for (const row of [0, 1, 2, 3]) spiky.data[row * 64] = 400;
    const tables: [string, Tensor][] = [
      ["encoder.layer.0.attention.self.query.weight", matrix(4, 64)],
      ["encoder.layer.0.output.dense.weight", spiky],
      ["embeddings.position_embeddings.weight", matrix(4, 64)],
      [wordTable, matrix(4, 64)],
    ];
    // 4,095 weights of size 1 beside one of 400: the small ones, 16 % of the norm, are lost below a step of 6.
    const loud: [string, Tensor] = ["encoder.layer.1.output.dense.weight", matrix(1, 4096)];
    loud[1].data[0] = 400;
    const { weights, kept } = quantizeWeights(new Map([...tables, loud]));
    expect(kept).toEqual(["encoder.layer.1.output.dense.weight"]);
    expect(weights.get(wordTable)?.dtype).toBe("int8");
    expect(weights.get(`${wordTable}.scale`)?.shape).toEqual([4]);
    expect(weights.get("embeddings.position_embeddings.weight")?.dtype).toBe("float32");
    expect(weights.has("encoder.layer.1.output.dense.weight.scale")).toBe(false);
  });

  it("gives back float32 under the same names", () => {
    const weights = new Map([[wordTable, matrix(4, 8)]]);
    const back = dequantizeWeights(quantizeWeights(weights).weights);
    expect([...back.keys()]).toEqual([wordTable]);
    for (const [at, value] of weights.get(wordTable)!.data.entries()) {
      expect(Number(back.get(wordTable)?.data[at])).toBeCloseTo(Number(value), 1);
    }
  });
});

describe("weights", () => {
  const one = createTensor("float16", [1], Uint16Array.of(0x3c00));

  it("drops the model's prefix and what is not the encoder's, and renews old names", () => {
    const stored = new Map<string, Tensor>([
      [`roberta.${wordTable}`, one],
      ["roberta.embeddings.LayerNorm.gamma", one],
      ["lm_head.bias", one],
    ]);
    expect([...stripPrefix(stored).keys()]).toEqual([wordTable, "embeddings.LayerNorm.weight"]);
    expect(() => stripPrefix(new Map([["lm_head.bias", one]]))).toThrow("no tensor ends in embeddings.word");
  });

  it("converts halves and lists what does not fit", () => {
    const weights = new Map<string, Tensor>([["a", one]]);
    expect(selectWeights(weights, [{ name: "a", shape: [1] }], new Set()).get("a")?.data).toEqual(
      Float32Array.of(1),
    );
    const wanted = [
      { name: "a", shape: [2] },
      { name: "b", shape: [1] },
    ];
    expect(() => selectWeights(weights, wanted, new Set())).toThrow("a is [1], wanted [2]; b is missing");
  });
});

describe("fingerprint", () => {
  const side = { weights: "w", precision: "stored", tokenizer: "t", config, pooling: "mean", normalize: true, maxTokens: 64, instruction: "" } as const; // biome-ignore format: one line

  it("changes with everything on the document side, and with nothing else", () => {
    const changes = [
      { weights: "x" },
      { precision: "int8" as const },
      { tokenizer: "u" },
      { config: { ...config, heads: 2 } },
      { pooling: "cls" as const },
      { normalize: false },
      { maxTokens: 65 },
      { instruction: "passage: " },
    ];
    const all = [{}, ...changes].map((change) => fingerprintOf({ ...side, ...change }));
    expect(new Set(all).size).toBe(all.length);
    const { weights, ...rest } = side;
    expect(fingerprintOf({ ...rest, weights })).toBe(fingerprintOf(side));
  });
});
