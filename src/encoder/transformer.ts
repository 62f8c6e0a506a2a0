/**
 * The transformer encoders BERT (arXiv 1810.04805), RoBERTa (arXiv 1907.11692) and XLM-RoBERTa (arXiv 1911.02116) as
 * one graph, pooling included. Knows no files: parameters have the names of Hugging Face, without the model's prefix.
 *
 * B batch · T tokens · H hidden · N heads · D = H / N · F intermediate · V vocabulary · P positions
 */

import {
  add,
  cast,
  concat,
  createGraph,
  div,
  exp,
  type Graph,
  gather,
  gelu,
  input,
  layerNorm,
  matmul,
  maximum,
  mul,
  neg,
  parameter,
  quantize,
  quantizedMatmul,
  reduceMax,
  reduceMin,
  relu,
  reshape,
  scalar,
  softmax,
  sub,
  transpose,
  unsqueeze,
  type Value,
} from "../graph/index.ts";
import { RetrieveError } from "../std/index.ts";
import { normalize, type Pooling, placesOf, pool } from "./pooling.ts";

/** Sizes and choices of a model, from its config.json. */
export interface TransformerConfig {
  /** `roberta`, which is XLM-RoBERTa too, counts positions from `paddingId + 1`; `bert` from 0. */
  readonly architecture: "bert" | "roberta";
  readonly layers: number;
  readonly heads: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly tokenTypes: number;
  readonly layerNormEpsilon: number;
  readonly activation: "gelu" | "gelu_tanh" | "relu";
  readonly paddingId: number;
}

/** How an encoder is computed; what only training needs is off by default. */
export interface TraceOptions {
  readonly pooling: Pooling;
  /** Whether the embedding has length 1. */
  readonly normalize: boolean;
  /** Names of the weight matrices that are stored as int8 codes with `NAME.scale`, one float32 a row. */
  readonly int8?: ReadonlySet<string>;
  /** Whether values are multiplied by masks that each run is given, at the four places where BERT drops out. */
  readonly dropout?: boolean;
  /** Matrices that are adapted: x Wᵀ becomes x Wᵀ + scale · x Aᵀ Bᵀ (LoRA, arXiv 2106.09685, section 4.1). */
  readonly lora?: LowRank;
}

/** The parameters `NAME.lora_A` [rank, in] and `NAME.lora_B` [out, rank], named as PEFT names them. */
export interface LowRank {
  readonly rank: number;
  /** alpha / rank. */
  readonly scale: number;
  /** Whether the matrix NAME is adapted. */
  readonly adapts: (name: string) => boolean;
}

/** The values of an encoder, for graphs that end elsewhere than at its embedding. */
export interface TransformerTrace {
  readonly ids: Value /* int64 [B, T] */;
  readonly mask: Value /* int64 [B, T] */;
  /** Inputs of dropout, float32, in the order of use: `dropout.embeddings`, `dropout.0.attention`, … */
  readonly dropout: readonly Value[];
  /** The row of the position table that each token takes, int64 [B, T]. */
  readonly places: Value;
  /** The sum of the rows that were looked up for each token, before it is normalised [B, T, H]. */
  readonly lookedUp: Value;
  readonly hidden: Value /* [B, T, H] */;
  readonly embedding: Value /* [B, H] */;
}

export interface TransformerOptions extends TraceOptions {
  /** `hidden` is the vectors of the tokens. Default `embedding`. */
  readonly outputs?: "embedding" | "hidden" | "both";
}

/**
 * The graph of an encoder: `input_ids` and `attention_mask` int64 [B, T] to `embedding` float32 [B, H] and, if
 * asked for, `hidden` float32 [B, T, H]. What padding holds does not matter, on either side.
 *
 * With int8 weights each token's vector is scaled to 8 bits by itself, so that a text's embedding does not depend
 * on its neighbours in the batch; sums of products are exact, see `quantizedMatmul`. Softmax and layer
 * normalisation stay in float32. Throws `invalid_argument` when the heads do not divide the hidden size.
 */
export function buildTransformer(config: TransformerConfig, options: TransformerOptions): Graph {
  const { ids, mask, dropout, hidden, embedding } = traceTransformer(config, options);
  const wanted = { embedding: { embedding }, hidden: { hidden }, both: { embedding, hidden } };
  return createGraph({ inputs: [ids, mask, ...dropout], outputs: wanted[options.outputs ?? "embedding"] });
}

/** The computation of {@link buildTransformer}, with the values on the way. */
export function traceTransformer(config: TransformerConfig, options: TraceOptions): TransformerTrace {
  if (config.hidden % config.heads !== 0) {
    throw new RetrieveError(
      "invalid_argument",
      `transformer: hidden size ${config.hidden} is not a multiple of ${config.heads} heads`,
    );
  }
  const { int8 = new Set(), lora } = options;
  const ids = input("input_ids", "int64", ["B", "T"]);
  const mask = input("attention_mask", "int64", ["B", "T"]);
  const dropout: Value[] = [];
  const drop = (site: string, x: Value): Value => {
    if (options.dropout !== true) return x;
    const kept = input(`dropout.${site}`, "float32", x.shape);
    dropout.push(kept);
    return mul(x, kept);
  };

  const places = placeIds(config, mask); // [B, T]
  const lookedUp = lookUpAll(config, ids, places, int8); // [B, T, H]
  let hidden = drop("embeddings", norm(config, "embeddings.LayerNorm", lookedUp)); // [B, T, H]
  const bias = attentionBias(mask); // [B, 1, 1, T]
  const zero = zeroCodes(mask); // [B, T, 1]
  const present = presence(mask); // [B, 1, T, 2]
  for (let layer = 0; layer < config.layers; layer++) {
    const block: Block = {
      config,
      int8,
      lora,
      zero,
      present,
      prefix: `encoder.layer.${layer}`,
      drop: (site, x) => drop(`${layer}.${site}`, x),
    };
    hidden = feedForward(block, attention(block, hidden, bias)); // [B, T, H]
  }

  const pooled = pool(hidden, mask, options.pooling); // [B, H]
  const embedding = options.normalize ? normalize(pooled) : pooled; // [B, H]
  return { ids, mask, dropout, places, lookedUp, hidden, embedding };
}

/** One layer: where its weights are and how they are stored, and what dropout does in it. */
interface Block {
  readonly config: TransformerConfig;
  readonly int8: ReadonlySet<string>;
  readonly lora: LowRank | undefined;
  /** The code of 0 for each token, where weights are int8. */
  readonly zero: Value /* uint8 [B, T, 1] */;
  /** 1 for each token and 0 for padding, twice, to sum over tokens, where weights are int8. */
  readonly present: Value /* [B, 1, T, 2] */;
  readonly prefix: string;
  readonly drop: (site: string, x: Value) => Value;
}

function lookUpAll(config: TransformerConfig, ids: Value, places: Value, int8: ReadonlySet<string>): Value {
  const { hidden, vocabulary, positions, tokenTypes } = config;
  const words = lookUp("embeddings.word_embeddings.weight", [vocabulary, hidden], ids, int8); // [B, T, H]
  const place = lookUp("embeddings.position_embeddings.weight", [positions, hidden], places, int8); // [B, T, H]
  const types = parameter("embeddings.token_type_embeddings.weight", "float32", [tokenTypes, hidden]);
  const type = gather(types, scalar(0, ids)); // [H]; every token is of type 0
  return add(add(words, place), type); // [B, T, H]
}

/** Rows of the position table. Padding gets a row that exists; what it holds is never looked at. */
function placeIds({ architecture, paddingId }: TransformerConfig, mask: Value): Value {
  const places = placesOf(mask); // [B, T]; from 1, padding 0
  if (architecture === "roberta") return add(places, scalar(paddingId, places)); // [B, T]
  return sub(maximum(places, scalar(1, places)), scalar(1, places)); // [B, T]
}

/** 0 where a token may be attended to, a number that softmax takes to 0 elsewhere. */
function attentionBias(mask: Value): Value {
  const kept = cast(mask, "float32"); // [B, T]
  const bias = mul(sub(kept, scalar(1, kept)), scalar(1e9, kept)); // [B, T]
  return unsqueeze(bias, [1, 2]); // [B, 1, 1, T]
}

/** 128 for every token: the zero point that `quantizedMatmul` takes off, uint8. */
function zeroCodes(mask: Value): Value {
  const codes = add(mul(mask, scalar(0, mask)), scalar(128, mask)); // [B, T]
  return unsqueeze(cast(codes, "uint8"), [2]); // [B, T, 1]
}

/** Two columns that say which tokens are no padding. */
function presence(mask: Value): Value {
  const column = unsqueeze(cast(mask, "float32"), [1, 3]); // [B, 1, T, 1]
  return concat(column, column, -1); // [B, 1, T, 2]
}

function attention(block: Block, hidden: Value, bias: Value): Value {
  const { heads, hidden: width } = block.config;
  const size = width / heads;
  const project = linear(block, hidden);
  const split = (name: string, order: readonly number[]): Value => {
    const projected = project(`attention.self.${name}`, width); // [B, T, H]
    return transpose(reshape(projected, ["B", "T", heads, size]), order);
  };
  const query = split("query", [0, 2, 1, 3]); // [B, N, T, D]
  const key = split("key", [0, 2, 3, 1]); // [B, N, D, T]
  const value = split("value", [0, 2, 1, 3]); // [B, N, T, D]

  const scaled = mul(query, scalar(1 / Math.sqrt(size), query)); // [B, N, T, D]
  const scores = add(matmul(scaled, key), bias); // [B, N, T, T]
  const attended =
    block.int8.size > 0
      ? attendExactly(scores, value, block.present)
      : matmul(block.drop("attention", softmax(scores, -1)), value); // [B, N, T, D]
  const mixed = transpose(attended, [0, 2, 1, 3]); // [B, T, N, D]
  const joined = reshape(mixed, ["B", "T", width]); // [B, T, H]
  const output = block.drop("attention.output", linear(block, joined)("attention.output.dense", width)); // [B, T, H]
  return norm(block.config, `${block.prefix}.attention.output.LayerNorm`, add(output, hidden)); // [B, T, H]
}

/**
 * softmax(scores) value, with the same bits on every x86 processor with AVX2 and under any padding: scaling to 8 bits
 * makes a last bit that differs into one code in 127. ONNX Runtime's softmax adds a row in an order that goes by the
 * processor, and its sum in one that goes by T; a product of more than one column adds one key after the other.
 */
function attendExactly(scores: Value, value: Value, present: Value): Value {
  const weights = exp(sub(scores, reduceMax(scores, [-1], { keep: true }))); // [B, N, T, T]
  const sums = reduceMax(matmul(weights, present), [-1], { keep: true }); // [B, N, T, 1]; both columns are the sum
  return div(matmul(weights, value), sums); // [B, N, T, D]
}

function feedForward(block: Block, hidden: Value): Value {
  const { intermediate, hidden: width, activation } = block.config;
  const inner = activate(linear(block, hidden)("intermediate.dense", intermediate), activation); // [B, T, F]
  const output = block.drop("output", linear(block, inner)("output.dense", width)); // [B, T, H]
  return norm(block.config, `${block.prefix}.output.LayerNorm`, add(output, hidden)); // [B, T, H]
}

function activate(x: Value, activation: TransformerConfig["activation"]): Value {
  switch (activation) {
    case "gelu":
      return gelu(x);
    case "gelu_tanh":
      return gelu(x, "tanh");
    case "relu":
      return relu(x);
  }
}

function norm(config: TransformerConfig, name: string, x: Value): Value {
  const weight = parameter(`${name}.weight`, "float32", [config.hidden]);
  const bias = parameter(`${name}.bias`, "float32", [config.hidden]);
  return layerNorm(x, weight, bias, config.layerNormEpsilon); // [B, T, H]
}

/** Projections of x: x Wᵀ + b, for W [out, in]. Those with int8 weights share the codes of x. */
function linear({ prefix, int8, lora, zero }: Block, x: Value): (name: string, out: number) => Value {
  const width = x.shape.at(-1);
  if (typeof width !== "number") throw new RetrieveError("internal", "transformer: a width is unknown");
  let coded: ReturnType<typeof quantizeRows> | undefined;
  return (name, out) => {
    const full = `${prefix}.${name}.weight`;
    const bias = parameter(`${prefix}.${name}.bias`, "float32", [out]);
    if (!int8.has(full)) {
      const weight = parameter(full, "float32", [out, width]);
      const product = matmul(x, transpose(weight, [1, 0])); // [B, T, out]
      return add(lora?.adapts(full) ? add(product, lowRank(x, full, out, lora)) : product, bias); // [B, T, out]
    }
    coded ??= quantizeRows(x, zero);
    const weight = transpose(parameter(full, "int8", [out, width]), [1, 0]); // [in, out]
    const scale = parameter(`${full}.scale`, "float32", [out]);
    return add(mul(quantizedMatmul(coded.codes, weight, scale), coded.scale), bias); // [B, T, out]
  };
}

/** scale · x Aᵀ Bᵀ. */
function lowRank(x: Value, name: string, out: number, { rank, scale }: LowRank): Value {
  const down = parameter(`${name}.lora_A`, "float32", [rank, Number(x.shape.at(-1))]);
  const up = parameter(`${name}.lora_B`, "float32", [out, rank]);
  const reduced = mul(matmul(x, transpose(down, [1, 0])), scalar(scale, x)); // [B, T, rank]
  return matmul(reduced, transpose(up, [1, 0])); // [B, T, out]
}

/** x = (codes - zero) · scale, with one scale a token: its greatest magnitude is 127. */
function quantizeRows(
  x: Value /* [B, T, K] */,
  zero: Value /* [B, T, 1] */,
): { readonly codes: Value /* [B, T, K] */; readonly scale: Value /* [B, T, 1] */ } {
  // Both read x only: taking magnitudes first would write as much once more.
  const [high, low] = [reduceMax(x, [-1], { keep: true }), reduceMin(x, [-1], { keep: true })]; // [B, T, 1]
  const greatest = maximum(maximum(high, neg(low)), scalar(1e-12, x)); // [B, T, 1]
  const scale = mul(greatest, scalar(1 / 127, x)); // [B, T, 1]
  return { codes: quantize(x, scale, zero), scale };
}

/** Rows of a table, which may be stored as int8 codes with a scale a row. */
function lookUp(
  name: string,
  shape: readonly [number, number],
  ids: Value,
  int8: ReadonlySet<string>,
): Value {
  if (!int8.has(name)) return gather(parameter(name, "float32", shape), ids); // [B, T, H]
  const codes = gather(parameter(name, "int8", shape), ids); // [B, T, H]
  const scale = gather(parameter(`${name}.scale`, "float32", [shape[0]]), ids); // [B, T]
  return mul(cast(codes, "float32"), unsqueeze(scale, [2])); // [B, T, H]
}
