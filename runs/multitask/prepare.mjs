/** Data sets to files of training rows: converted, thinned to their cap, given hard negatives. What is there stays. */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { convertDataset, mineNegatives } from "#src/dataset/index.js";
import { writeFileAtomic } from "#src/std/index.js";
import { progressOf, tell } from "./tell.mjs";

/** Hard negatives of a row; each epoch draws from them. */
const minedNegatives = 4;

/**
 * The files of rows of all sets that train, one that counts twice twice. `openBase` opens the encoder that mines; it is
 * asked when the first set needs it.
 */
export async function prepareRows(sets, { data, work, cap, openBase }) {
  const folder = join(work, "rows");
  mkdirSync(folder, { recursive: true });
  const files = [];
  for (const set of sets.filter(({ rows }) => rows !== undefined)) {
    const count = Math.min(cap, set.rows);
    const file = join(folder, `${set.name}-${count}.jsonl`);
    if (!existsSync(file)) await prepareSet(set, { source: join(data, set.folder), file, count, openBase });
    for (let time = 0; time < (set.times ?? 1); time++) files.push(file);
  }
  return files;
}

async function prepareSet(set, { source, file, count, openBase }) {
  const converted = file.replace(/jsonl$/, "converted.jsonl");
  const [method, number] = (set.negatives ?? "none:0").split(":");
  const report = await convertDataset(set.task === "chat" ? "memory" : "beir", source, converted, {
    task: set.task,
    negatives: { method, count: Number(number) },
    onNotice: tell,
  });
  const thinned = set.mine === undefined ? file : file.replace(/jsonl$/, "thinned.jsonl");
  const lines = readFileSync(converted, "utf8").trimEnd().split("\n");
  const kept = spread(lines, count);
  await writeFileAtomic(thinned, `${kept.join("\n")}\n`);
  tell(`${set.name}: ${kept.length} of ${report.kept} rows`);
  if (set.mine === undefined) return;
  const encoder = set.mine.method === "bm25" ? {} : { encoder: await openBase() };
  const mined = await mineNegatives({
    ...{ rows: thinned, corpus: join(source, "corpus.jsonl"), out: file, negatives: minedNegatives },
    ...{ qrels: join(source, "qrels", "train.tsv"), ...set.mine, ...encoder },
    ...{ onNotice: tell, onProgress: progressOf(`mining ${set.name}`) },
  });
  tell(
    `${set.name}: ${mined.negatives} hard negatives by ${set.mine.method} in ${Math.round(mined.seconds)} s`,
  );
}

/** `count` of the lines, evenly spaced. */
function spread(lines, count) {
  const step = Math.max(1, lines.length / count);
  return Array.from({ length: Math.min(count, lines.length) }, (_, at) => lines[Math.floor(at * step)]);
}
