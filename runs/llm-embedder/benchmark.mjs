/**
 * A test set of the released bundle as a benchmark in the BEIR layout: `corpus.json` (a document a line, known by the
 * number of its line) and `test.json` (`query`, `pos_index`).
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { formatJsonLine, readJsonLines, writeFileAtomic } from "#src/std/index.js";

/** Writes `out/corpus.jsonl`, `out/queries.jsonl` and `out/qrels/test.tsv`; streams, whatever the corpus weighs. */
export async function writeBenchmark(folder, out) {
  await mkdir(join(out, "qrels"), { recursive: true });
  await writeFileAtomic(join(out, "corpus.jsonl"), documents(join(folder, "corpus.json")));
  const tests = [];
  for await (const { value, place } of readJsonLines(join(folder, "test.json"))) {
    if (!Array.isArray(value.pos_index)) throw new Error(`${place}: no "pos_index", so there is no gold`);
    tests.push({ id: String(value.query_id ?? tests.length), text: value.query, gold: value.pos_index });
  }
  await writeFileAtomic(
    join(out, "queries.jsonl"),
    tests.map(({ id, text }) => formatJsonLine({ _id: id, text })).join(""),
  );
  const judgements = tests.flatMap(({ id, gold }) =>
    [...new Set(gold)].map((document) => `${id}\t${document}\t1\n`),
  );
  await writeFileAtomic(join(out, "qrels", "test.tsv"), `query-id\tcorpus-id\tscore\n${judgements.join("")}`);
}

async function* documents(file) {
  let number = 0;
  for await (const { value } of readJsonLines(file)) {
    yield formatJsonLine({ _id: String(number++), title: value.title ?? "", text: value.text });
  }
}
