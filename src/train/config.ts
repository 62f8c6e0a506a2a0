/**
 * What a training run is told: one object for the library, the command line and a configuration file. Here it is
 * checked and completed; nothing is opened.
 */

import { z } from "zod";
import { nearest, RetrieveError } from "../std/index.ts";
import type { BatchMethod } from "./batches/index.ts";
import type { MatryoshkaPart } from "./losses/index.ts";
import type { Schedule } from "./schedule.ts";
import type { LossTerm, SettingsSet, TaskSettings } from "./settings.ts";

export interface TrainConfig {
  /** Files of training rows; one that is named twice is two data sets, and so counts double. */
  readonly data: readonly string[];
  /** The encoder to begin with: a bundled name, a folder or a hub id. */
  readonly base: string;
  /** The folder that becomes the model. */
  readonly out: string;
  /** Optimizer updates. */
  readonly steps?: number;
  /** Queries an update, over all of its accumulation. */
  readonly batchSize?: number;
  /** An update is made of so many batches, each with its own in-batch negatives. */
  readonly accumulation?: number;
  /** Texts that a query is compared with of its own: one positive, the others negatives. */
  readonly groupSize?: number;
  /** At its height. Default 5e-5; 1e-3 for a linear adapter of the query side. */
  readonly learningRate?: number;
  readonly schedule?: Schedule;
  /** Share of the steps in which the learning rate rises from 0. */
  readonly warmup?: number;
  readonly weightDecay?: number;
  /** The longest gradient, over all parameters; longer ones are shortened. 0: any length. */
  readonly clip?: number;
  /** Divides the similarities in every loss. */
  readonly temperature?: number;
  /** The probability that a value is dropped in training. */
  readonly dropout?: number;
  /**
   * Token limits of training, instruction included, at most the model's own. The model keeps its own, and so do
   * documents that do not train.
   */
  readonly maxTokens?: { readonly query: number; readonly document: number };
  /** The instruction set of the result, by name or as pairs by task; default the base's, `llm-embedder` for a base without. */
  readonly instructions?:
    | string
    | Readonly<Record<string, { readonly query: string; readonly document: string }>>;
  /** Which settings tasks have. */
  readonly settings?: SettingsSet;
  /** Settings that replace those of the set, by task. */
  readonly tasks?: Readonly<Record<string, Partial<TaskSettings>>>;
  /** How batches are drawn from the data sets: `off` mixes them, the others do not. */
  readonly batches?: BatchMethod;
  /** Whether texts that answer a query are kept from being its in-batch negatives. */
  readonly maskFalseNegatives?: boolean;
  /** Whether tasks that lag behind learn faster (our reading of the paper's later version). */
  readonly selfPaced?: boolean;
  /** Steps between two checkpoints; an evaluation follows each. 0: the last step alone. */
  readonly saveSteps?: number;
  /** The metric, of those that the evaluation gives, that chooses the best checkpoint; higher is better. */
  readonly metric?: string;
  /** Training ends after so many evaluations without a better one. 0: never. */
  readonly patience?: number;
  readonly seed?: number;
  /**
   * What moves. `encoder`: all of it, or its adapters with `lora`. `query`: the query side, documents keep their vectors;
   * a linear map of the query's vector, or with `lora` adapters that queries alone go through.
   */
  readonly train?: "encoder" | "query";
  /** Low-rank adapters instead of whole matrices, merged at the end. */
  readonly lora?: LoraConfig | null;
  /** Parameters that are trained otherwise than the rest; the first group that fits a name counts. */
  readonly parameterGroups?: readonly ParameterGroup[];
  /** Lengths that embeddings should also be good at when they are cut, each with its weight in the loss. */
  readonly matryoshka?: readonly MatryoshkaPart[];
  readonly chunkTokens?: number;
  /** Whether a step keeps what it computes on the way to the embeddings, instead of computing it twice. */
  readonly keepActivations?: boolean;
  /** Cores; default all. */
  readonly threads?: number | null;
  /** Execution provider. */
  readonly device?: string;
}

export interface ParameterGroup {
  /** A part of the names that it is about, such as `embeddings.` or `layer.0.`. */
  readonly match: string;
  /** A factor on the learning rate. Default 1. */
  readonly learningRate?: number;
  /** Whether it decays. Default: unless it is a bias or of a normalisation. */
  readonly decay?: boolean;
  /** Whether it stays as it is. Default false. */
  readonly frozen?: boolean;
}

export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  /** Ends of the names of the matrices that are adapted. */
  readonly targets: readonly string[];
}

/** A configuration with every choice made, but for instructions, which depend on the base. */
export type RunConfig = Required<Omit<TrainConfig, "instructions">> & Pick<TrainConfig, "instructions">;

const defaults = {
  steps: 1000,
  batchSize: 32,
  accumulation: 1,
  groupSize: 4,
  learningRate: 5e-5,
  schedule: "linear",
  warmup: 0.1,
  weightDecay: 0.01,
  clip: 1,
  temperature: 0.05,
  dropout: 0,
  maxTokens: { query: 128, document: 128 },
  settings: "paper",
  tasks: {},
  batches: "epoch",
  maskFalseNegatives: true,
  selfPaced: false,
  saveSteps: 100,
  metric: "nDCG@10",
  patience: 0,
  seed: 42,
  train: "encoder",
  lora: null,
  parameterGroups: [],
  matryoshka: [],
  chunkTokens: 1024,
  keepActivations: false,
  threads: null,
  device: "cpu",
} satisfies Partial<TrainConfig>;

const count = z.int().positive();
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const weight = { weight: positive.optional() };
const lossTerm: z.ZodType<LossTerm> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("contrastive"), ...weight }),
  z.strictObject({
    kind: z.literal("distillation"),
    ...weight,
    teacherTemperature: positive,
    studentTemperature: positive.optional(),
  }),
  z.strictObject({
    kind: z.literal("stabilised"),
    ...weight,
    alpha: positive,
    order: z.enum(["reward", "reference"]),
  }),
  z.strictObject({ kind: z.literal("marginMse"), ...weight, temperature: positive.optional() }),
]) as z.ZodType<LossTerm>; // optional fields are absent here, and perhaps undefined to zod

const task = z.strictObject({
  positive: z.enum(["first", "random", "teacher", "teacher-pos"]).optional(),
  negative: z.enum(["random", "first", "teacher+", "teacher-", "stratified"]).optional(),
  losses: z.array(lossTerm).min(1).optional(),
  minScore: z.number().optional(),
  minSpread: z.number().min(0).optional(),
  maxRows: count.optional(),
});

const parameterGroup = z.strictObject({
  match: z.string().min(1),
  learningRate: positive.optional(),
  decay: z.boolean().optional(),
  frozen: z.boolean().optional(),
});

const pair = z.strictObject({ query: z.string(), document: z.string() });

const schema = z.strictObject({
  data: z.array(z.string().min(1)).min(1),
  base: z.string().min(1),
  out: z.string().min(1),
  steps: count,
  batchSize: count,
  accumulation: count,
  groupSize: count,
  learningRate: positive,
  schedule: z.enum(["constant", "linear", "cosine"]),
  warmup: share,
  weightDecay: z.number().min(0),
  clip: z.number().min(0),
  temperature: positive,
  dropout: z.number().min(0).lt(1),
  maxTokens: z.strictObject({ query: count, document: count }),
  instructions: z.union([z.string(), z.record(z.string(), pair)]).optional(),
  settings: z.enum(["paper", "reference", "contrastive"]),
  tasks: z.record(z.string(), task),
  batches: z.enum(["epoch", "epoch-static", "epoch-random", "random", "off"]),
  maskFalseNegatives: z.boolean(),
  selfPaced: z.boolean(),
  saveSteps: z.int().min(0),
  metric: z.string().min(1),
  patience: z.int().min(0),
  seed: z.int().min(0),
  train: z.enum(["encoder", "query"]),
  lora: z
    .strictObject({ rank: count, alpha: positive, targets: z.array(z.string().min(1)).min(1) })
    .nullable(),
  parameterGroups: z.array(parameterGroup),
  matryoshka: z.array(z.strictObject({ dimensions: count, weight: positive })),
  chunkTokens: count,
  keepActivations: z.boolean(),
  threads: count.nullable(),
  device: z.string().min(1),
});

/**
 * Checks a configuration, wherever it came from, and makes every choice that it leaves open. `place` is the file that
 * it stands in, for errors.
 *
 * Throws `invalid_argument` with the first fault: what was got, what was wanted, and the nearest name of an unknown key.
 */
export function resolveConfig(given: unknown, place = "training"): RunConfig {
  const named = isObject(given) ? present(given) : undefined;
  const completed = named === undefined ? given : { ...defaults, ...rateOf(named), ...named };
  const { data, error } = schema.safeParse(completed);
  if (error !== undefined) throw invalid(place, error.issues[0]);
  if (data.batchSize % data.accumulation !== 0) {
    throw fault(place, `batchSize ${data.batchSize} is not a multiple of accumulation ${data.accumulation}`);
  }
  return data as RunConfig;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** One matrix behind the encoder wants longer steps than those in it; measured in the log of experiments. */
function rateOf({ train, lora = null }: Readonly<Record<string, unknown>>): Partial<TrainConfig> {
  return train === "query" && lora === null ? { learningRate: 1e-3 } : {};
}

/** What is undefined is left open, like what is absent. */
function present(given: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function invalid(place: string, issue: z.core.$ZodIssue | undefined): RetrieveError {
  if (issue === undefined) return fault(place, "it is not a configuration");
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") {
    const name = path.length === 0 ? "the configuration" : path.join(".");
    return fault(place, `${name}: ${issue.message}`);
  }
  const [unknown = ""] = issue.keys;
  const known =
    path.length === 0 ? Object.keys(schema.shape) : Object.keys(path[0] === "tasks" ? task.shape : {});
  const near = nearest(unknown, known);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return fault(place, `there is no setting ${[...path, unknown].join(".")}${hint}`);
}

function fault(place: string, problem: string): RetrieveError {
  return new RetrieveError("invalid_argument", `${place}: ${problem}`);
}
