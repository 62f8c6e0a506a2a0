/** The results as Markdown: a line a part, means by task, and how the losses went. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "#src/report/index.js";

/** `systems`: `{ title, model, results }` each, the base first; the results of all are of the same parts in one order. */
export function pageOf(systems, sets) {
  const trained = new Set(sets.filter(({ rows }) => rows !== undefined).map(({ name }) => name));
  const sections = ["dense", "hybrid"].map(
    (method) => `## ${method === "dense" ? "Dense" : "Hybrid"}\n\n${scores(systems, trained, method)}`,
  );
  return [...sections, `## Losses\n\n${losses(systems)}`].join("\n\n");
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

/** Mean loss of the first and of the last updates of each data set: losses of different sets do not compare. */
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
