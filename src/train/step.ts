/**
 * The gradient of one batch: groups of texts to embeddings, embeddings to a loss, and the loss's gradients back into the
 * encoder. Texts that occur twice are encoded once. Knows no data files and no optimizer.
 */

import type { Group } from "../dataset/index.ts";
import type { Side } from "../encoder/index.ts";
import type { Pass } from "./chunks.ts";
import {
  falseNegatives,
  type Loss,
  type LossBatch,
  type LossResult,
  taskBatch,
  weightedSum,
} from "./losses/index.ts";
import { addRows, type Matrix, pickRows } from "./matrix.ts";
import type { Trainable } from "./trainable.ts";

/** A group with what decides how it is encoded and judged. */
export interface TrainingItem {
  readonly task: string;
  readonly loss: Loss;
  readonly group: Group;
}

export interface StepContext {
  readonly trainable: Trainable;
  /** The ids of a text with its instruction, cut to the length of its side. */
  readonly tokenize: (text: string, task: string, side: Side) => Int32Array;
  /** Vectors of documents that do not train. Absent: documents are encoded and trained as queries are. */
  readonly frozenDocuments?: (rows: readonly Int32Array[]) => Promise<Matrix>;
  /** Whether keys that answer a query are no negatives of it. */
  readonly maskFalseNegatives: boolean;
}

export interface BatchLoss {
  /** Mean over the queries; NaN, and no gradients, where an embedding is not finite. */
  readonly loss: number;
  /** The same for each task of the batch. */
  readonly losses: Readonly<Record<string, number>>;
  /** Tokens that were encoded, padding not counted. */
  readonly tokens: number;
}

/** Adds the gradients of `scale` times the loss of a batch to those of the arena. */
export async function accumulateBatch(
  items: readonly TrainingItem[],
  context: StepContext,
  pass: Pass,
  scale = 1,
): Promise<BatchLoss> {
  const texts = gatherTexts(items, context);
  const { trainable, frozenDocuments } = context;
  const embedded = await trainable.embed(texts.trained, pass);
  const frozen = await frozenDocuments?.(texts.frozen);
  const tokens = [...texts.trained, ...texts.frozen].reduce((sum, { length }) => sum + length, 0);
  if (!embedded.data.every(Number.isFinite)) return { loss: Number.NaN, losses: {}, tokens };
  const keys = frozen === undefined ? pickRows(embedded, texts.keys) : pickRows(frozen, texts.keys);
  const batch = lossBatch(items, pickRows(embedded, texts.queries), keys, context.maskFalseNegatives);
  const { result, losses } = judge(items, batch);

  const cotangents = { ...embedded, data: new Float32Array(embedded.data.length) };
  addRows(cotangents, { ...batch.queries, data: result.queryGradient }, texts.queries, scale);
  if (frozen === undefined) {
    addRows(cotangents, { ...batch.keys, data: result.keyGradient }, texts.keys, scale);
  }
  await trainable.backward(texts.trained, cotangents, pass);
  return { loss: result.value, losses, tokens };
}

/** The distinct texts of a batch as token rows, and where each query and key is among them. */
export interface BatchRows {
  readonly trained: readonly Int32Array[];
  readonly frozen: readonly Int32Array[];
  /** [B], into `trained` */
  readonly queries: readonly number[];
  /** [K], into `frozen` where documents are, else into `trained` */
  readonly keys: readonly number[];
}

/** The rows that a batch is encoded as. */
export function gatherTexts(
  items: readonly TrainingItem[],
  { tokenize, frozenDocuments }: Pick<StepContext, "tokenize" | "frozenDocuments">,
): BatchRows {
  const trained = distinctRows();
  const frozen = frozenDocuments === undefined ? trained : distinctRows();
  const add = (to: typeof trained, { task }: TrainingItem, side: Side, text: string): number =>
    to.add(`${side}\n${task}\n${text}`, () => tokenize(text, task, side));
  const queries = items.map((item) => add(trained, item, "query", item.group.query));
  const keys = items.flatMap((item) => item.group.keys.map((text) => add(frozen, item, "document", text)));
  return { trained: trained.rows, frozen: frozen === trained ? [] : frozen.rows, queries, keys };
}

function distinctRows(): { readonly rows: Int32Array[]; add(key: string, make: () => Int32Array): number } {
  const rows: Int32Array[] = [];
  const places = new Map<string, number>();
  return {
    rows,
    add(key, make) {
      const known = places.get(key);
      if (known !== undefined) return known;
      places.set(key, rows.length);
      return rows.push(make()) - 1;
    },
  };
}

function lossBatch(items: readonly TrainingItem[], queries: Matrix, keys: Matrix, mask: boolean): LossBatch {
  const starts = new Int32Array(items.length + 1);
  for (const [at, { group }] of items.entries()) starts[at + 1] = (starts[at] ?? 0) + group.keys.length;
  const teacherScores = Float32Array.from(
    items.flatMap(({ group }) => group.teacherScores ?? group.keys.map(() => Number.NaN)),
  );
  const texts = {
    starts,
    queries: items.map(({ group }) => group.query),
    keys: items.flatMap(({ group }) => group.keys),
    positives: items.map(({ group }) => group.positives),
  };
  return { queries, keys, starts, teacherScores, ...(mask && { ignored: falseNegatives(texts) }) };
}

/** Each task by its own loss, the keys of the others being negatives; the mean over all queries. */
function judge(
  items: readonly TrainingItem[],
  batch: LossBatch,
): { readonly result: LossResult; readonly losses: Record<string, number> } {
  const byTask = new Map<string, number[]>();
  for (const [at, { task }] of items.entries()) byTask.set(task, [...(byTask.get(task) ?? []), at]);
  const results = [...byTask].map(([task, members]) => {
    const loss = items[members[0] ?? 0]?.loss as Loss;
    const part = byTask.size === 1 ? undefined : taskBatch(batch, members);
    const result = part === undefined ? loss(batch) : part.expand(loss(part.batch));
    return { task, result, weight: members.length / items.length };
  });
  const losses = Object.fromEntries(results.map(({ task, result }) => [task, result.value]));
  const [only] = results;
  return { result: results.length === 1 && only ? only.result : weightedSum(results), losses };
}
