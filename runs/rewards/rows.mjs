/** Data sets to files of scored rows. The label, where there is one, stands first in `pos`. What is there stays. */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  containment,
  convertDataset,
  languageModelTeacher,
  mineNegatives,
  sameLabel,
  scoreRows,
} from "#src/dataset/index.js";
import { formatJsonLine, writeFileAtomic } from "#src/std/index.js";
import { progressOf, tell } from "../multitask/tell.mjs";
import { storyRows } from "./stories.mjs";

/** `{ trainRows }`, the file to train on, and for stories `{ heldOutRows }`, scored too. */
export async function prepareSet(set, options) {
  mkdirSync(join(options.work, set.name), { recursive: true });
  return await preparations[set.kind](set, options);
}

const preparations = {
  passages: async (set, { data, work, rows, openBase }) => {
    const [source, place] = [join(data, set.folder), placeIn(work, set)];
    const converted = place("converted.jsonl");
    if (!existsSync(converted)) {
      await convertDataset("beir", source, converted, { task: set.task, onNotice: tell });
    }
    const answers = new Map(
      readLines(join(source, "queries.jsonl")).map(({ _id, metadata = {} }) => [
        _id,
        metadata.answers ?? [metadata.answer],
      ]),
    );
    const chosen = spread(readLines(converted), rows).map((row) => ({
      ...row,
      answers: answers.get(row.query_id),
    }));
    await writeRows(place(`rows-${rows}.jsonl`), chosen);
    const corpus = join(source, "corpus.jsonl");
    await mine(set, place(`rows-${rows}.jsonl`), corpus, place(`mined-${rows}.jsonl`), openBase);
    return {
      trainRows: await score(containment, place(`mined-${rows}.jsonl`), place(`scored-${rows}.jsonl`)),
    };
  },

  /** The nearest example is the positive of who knows no rewards; the example itself is none. */
  examples: async (set, { data, work, rows, openBase }) => {
    const place = placeIn(work, set);
    const pool = readLines(join(data, set.folder, "train.jsonl"));
    const corpus = place("examples.jsonl");
    await writeRows(
      corpus,
      pool.map((example, index) => ({ _id: `e${index}`, text: exampleText(example) })),
    );
    const own = spread(pool, rows).map((example, index) => ({
      ...{ query: example.input, pos: [exampleText(example)], neg: [], answers: [example.output] },
      ...{ task: set.task, query_id: index },
    }));
    await writeRows(place(`rows-${rows}.jsonl`), own);
    await mine(set, place(`rows-${rows}.jsonl`), corpus, place(`mined-${rows}.jsonl`), openBase);
    const others = readLines(place(`mined-${rows}.jsonl`)).map(({ pos: _, neg_index: __, neg, ...row }) => ({
      ...row,
      pos: neg.slice(0, 1),
      neg: neg.slice(1),
    }));
    await writeRows(place(`candidates-${rows}.jsonl`), others);
    const scored = place(`scored-${rows}.jsonl`);
    return { trainRows: await score(sameLabel, place(`candidates-${rows}.jsonl`), scored) };
  },

  stories: async (set, { work, rows, openLlm }) => {
    const place = placeIn(work, set);
    const files = [
      { name: "train", count: rows, first: 0 },
      { name: "held-out", count: set.heldOut, first: rows },
    ].map((one) => ({
      ...one,
      source: place(`${one.name}-${one.count}.jsonl`),
      scored: place(`${one.name}-${one.count}.scored.jsonl`),
    }));
    for (const { source, scored, count, first } of files) {
      if (existsSync(scored)) continue;
      const llm = await openLlm();
      if (!existsSync(source)) {
        await writeRows(source, await storyRows(llm, { count, first, candidates: set.candidates }));
      }
      const teacher = languageModelTeacher(llm, { cache: place("cache"), onNotice: tell });
      await score(teacher, source, scored);
    }
    const [trainRows, heldOutRows] = files.map(({ scored }) => scored);
    return { trainRows, heldOutRows };
  },
};

function placeIn(work, set) {
  return (name) => join(work, set.name, name);
}

async function mine(set, rows, corpus, out, openBase) {
  if (existsSync(out)) return;
  const encoder = set.mine === "bm25" ? {} : { encoder: await openBase() };
  const report = await mineNegatives({
    ...{ rows, corpus, out, method: set.mine, negatives: set.candidates, topK: 100, ...encoder },
    ...{ onNotice: tell, onProgress: progressOf(`mining ${set.name}`) },
  });
  tell(`${set.name}: ${report.negatives} candidates by ${set.mine}`);
}

async function score(teacher, rows, out) {
  if (existsSync(out)) return out;
  const onProgress = progressOf(`scoring ${rows}`);
  const report = await scoreRows({
    ...{ rows, out, teacher, onNotice: tell },
    onProgress: (at) => onProgress({ ...at, unit: "candidates" }),
  });
  tell(`${out}: ${JSON.stringify(report)}`);
  return out;
}

async function writeRows(path, rows) {
  if (!existsSync(path)) await writeFileAtomic(path, rows.map(formatJsonLine).join(""));
}

export function readLines(path) {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** An example as it stands in a prompt. */
export function exampleText({ input, output }) {
  return `${input}\n${output}`;
}

/** `count` of the items, evenly spaced. */
export function spread(items, count) {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, at) => items[Math.floor(at * step)]);
}
