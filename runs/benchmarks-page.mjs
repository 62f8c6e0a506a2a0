/**
 * The tables of docs/benchmarks.md from the data of a report.
 *
 *     node runs/benchmarks-page.mjs REPORT.json > tables.md
 */

import { readFileSync } from "node:fs";
import { markdownTable } from "#src/report/index.js";

const { retrieval, languageModels } = JSON.parse(readFileSync(process.argv[2], "utf8"));

const shown = (value) => (value === null ? "" : value.toFixed(value < 10 ? 4 : 1).replace(/^0\./, "."));
const matrixOf = ({ matrix: { rows, columns, values } }) =>
  markdownTable([
    ["system", ...columns.map(({ name }) => name)],
    ...rows.map((row, at) => [row, ...values[at].map(shown)]),
  ]);

console.log(`## Retrieval alone\n\n${matrixOf(retrieval)}\n`);
const tuned = retrieval.comparisons.filter(
  ({ left, right }) => left.endsWith("tuned") && right.endsWith("mini"),
);
console.log(
  `### The trained encoder against \`mini\`\n\n${markdownTable([
    [
      "benchmark",
      "systems",
      "queries",
      "difference",
      "95 % interval",
      "p, corrected",
      "win / tie / loss",
      "left is",
    ],
    ...tuned.map((row) => [
      ...[row.title, `${row.left} against ${row.right}`, String(row.queries)],
      `${row.difference > 0 ? "+" : ""}${row.difference.toFixed(4)}`,
      `${row.interval.low.toFixed(4)} to ${row.interval.high.toFixed(4)}`,
      ...[row.holmP.toFixed(4), `${row.wins} / ${row.ties} / ${row.losses}`, row.verdict],
    ]),
  ])}\n`,
);
console.log(`## With a language model\n\n${matrixOf(languageModels)}`);
