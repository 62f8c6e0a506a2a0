/**
 * LLM-Embedder from its training data: weights, then tables.
 *
 *     npm run build && node runs/llm-embedder/run.mjs BUNDLE OUT
 *
 * BUNDLE is the folder of the released data, whose files config.json names; OUT gets `model` (with its log, loss curve
 * and report) and `tables.md`. Run again, it goes on where it was. README.md has the whole way.
 *
 *     --evaluate SET       repeatable; test sets with a corpus, default tool/toolbench
 *     --base M --steps N --batch-size N --accumulation N --learning-rate X --max-tokens N     replace config.json's
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openEncoder } from "#src/encoder/index.js";
import { benchmarks, runBenchmark } from "#src/eval/index.js";
import { markdownTable } from "#src/report/index.js";
import { train } from "#src/train/index.js";

const text = { type: "string" };
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    evaluate: { ...text, multiple: true, default: ["tool/toolbench"] },
    base: text,
    steps: text,
    "batch-size": text,
    accumulation: text,
    "learning-rate": text,
    "max-tokens": text,
  },
});
const [bundle, out] = positionals;
if (bundle === undefined || out === undefined)
  throw new Error("usage: node runs/llm-embedder/run.mjs BUNDLE OUT");
const tell = (message) => console.error(message);

const config = readConfig();
await train(config, { resume: true, onNotice: tell, onStep: showStep });
const rows = [["set", "model", "documents", "queries", "nDCG@3", "nDCG@5", "nDCG@10", "Recall@10"]];
for (const model of [config.base, config.out]) {
  const encoder = await openEncoder(model, { precision: "float32", onNotice: tell });
  for (const set of flags.evaluate) rows.push(await measure(set, encoder));
  await encoder.close();
}
const table = markdownTable(rows);
writeFileSync(join(out, "tables.md"), `${table}\n`);
console.log(table);

/** The configuration of the paper with the folders of this run and what the flags replace. */
function readConfig() {
  const paper = JSON.parse(readFileSync(join(import.meta.dirname, "config.json"), "utf8"));
  const limit = number(flags["max-tokens"]);
  const given = {
    base: flags.base,
    steps: number(flags.steps),
    batchSize: number(flags["batch-size"]),
    accumulation: number(flags.accumulation),
    learningRate: number(flags["learning-rate"]),
    maxTokens: limit === undefined ? undefined : { query: limit, document: limit },
  };
  return {
    ...paper,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    data: paper.data.map((file) => join(bundle, file)),
    out: join(out, "model"),
  };
}

/** Sets are read as they are; each task's benchmark finds its own layout. */
async function measure(set, encoder) {
  const task = set.split("/")[0];
  const benchmark = benchmarks.find(({ name }) => name === (task === "qa" ? "beir" : task));
  if (benchmark === undefined)
    throw new Error(`${set}: only qa, convsearch and tool have rankings to measure`);
  const [{ receipt }] = await runBenchmark({
    ...{ benchmark, folder: join(bundle, set), encoder, methods: ["dense"] },
    cacheFolder: join(out, "vectors"),
    onNotice: tell,
  });
  const { metrics, corpus, queries } = receipt;
  const scores = ["nDCG@3", "nDCG@5", "nDCG@10", "Recall@10"].map((name) => metrics[name] ?? "");
  return [set, encoder.name === config.out ? "trained" : encoder.name, corpus, queries, ...scores];
}

function showStep({ step, loss, task, tokens, seconds }, steps) {
  const speed = Math.round(tokens / seconds);
  tell(`step ${step}/${steps}  ${task ?? "mixed"}  loss ${loss.toFixed(4)}  ${speed} tokens/s`);
}

function number(flag) {
  return flag === undefined ? undefined : Number(flag);
}
