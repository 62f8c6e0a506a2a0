/** One encoder on every dev and test part, by dense and hybrid search; a line of JSON a part, none measured twice. */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openEncoder } from "#src/encoder/index.js";
import { evaluateMemory, evaluateRetrieval } from "#src/eval/index.js";
import { progressOf, tell } from "./tell.mjs";

/** The results of `model` on the parts of `sets`, in their order. */
export async function evaluateModel(name, model, { sets, data, work, instructions, maxQueries }) {
  const file = join(work, "results.jsonl");
  const key = (result) =>
    [result.model, result.instructions, result.set, result.part, result.maxQueries].join();
  const known = new Map(readLines(file).map((result) => [key(result), result]));
  const parts = sets.flatMap((set) => set.parts.map((part) => ({ set, part })));
  const results = [];
  let encoder;
  for (const { set, part } of parts) {
    const named = { variant: name, model, set: set.name, part, task: set.task, maxQueries, instructions };
    let result = known.get(key(named));
    if (result === undefined) {
      encoder ??= await openEncoder(model, { instructions, precision: "float32" });
      const reports = await measure({ set, part, encoder, data, work, maxQueries });
      result = { ...named, ...summary(reports) };
      appendFileSync(file, `${JSON.stringify(result)}\n`);
      tell(`${name}: ${set.name} ${part} ${JSON.stringify(result.dense)} in ${Math.round(result.seconds)} s`);
    }
    results.push(result);
  }
  await encoder?.close();
  return results;
}

async function measure({ set, part, encoder, data, work, maxQueries }) {
  const options = {
    ...{ folder: join(data, set.folder), split: part, task: set.task, encoder },
    methods: ["dense", "hybrid"],
    cacheFolder: join(work, "vectors"),
    onProgress: progressOf(`evaluating ${set.name} ${part}`),
  };
  if (set.task === "chat") return await evaluateMemory(options);
  return (await evaluateRetrieval({ ...options, maxQueries })).map(({ report }) => report);
}

function summary(reports) {
  const [dense, hybrid] = ["dense", "hybrid"].map((method) =>
    reports.find((report) => report.method === method),
  );
  const { queries, corpus, seconds } = dense;
  return { queries, corpus, seconds, dense: chosen(dense), hybrid: chosen(hybrid) };
}

function chosen({ metrics }) {
  return Object.fromEntries(
    Object.entries(metrics).filter(([name]) => /^(nDCG@10|Recall@5|Recall@10)$/.test(name)),
  );
}

function readLines(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
