/**
 * What rewards add to labels: contrastive training, the same on the top-rewarded candidate, plain and stabilised
 * distillation, at equal steps on the same rows.
 *
 *     npm run build && runs/fetch-models.sh && node runs/rewards.mjs [--llm URI] > table.md
 *
 * Rows from the train parts of $RETRIEVE_DATA (default ../shared/data), candidates mined by the base, scored by the set's
 * teacher (runs/rewards/sets.mjs), training from all-MiniLM-L6-v2 in float32, measured on dev and test parts. All that is
 * made lies in `--work` (default: a folder in the temporary one): rows, models, scores of the language model. What is there
 * is not made again, so an interrupted run goes on where it was; other settings want another folder. Progress goes to
 * stderr, the table to stdout and to table.md in the work folder.
 *
 *     --set NAME         repeatable; default all of runs/rewards/sets.mjs, stories only where there is a language model
 *     --variant NAME     repeatable; default base contrastive top plain stabilised
 *     --llm URI          the language model of stories: llama:PATH.gguf or openai:MODEL@URL
 *     --steps N --batch-size N --learning-rate X     default: runs/rewards/variants.mjs
 *     --rows N           at most so many training rows a set
 *     --max-queries N    that are measured, default 500
 *     --work DIR
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openEncoder } from "#src/encoder/index.js";
import { openLanguageModel } from "#src/llm/index.js";
import { tell } from "./multitask/tell.mjs";
import { measureModel } from "./rewards/measure.mjs";
import { pageOf } from "./rewards/page.mjs";
import { prepareSet } from "./rewards/rows.mjs";
import { sets as allSets } from "./rewards/sets.mjs";
import { recipe, trainVariant, variants } from "./rewards/variants.mjs";

const text = { type: "string" };
const { values: flags } = parseArgs({
  options: {
    ...{ llm: text, steps: text, "batch-size": text, "learning-rate": text, rows: text },
    set: { ...text, multiple: true },
    variant: { ...text, multiple: true, default: ["base", ...Object.keys(variants)] },
    "max-queries": { ...text, default: "500" },
    work: { ...text, default: join(tmpdir(), "retrieve-rewards") },
  },
});
const { llm, work } = flags;
const names = flags.set ?? Object.keys(allSets).filter((name) => !allSets[name].llm || llm !== undefined);
known("set", names, Object.keys(allSets));
known("variant", flags.variant, ["base", ...Object.keys(variants)]);
if (llm === undefined && names.some((name) => allSets[name].llm)) {
  throw new Error("stories wants a language model: --llm URI");
}

const data = process.env.RETRIEVE_DATA ?? "../shared/data";
const models = process.env.RETRIEVE_MODELS ?? join(homedir(), ".cache/retrieve-anything/models");
const base = join(models, "all-MiniLM-L6-v2");
for (const [what, path] of [
  ["the data; name its folder by RETRIEVE_DATA", data],
  ["the weights; run runs/fetch-models.sh", base],
]) {
  if (!existsSync(path)) throw new Error(`${path} is not there: ${what}`);
}
mkdirSync(work, { recursive: true });

const settings = {
  ...numberOf("steps", "steps"),
  ...numberOf("batch-size", "batchSize"),
  ...numberOf("learning-rate", "learningRate"),
};
const maxQueries = Number(flags["max-queries"]);
const results = [];
for (const name of names) {
  const set = { name, ...allSets[name] };
  const prepared = await prepare(set);
  for (const variant of flags.variant) {
    const model =
      variant === "base" ? base : await trainVariant(variant, { set, base, work, settings, ...prepared });
    const measured = await measureModel(set, { variant, model, data, work, maxQueries, ...prepared });
    results.push({ set: name, variant, ...measured });
  }
}
const page = pageOf(results, { config: { ...recipe, ...settings }, sets: allSets, names });
writeFileSync(join(work, "table.md"), `${page}\n`);
console.log(page);

/** Files of scored rows; what opens a model is asked when it is wanted, and closed before training begins. */
async function prepare(set) {
  const opened = {};
  const lazily = (kind, open) => async () => {
    opened[kind] ??= await open();
    return opened[kind];
  };
  const prepared = await prepareSet(set, {
    ...{ data, work, maxQueries, rows: Math.min(set.rows, Number(flags.rows ?? set.rows)) },
    openBase: lazily("encoder", () => openEncoder(base, { instructions: "none", precision: "float32" })),
    openLlm: lazily("llm", () =>
      openLanguageModel(llm, {
        onNotice: tell,
        key: process.env.RETRIEVE_LLM_KEY || process.env.OPENAI_API_KEY,
      }),
    ),
  });
  for (const one of Object.values(opened)) await one.close();
  return prepared;
}

function numberOf(flag, name) {
  return flags[flag] === undefined ? {} : { [name]: Number(flags[flag]) };
}

function known(flag, given, among) {
  const unknown = given.find((name) => !among.includes(name));
  if (unknown !== undefined) throw new Error(`--${flag} ${unknown}: wanted one of ${among.join(", ")}`);
}
