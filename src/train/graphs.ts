/**
 * The two graphs of training: texts to embeddings, and the gradients of the parameters given those of the embeddings.
 * All weights are inputs, so that a step changes them in place. Pure: knows no sessions and no losses.
 *
 * The loss lies between the two, outside of any graph; so each chunk of a batch is run forward, then once more with its
 * gradients: GradCache (Gao et al., arXiv 2101.06983). Memory is bounded by a chunk, whatever the batch.
 */

import { type LowRank, type Pooling, type TransformerConfig, traceTransformer } from "../encoder/index.ts";
import {
  createGraph,
  type Graph,
  gradients,
  inOrder,
  input,
  parameter,
  type Value,
  type Variable,
} from "../graph/index.ts";
import { RetrieveError } from "../std/index.ts";

export interface TrainingGraphsOptions {
  readonly pooling: Pooling;
  readonly normalize: boolean;
  /** Whether there are masks to multiply by. */
  readonly dropout: boolean;
  readonly lora?: LowRank;
  /** Whether what the backward graph needs of the forward pass comes from it, instead of being computed again. */
  readonly keep: boolean;
  /** Whether a parameter, by its name, gets a gradient. */
  readonly trains: (name: string) => boolean;
}

export interface TrainingGraphs {
  /** `input_ids`, `attention_mask` -> `embedding` [B, H]. */
  readonly forward: Graph;
  /**
   * `input_ids`, `attention_mask`, `cotangent` [B, H] -> `gradient NAME` of each parameter that trains but the tables,
   * and for these {@link rowGradient} and {@link tokenPlaces}.
   */
  readonly backward: Graph;
  /** Outputs of the forward graph that the backward graph takes: none unless they are to be kept. */
  readonly kept: readonly string[];
  /** All parameters of the encoder, those of low-rank adapters included. */
  readonly parameters: readonly Variable[];
  /** The masks of both graphs, in their order. */
  readonly masks: readonly Variable[];
  /** The tables that train. */
  readonly tables: readonly Table[];
}

/** The rows of a token in the three tables have one gradient: that of their sum. */
export const rowGradient = "gradient rows";
/** The row of the position table that each token takes. */
export const tokenPlaces = "places";

/** Tables that tokens look their rows up in, and by what: `type` is row 0 for every token. */
const tables = {
  "embeddings.word_embeddings.weight": "id",
  "embeddings.position_embeddings.weight": "place",
  "embeddings.token_type_embeddings.weight": "type",
} as const;

export interface Table {
  readonly name: string;
  readonly by: "id" | "place" | "type";
}

/** The name of the output that holds a parameter's gradient. */
export function gradientName(parameterName: string): string {
  return `gradient ${parameterName}`;
}

/** Builds both graphs. Throws `invalid_argument` when nothing trains. */
export function buildTrainingGraphs(
  config: TransformerConfig,
  { trains, keep, ...options }: TrainingGraphsOptions,
): TrainingGraphs {
  const trace = traceTransformer(config, options);
  const { ids, mask, dropout, lookedUp, places, embedding } = trace;
  const inputs = [ids, mask, ...dropout];
  const { parameters } = createGraph({ inputs, outputs: { embedding } });
  const trained = parameters.filter(({ name }) => trains(name));
  if (trained.length === 0) {
    throw new RetrieveError("invalid_argument", "training: no parameter is chosen to train; choose some");
  }
  const found = Object.entries(tables).map(([name, by]) => ({ name, by }));
  const trainedTables = found.filter(({ name }) => trains(name));
  const others = trained.filter(({ name }) => !(name in tables));

  const cotangent = input("cotangent", "float32", embedding.shape);
  const by = others.map(({ name, shape }) => parameter(name, "float32", shape.map(Number)));
  const [rows, ...results] = gradients([{ value: embedding, cotangent }], [lookedUp, ...by]);
  const outputs = {
    ...Object.fromEntries(
      others.flatMap(({ name }, at) => {
        const result = results[at];
        return result === undefined ? [] : [[gradientName(name), result]];
      }),
    ),
    ...(rows !== undefined && trainedTables.length > 0 && { [rowGradient]: rows, [tokenPlaces]: places }),
  };
  const given = keep ? activations(embedding, Object.values(outputs)) : {};
  const forward = createGraph({ inputs, outputs: { embedding, ...given } });
  const backward = createGraph({ inputs: [...inputs, cotangent], outputs, given });
  return {
    forward,
    backward,
    kept: Object.keys(given),
    parameters,
    masks: forward.inputs.slice(2),
    tables: trainedTables,
  };
}

/**
 * What computing `results` uses of the way to `embedding`, as far as it is dear to compute again: products with weights.
 * Taking a value out of a session costs as much as a few cheap operators, so these run again from what is kept.
 */
function activations(embedding: Value, results: readonly Value[]): Record<string, Value> {
  const forward = inOrder([embedding]);
  const isForward = new Set(forward);
  const onIds = onInputs(forward);
  const dear = productsWithWeights(forward, onIds);
  const needed = new Set(
    inOrder(results)
      .filter((value) => !isForward.has(value))
      .flatMap(operandsOf)
      .filter((value) => value !== embedding && isForward.has(value)),
  );
  const kept = new Set<Value>();
  for (const value of needed) {
    if (dear.has(value)) kept.add(value);
    else for (const operand of operandsOf(value)) needed.add(operand); // a set hands out what is added on the way
  }
  return Object.fromEntries([...kept].map((value, at) => [`kept ${at}`, value]));
}

/** Products of what texts decide with what they do not, and sums that hold one: they are as large and save the sum. */
function productsWithWeights(order: readonly Value[], onIds: ReadonlySet<Value>): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const value of order) {
    const { source } = value;
    if (source.kind !== "computed" || !onIds.has(value)) continue;
    const { operator, operands } = source;
    const isProduct = operator === "matmul" && operands.some((one) => !onIds.has(one));
    if (isProduct || (operator === "add" && operands.some((one) => found.has(one)))) found.add(value);
  }
  return found;
}

function operandsOf({ source }: Value): readonly Value[] {
  return source.kind === "computed" ? source.operands : [];
}

/** The values that are computed from an input. */
function onInputs(order: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const value of order) {
    if (value.source.kind === "input" || operandsOf(value).some((one) => found.has(one))) found.add(value);
  }
  return found;
}
