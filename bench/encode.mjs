/**
 * Texts per second of the encoder, against the usual loop over the same graph.
 *
 *     npm run build && node bench/encode.mjs [--rounds N] [--texts N]
 *
 * 1,000 texts of about 60 tokens, up to 256. Three ways take turns in one process, so that a change of the machine's
 * load meets all of them; the table gives the median of the rounds. Everything is timed from text to vector,
 * tokenisation included. `padded` is what most programs do: batches of 32 in the order of the texts, each padded to
 * its longest, one session with a thread a core, float32. Peak memory is measured in a process of its own for each.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { padBatch } from "#src/encoder/batches.js";
import { readModelFolder } from "#src/encoder/folder.js";
import { openEncoder } from "#src/encoder/index.js";
import { loadModel } from "#src/encoder/model.js";
import { openSession } from "#src/runtime/index.js";
import { createRandom, normal } from "#src/std/index.js";
import { peakMegabytes } from "./memory.mjs";

const root = resolve(import.meta.dirname, "..");
const mini = join(root, "models/mini");
const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    texts: { type: "string", default: "1000" },
    memory: { type: "string" },
  },
});

if (flags.memory === undefined) await compare(Number(flags.rounds));
else await measureMemory(flags.memory);

/** @param {number} rounds */
async function compare(rounds) {
  const { texts, source } = await makeTexts(Number(flags.texts));
  const usual = await openPadded();
  const ways = [usual, await openOurs("float32"), await openOurs("int8")];
  for (const { encode } of ways) await encode(texts.slice(0, 64)); // sessions start here

  /** @type {Map<string, number[]>} */
  const seconds = new Map(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, encode } of ways) seconds.get(name)?.push(await timed(() => encode(texts)));
  }
  const query = await timeQueries(texts);
  for (const { close } of ways) await close();

  const base = median(seconds.get("padded") ?? []);
  console.log(`${new Date().toISOString().slice(0, 10)} · ${machine()}`);
  console.log(`${texts.length} texts, ${source} · median of ${rounds} rounds`);
  console.log(`padded reads ${usual.measurePadding().toFixed(2)} times the tokens of the texts\n`);
  console.log("| way | texts/s | times padded | peak memory |");
  console.log("|---|---|---|---|");
  for (const { name } of ways) {
    const taken = median(seconds.get(name) ?? []);
    const memory = execFileSync(
      process.execPath,
      [import.meta.filename, "--texts", flags.texts, "--memory", name],
      {
        encoding: "utf8",
      },
    );
    const rate = Math.round(texts.length / taken);
    console.log(`| ${name} | ${rate} | ${(base / taken).toFixed(1)} | ${memory.trim()} MB |`);
  }
  console.log(
    `\none query of ${query.tokens} tokens, int8: median ${query.median} ms, 95 % under ${query.p95} ms`,
  );
}

/** @param {string} name */
async function measureMemory(name) {
  const { texts } = await makeTexts(Number(flags.texts));
  const way = await (name === "padded" ? openPadded() : openOurs(name === "int8" ? "int8" : "float32"));
  await way.encode(texts);
  await way.close();
  console.log(peakMegabytes());
}

/** @param {"float32" | "int8"} precision */
async function openOurs(precision) {
  const encoder = await openEncoder("mini", { precision });
  return { name: precision, encode: encoder.encodeDocuments, close: encoder.close };
}

async function openPadded() {
  const folder = await readModelFolder(mini);
  const { onnx } = await loadModel(folder, "float32");
  const session = await openSession(onnx);
  let padding = Number.NaN;
  /** @param {readonly string[]} texts */
  const encode = async (texts) => {
    let [tokens, padded] = [0, 0];
    for (let from = 0; from < texts.length; from += 32) {
      const rows = texts.slice(from, from + 32).map((text) => folder.tokenizer.encode(text, 256).ids);
      const batch = padBatch(rows, 0);
      tokens += rows.reduce((sum, row) => sum + row.length, 0);
      padded += batch.input_ids.data.length;
      await session.run(batch);
    }
    padding = padded / tokens;
  };
  /** Tokens of the last run, padding included, for one that is no padding. */
  const measurePadding = () => padding;
  return { name: "padded", encode, close: session.close, measurePadding };
}

/**
 * Queries are short, so that one goes through the session of this thread.
 *
 * @param {readonly string[]} texts
 */
async function timeQueries(texts) {
  const encoder = await openEncoder("mini");
  const queries = texts.map((text) => text.split(" ").slice(0, 9).join(" ")).slice(0, 220);
  const times = [];
  for (const query of queries) times.push(1000 * (await timed(() => encoder.encodeQueries([query]))));
  await encoder.close();
  const warm = times.slice(20).sort((a, b) => a - b);
  const tokens = queries.reduce((sum, query) => sum + encoder.tokenizer.count(query) + 2, 0) / queries.length;
  return {
    tokens: Math.round(tokens),
    median: median(warm).toFixed(1),
    p95: (warm[Math.floor(0.95 * warm.length)] ?? 0).toFixed(1),
  };
}

/**
 * Consecutive words of real text, cut to lengths from a log-normal distribution: most short, a few up to the limit.
 *
 * @param {number} count
 */
async function makeTexts(count) {
  const { tokenizer } = await readModelFolder(mini);
  const random = createRandom(7);
  const { words, from } = await readWords(random);
  const texts = [];
  let [next, tokens] = [0, 0];
  while (texts.length < count) {
    const length = Math.min(254, Math.max(6, Math.round(43 * Math.exp(0.8 * normal(random)))));
    const spent = [];
    for (let room = length; room > 0; next = (next + 1) % words.length) {
      const word = words[next] ?? "";
      room -= tokenizer.count(word);
      spent.push(word);
    }
    texts.push(spent.join(" "));
    tokens += tokenizer.count(spent.join(" "));
  }
  return { texts, source: `${Math.round(tokens / count)} tokens on average, ${from}` };
}

/** @param {() => number} random */
async function readWords(random) {
  const data = resolve(root, process.env["RETRIEVE_DATA"] ?? "../shared/data");
  const corpus = join(data, "knowledge/multihop/corpus.jsonl");
  if (existsSync(corpus)) {
    const lines = readFileSync(corpus, "utf8").split("\n", 2000);
    const words = lines.flatMap((line) => String(JSON.parse(line).text).split(/\s+/));
    return { words, from: "passages of Wikipedia (multihop)" };
  }
  const vocabulary = JSON.parse(readFileSync(join(mini, "tokenizer.json"), "utf8")).model.vocab;
  const whole = Object.keys(vocabulary).filter((word) => /^[a-z]{2,}$/.test(word));
  const words = Array.from(
    { length: 100_000 },
    () => whole[Math.floor(random() ** 2 * whole.length)] ?? "the",
  );
  return { words, from: "random words" };
}

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function machine() {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  return `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${memory}, Node ${process.versions.node}`;
}
