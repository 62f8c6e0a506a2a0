/** The results as Markdown: how they came about, a line a part, means by task, and how the losses went. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "#src/report/index.js";

/**
 * `systems`: `{ name, title, model, results }` each, the base first; the results of all are of the same parts in one
 * order. `config` is what the run was trained with, `maxQueries` how many queries of a part were asked.
 */
export function pageOf(systems, { sets, config, maxQueries }) {
  const trained = new Set(sets.filter(({ rows }) => rows !== undefined).map(({ name }) => name));
  return [
    "# What one multi-task run learns",
    introduction(config, maxQueries),
    `## Dense search\n\n${scores(systems, trained, "dense")}`,
    `## Hybrid search\n\n${scores(systems, trained, "hybrid")}`,
    `## Losses\n\nMeans of the first and of the last updates of a set; the losses of two sets do not compare.\n\n${losses(systems)}`,
  ].join("\n\n");
}

function introduction({ steps, batchSize, groupSize, learningRate, temperature, maxTokens }, maxQueries) {
  return `One encoder for all tasks, trained from all-MiniLM-L6-v2 (float32) on the train parts alone: ${steps} updates of
${batchSize} queries with ${groupSize} texts each, learning rate ${learningRate}, temperature ${temperature}, at most ${maxTokens.query} and ${maxTokens.document} tokens; all else stands in
\`runs/multitask/\`. Command: \`node runs/multitask.mjs\`. Parts are dev and test parts, at most ${maxQueries} queries of each,
evenly spaced. The ablations have the same rows, steps and seed.

The base is asked without instructions, which is how it was trained; what was trained is asked as it was trained.
"trained + base" is the average of both weights. Sets marked as not trained on show what the run takes from others.`;
}

/** nDCG@10; Recall@5 where that is what the benchmark measures, which no mean over several sets takes in. */
function scores(systems, trained, method) {
  const parts = systems[0].results.map((result, at) => ({
    ...result,
    seen: trained.has(result.set),
    metric: metricOf(result),
    values: systems.map(({ results }) => results[at][method][metricOf(result)]),
  }));
  const heading = [
    "task",
    "set",
    "part",
    "metric",
    "queries",
    ...systems.map(({ title }) => title),
    "trained - base",
  ];
  const line = (cells, values) => [
    ...cells,
    ...values.map((value) => value.toFixed(4)),
    change(systems, values),
  ];
  const lines = parts.map(({ task, set, part, metric, queries, seen, values }) =>
    line([task, seen ? set : `${set} (not trained on)`, part, metric, queries], values),
  );
  const meanLine = (name, of) => {
    const some = parts.filter((part) => part.metric === "nDCG@10" && of(part));
    if (some.length === 0) return [];
    const values = systems.map((_, at) => some.reduce((sum, part) => sum + part.values[at], 0) / some.length);
    return [line([name, `mean of ${some.length} parts`, "", "nDCG@10", ""], values)];
  };
  const tasks = [...new Set(parts.map(({ task }) => task))];
  const means = [
    ...tasks.flatMap((task) => meanLine(task, (part) => part.seen && part.task === task)),
    ...meanLine("all", ({ seen }) => seen),
    ...meanLine("not trained on", ({ seen }) => !seen),
  ];
  return markdownTable([heading, ...lines, ...means]);
}

function metricOf({ dense }) {
  return "nDCG@10" in dense ? "nDCG@10" : "Recall@5";
}

function change(systems, values) {
  const at = systems.findIndex(({ name }) => name === "full");
  if (at === -1) return "";
  const difference = values[at] - values[0];
  return `${difference < 0 ? "-" : "+"}${Math.abs(difference).toFixed(4)}`;
}

function losses(systems) {
  const some = 5;
  const mean = (entries) => entries.reduce((sum, { loss }) => sum + loss, 0) / entries.length;
  const lines = systems.flatMap(({ title, model }) => {
    const file = join(model, "training", "log.jsonl");
    if (!existsSync(file)) return [];
    const entries = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const setOf = ({ task }) => task?.replace(/-\d+(_\d+)?$/, "") ?? "all together";
    return [...new Set(entries.map(setOf))].map((set) => {
      const own = entries.filter((entry) => setOf(entry) === set);
      const [first, last] = [own.slice(0, some), own.slice(-some)].map(mean);
      return [
        title,
        set,
        own.length,
        own.reduce((sum, { tokens }) => sum + tokens, 0),
        first.toFixed(3),
        last.toFixed(3),
      ];
    });
  });
  const heading = ["system", "set", "updates", "tokens", `first ${some}`, `last ${some}`];
  return markdownTable([heading, ...lines]);
}
