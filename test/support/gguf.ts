/** Models for llama.cpp, written by `runs/gguf.mjs` when a test asks for them. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const models = resolve(root, process.env["RETRIEVE_DATA"] ?? "../shared/data", "../models");

export interface ModelFile {
  readonly path: string;
  remove(): void;
}

/** stories260K, a real one, where its checkpoint is; else undefined, and the reason is printed. */
export function storiesModel(): ModelFile | undefined {
  const [checkpoint, vocabulary] = ["stories260K.bin", "tok512.bin"].map((name) =>
    join(models, "stories260k", name),
  ) as [string, string];
  return isThere(checkpoint)
    ? write("stories260K.gguf", (path) => ["stories", checkpoint, vocabulary, path])
    : undefined;
}

/** Random weights with the real tokens of GPT-2, which has no mark of the beginning; undefined as above. */
export function bytePairModel(): ModelFile | undefined {
  const folder = join(models, "gpt2_bpe");
  return isThere(folder)
    ? write("byte-pairs.gguf", (path) => ["random", path, "--size", "1M", "--bpe", folder])
    : undefined;
}

function isThere(path: string): boolean {
  const found = existsSync(path);
  if (!found) console.warn(`skipped: ${path} is not there (set RETRIEVE_DATA)`);
  return found;
}

/** A million random weights: it has a tokenizer that merges, and no sense. */
export function randomModel(): ModelFile {
  return write("random.gguf", (path) => ["random", path, "--size", "1M"]);
}

function write(name: string, args: (path: string) => string[]): ModelFile {
  const folder = mkdtempSync(join(tmpdir(), "retrieve-gguf-"));
  const path = join(folder, name);
  execFileSync(process.execPath, [join(root, "runs/gguf.mjs"), ...args(path)]);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
