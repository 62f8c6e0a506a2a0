/**
 * Vectors of real sentences for the store's benchmark: sentences of public-domain books ($RETRIEVE_DATA/memory) encoded
 * by `mini`. Kept in a file that grows as it is encoded, so that an interrupted run goes on where it stopped.
 */

import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEncoder } from "#src/encoder/index.js";
import { createRandom, readJsonLines, shuffle } from "#src/std/index.js";

const DATA = process.env.RETRIEVE_DATA ?? "../shared/data";
const CACHE = join(tmpdir(), "retrieve-bench");
const CHUNK = 2000;

/** `count` different sentences with their vectors, in an order that is random and always the same. */
export async function realVectors(count) {
  const texts = (await sentences()).slice(0, count);
  if (texts.length < count)
    throw new Error(`only ${texts.length} sentences in ${DATA}/memory, wanted ${count}`);
  const encoder = await openEncoder("mini");
  const { dimensions } = encoder;
  const bytes = 4 * dimensions;
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, `sentences-${encoder.fingerprint("qa").slice(0, 12).replaceAll(/\W/g, "")}.f32`);
  let done = existsSync(file) ? Math.floor(statSync(file).size / bytes) : 0;
  while (done < count) {
    const vectors = await encoder.encodeDocuments(texts.slice(done, done + CHUNK));
    for (const vector of vectors) appendFileSync(file, Buffer.from(vector.buffer, vector.byteOffset, bytes));
    done += vectors.length;
    process.stderr.write(`\rencoded ${done} of ${count} sentences`);
  }
  await encoder.close();
  const all = readFileSync(file);
  const flat = new Float32Array(all.buffer, all.byteOffset, count * dimensions);
  return { texts, vectors: texts.map((_, n) => flat.subarray(n * dimensions, (n + 1) * dimensions)) };
}

async function sentences() {
  const found = new Set();
  for (const name of ["books", "nltk_texts"]) {
    for await (const { value } of readJsonLines(join(DATA, "memory", name, "texts.jsonl"))) {
      for (const sentence of value.text.replaceAll(/\s+/g, " ").split(/(?<=[.!?])["”’]?\s+/)) {
        if (sentence.length >= 30 && sentence.length <= 250) found.add(sentence);
      }
    }
  }
  return shuffle([...found].sort(), createRandom(0));
}
