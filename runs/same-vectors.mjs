/**
 * Whether two processors give the same vectors: prints a hash of what `mini` makes of the shipped samples.
 *
 *     npm run build && node runs/same-vectors.mjs
 *
 * Equal hashes are equal bits. Each text is encoded by itself, so that batches, which go by the number of cores, do
 * not matter. Float32 differs between processors in the last bits.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { openEncoder } from "#src/encoder/index.js";

const corpus = resolve(import.meta.dirname, "../samples/knowledge/corpus.jsonl");
const texts = readFileSync(corpus, "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line).text);

const hash = createHash("sha256");
const encoder = await openEncoder("mini", { precision: "int8" });
for (const text of texts) {
  for (const vector of await encoder.encodeQueries([text])) {
    hash.update(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }
}
await encoder.close();
console.log(`${hash.digest("hex").slice(0, 16)}  ${texts.length} texts, ${cpus()[0]?.model.trim()}`);
