/** The results as Markdown: how they came about, and a line a set. */

import { markdownTable } from "#src/report/index.js";
import { variants } from "./variants.mjs";

/** `results`: `{ set, variant, value, queries, best?, mean? }` each; all sets have the same variants. */
export function pageOf(results, { config, sets, names }) {
  const shown = [...new Set(results.map(({ variant }) => variant))];
  const titles = shown.map((name) => variants[name]?.title ?? name);
  const lines = names.map((name) => {
    const own = results.filter(({ set }) => set === name);
    const values = shown.map((variant) => own.find((one) => one.variant === variant).value.toFixed(4));
    return [name, sets[name].teacher, sets[name].measures, own[0].queries, ...values];
  });
  const { steps, batchSize, groupSize, learningRate, temperature } = config;
  const rewarded = results.find(({ best }) => best !== undefined);
  return [
    "# What rewards add to labels",
    `From all-MiniLM-L6-v2 (float32), each set alone: ${steps} updates of ${batchSize} queries with ${groupSize} texts each, learning rate
${learningRate}, temperature ${temperature}, seed ${config.seed}, the same rows for all variants (those whose rewards differ); all else stands in
\`runs/rewards/\`. Command: \`node runs/rewards.mjs\`. The base is asked without instructions, as it was trained.`,
    "Without rewards the positive is the label (passages), the nearest example by the base (examples) or the last chunk (stories).",
    markdownTable([["set", "teacher", "measure", "queries", ...titles], ...lines]),
    ...(rewarded === undefined
      ? []
      : [
          `Rewards of the held-out ${rewarded.set}: the best candidate ${rewarded.best.toFixed(4)}, the mean candidate ${rewarded.mean.toFixed(4)}.`,
        ]),
  ].join("\n\n");
}
