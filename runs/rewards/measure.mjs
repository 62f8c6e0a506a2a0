/** One encoder on what its set measures; a line of JSON a model in results.jsonl, none measured twice. */

import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { openEncoder } from "#src/encoder/index.js";
import { evaluateRetrieval } from "#src/eval/index.js";
import { tell } from "../multitask/tell.mjs";
import { exampleText, readLines, spread } from "./rows.mjs";

/** `{ value, queries, best?, mean? }`; rewards have the best and the mean candidate beside them. */
export async function measureModel(set, options) {
  const { variant, model, work, maxQueries } = options;
  const file = join(work, "results.jsonl");
  const known = existsSync(file) ? readLines(file) : [];
  const named = { set: set.name, model, maxQueries };
  const isSame = (result) => Object.entries(named).every(([name, value]) => result[name] === value);
  const found = known.find(isSame);
  if (found !== undefined) return found;
  // The base is asked as it was trained, and so is what was trained.
  const instructions = variant === "base" ? { instructions: "none" } : {};
  const encoder = await openEncoder(model, { ...instructions, precision: "float32" });
  const measured = await measures[set.kind](set, encoder, options).finally(() => encoder.close());
  const result = { ...named, ...measured };
  appendFileSync(file, `${JSON.stringify(result)}\n`);
  tell(`${set.name} ${variant}: ${result.value.toFixed(4)}`);
  return result;
}

const measures = {
  passages: async (set, encoder, { data, work, maxQueries }) => {
    const [{ report }] = await evaluateRetrieval({
      ...{ folder: join(data, set.folder), split: set.part, task: set.task, encoder, methods: ["dense"] },
      ...{ maxQueries, cacheFolder: join(work, "vectors") },
    });
    return { value: report.metrics["nDCG@10"], queries: report.queries };
  },

  examples: async (set, encoder, { data, maxQueries }) => {
    const pool = readLines(join(data, set.folder, "train.jsonl"));
    const asked = spread(readLines(join(data, set.folder, "test.jsonl")), maxQueries);
    const nearest = await nearestOf(
      encoder,
      set.task,
      asked.map(({ input }) => input),
      pool.map(exampleText),
    );
    const right = asked.filter(({ output }, index) => pool[nearest[index]].output === output);
    return { value: right.length / asked.length, queries: asked.length };
  },

  stories: async (set, encoder, { heldOutRows }) => {
    const rows = readLines(heldOutRows);
    const values = [];
    for (const { query, pos, neg, teacher_scores: scores } of rows) {
      const [nearest] = await nearestOf(encoder, set.task, [query], [...pos, ...neg]);
      values.push({ own: scores[nearest], best: Math.max(...scores), mean: meanOf(scores) });
    }
    const of = (pick) => meanOf(values.map(pick));
    return {
      value: of(({ own }) => own),
      best: of(({ best }) => best),
      mean: of(({ mean }) => mean),
      queries: rows.length,
    };
  },
};

/** The place of the nearest document of each query. */
async function nearestOf(encoder, task, queries, documents) {
  const asked = await encoder.encodeQueries(queries, { task });
  const vectors = await encoder.encodeDocuments(documents, { task });
  return asked.map((query) => {
    const scores = vectors.map((vector) => vector.reduce((sum, value, axis) => sum + value * query[axis], 0));
    return scores.indexOf(Math.max(...scores));
  });
}

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
