/**
 * One multi-task run over real data, its ablations, and what they are worth on every dev and test part.
 *
 *     npm run build && runs/fetch-models.sh && node runs/multitask.mjs > table.md
 *
 * Rows from the train parts of $RETRIEVE_DATA (default ../shared/data), hard negatives mined by the base, training from
 * all-MiniLM-L6-v2 in float32, evaluation of the base, the result, the ablations with the same steps (without
 * instructions, without homogeneous batches) and the average of result and base. All that is made lies in `--work`
 * (default: a folder in the temporary one): rows, models with their logs and loss curves, vectors, results.jsonl. What is
 * there is not made again, so an interrupted run goes on where it was; other data or rows want another folder. Progress
 * goes to stderr, the tables to stdout and to tables.md in the work folder.
 *
 *     --variant NAME     repeatable; default base full merged no-instructions mixed; also base-instructed
 *     --set NAME         repeatable; default all of runs/multitask/sets.mjs
 *     --measure NAME     repeatable, the sets that are measured; default those of --set
 *     --steps N --batch-size N --learning-rate X --temperature X     default: runs/multitask/variants.mjs
 *     --rows N           at most so many training rows a set
 *     --max-queries N    evaluation queries a part, default 500
 *     --work DIR
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openEncoder } from "#src/encoder/index.js";
import { evaluateModel } from "./multitask/evaluate.mjs";
import { pageOf } from "./multitask/page.mjs";
import { prepareRows } from "./multitask/prepare.mjs";
import { sets as allSets } from "./multitask/sets.mjs";
import { makeModel, recipe, variants } from "./multitask/variants.mjs";

const text = { type: "string" };
const { values: flags } = parseArgs({
  options: {
    variant: { ...text, multiple: true, default: ["base", "full", "merged", "no-instructions", "mixed"] },
    set: { ...text, multiple: true, default: allSets.map(({ name }) => name) },
    steps: text,
    "batch-size": text,
    "learning-rate": text,
    temperature: text,
    measure: { ...text, multiple: true },
    rows: text,
    "max-queries": { ...text, default: "500" },
    work: { ...text, default: join(tmpdir(), "retrieve-multitask") },
  },
});
known("variant", flags.variant, Object.keys(variants));
known("measure", flags.measure ?? [], flags.set);
known(
  "set",
  flags.set,
  allSets.map(({ name }) => name),
);

const data = process.env.RETRIEVE_DATA ?? "../shared/data";
const models = process.env.RETRIEVE_MODELS ?? join(homedir(), ".cache/retrieve-anything/models");
const base = join(models, "all-MiniLM-L6-v2");
for (const [what, path] of [
  ["the data; name its folder by RETRIEVE_DATA", data],
  ["the weights; run runs/fetch-models.sh", base],
]) {
  if (!existsSync(path)) throw new Error(`${path} is not there: ${what}`);
}
const { work } = flags;
mkdirSync(work, { recursive: true });

const sets = allSets.filter(({ name }) => flags.set.includes(name));
const measured = sets.filter(({ name }) => flags.measure?.includes(name) ?? true);
const rows = await prepare();
const settings = {
  ...numberOf("steps", "steps"),
  ...numberOf("batch-size", "batchSize"),
  ...numberOf("learning-rate", "learningRate"),
  ...numberOf("temperature", "temperature"),
};
const systems = [];
for (const name of flags.variant) {
  const model = await makeModel(name, { base, work, data: rows, settings });
  const { title, instructions } = variants[name];
  const maxQueries = Number(flags["max-queries"]);
  const results = await evaluateModel(name, model, { sets: measured, data, work, instructions, maxQueries });
  systems.push({ name, title, model, results });
}
const config = { ...recipe, ...settings };
const page = pageOf(systems, { sets, config, maxQueries: flags["max-queries"] });
writeFileSync(join(work, "tables.md"), `${page}\n`);
console.log(page);

/** The files of rows; the encoder that mines is closed before training begins. */
async function prepare() {
  let encoder;
  const openBase = async () => {
    encoder ??= await openEncoder(base, { instructions: "none" });
    return encoder;
  };
  const cap = flags.rows === undefined ? Number.POSITIVE_INFINITY : Number(flags.rows);
  const files = await prepareRows(sets, { data, work, cap, openBase });
  await encoder?.close();
  return files;
}

function numberOf(flag, name) {
  return flags[flag] === undefined ? {} : { [name]: Number(flags[flag]) };
}

function known(flag, given, names) {
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--${flag} ${unknown}: wanted one of ${names.join(", ")}`);
}
