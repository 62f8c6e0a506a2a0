/**
 * The table of docs/results.md: every labelled set of $RETRIEVE_DATA (default ../shared/data) by BM25, dense and hybrid.
 *
 *     node runs/tables.mjs [RESULTS.jsonl] > table.md
 *
 * Each finished set is a line of the results file (default runs/results.jsonl); a set that is there is not run again,
 * so an interrupted run goes on where it was. Delete the file to measure anew. MODEL=NAME|DIR|HUB-ID measures another
 * encoder than `mini`.
 */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEncoder } from "#src/encoder/index.js";
import { evaluateMemory, evaluateRetrieval } from "#src/eval/index.js";

const data = process.env.RETRIEVE_DATA ?? "../shared/data";
const model = process.env.MODEL ?? "mini";
const file = process.argv[2] ?? "runs/results.jsonl";
const methods = ["bm25", "dense", "hybrid"];
const tasks = { knowledge: "qa", conversation: "convsearch", tools: "tool", memory: "chat" };

/** The published BM25 scores name the sets and their parts. Examples have labels, no gold documents. */
const baselines = JSON.parse(readFileSync(join(data, "bm25.json"), "utf8"));
const parts = Object.entries(baselines)
  .filter(([set]) => set.split("/")[0] in tasks)
  .flatMap(([set, splits]) => Object.entries(splits).map(([split, baseline]) => ({ set, split, baseline })));

const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
const results = new Map(lines.map((line) => JSON.parse(line)).map((result) => [keyOf(result), result]));
let encoder;
for (const part of parts) {
  if (results.has(keyOf({ ...part, model }))) continue;
  encoder ??= await openEncoder(model, { onNotice: (notice) => console.error(notice) });
  console.error(`${part.set} ${part.split}`);
  const result = { set: part.set, split: part.split, model, reports: await measure(part) };
  appendFileSync(file, `${JSON.stringify(result)}\n`);
  results.set(keyOf(result), result);
}
await encoder?.close();
print("nDCG@10", (part) => !part.set.startsWith("memory/"));
print("Recall@10", (part) => !part.set.startsWith("memory/"));
print("Recall@5", (part) => part.set.startsWith("memory/"));

function keyOf({ set, split, model }) {
  return `${set} ${split} ${model}`;
}

async function measure({ set, split }) {
  const kind = set.split("/")[0];
  const options = {
    folder: join(data, set),
    split,
    task: tasks[kind],
    methods,
    encoder,
    cacheFolder: join(tmpdir(), "retrieve-vectors"),
    onNotice: (notice) => console.error(notice),
  };
  if (kind === "memory") return await evaluateMemory(options);
  return (await evaluateRetrieval(options)).map(({ report }) => report);
}

/** One metric of all sets as Markdown. The baseline of a conversation is its best form of the history. */
function print(metric, belongs) {
  const field = { "nDCG@10": "ndcg10", "Recall@10": "r10", "Recall@5": "r5" }[metric];
  const header = [
    "set",
    "part",
    "queries",
    "documents",
    "BM25 baseline",
    "bm25",
    "dense",
    "hybrid",
    "hybrid - best",
  ];
  console.log(`### ${metric}\n\n| ${header.join(" | ")} |\n|${header.map(() => "---").join("|")}|`);
  for (const part of parts.filter(belongs)) {
    const { reports } = results.get(keyOf({ ...part, model }));
    const { baseline } = part;
    const published = [baseline, baseline.user_turns, baseline.all_turns].map((form) => form?.[field] ?? 0);
    const [bm25, dense, hybrid] = methods.map((method) => scoreOf(reports, method, metric));
    const cells = [Math.max(...published), bm25, dense, hybrid, hybrid - Math.max(bm25, dense)];
    const { queries, corpus } = reports[0];
    console.log(
      `| ${[part.set, part.split, queries, corpus, ...cells.map((cell) => cell.toFixed(3))].join(" | ")} |`,
    );
  }
  console.log("");
}

function scoreOf(reports, method, metric) {
  return reports.find((report) => report.method === method).metrics[metric];
}
