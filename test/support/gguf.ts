/** Models for llama.cpp, written by `runs/gguf.mjs` when a test asks for them. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const stories = resolve(root, process.env["RETRIEVE_DATA"] ?? "../shared/data", "../models/stories260k");

export interface ModelFile {
  readonly path: string;
  remove(): void;
}

/** stories260K, a real one, where its checkpoint is; else undefined, and the reason is printed. */
export function storiesModel(): ModelFile | undefined {
  const [checkpoint, vocabulary] = [join(stories, "stories260K.bin"), join(stories, "tok512.bin")];
  if (existsSync(checkpoint))
    return write("stories260K.gguf", (path) => ["stories", checkpoint, vocabulary, path]);
  console.warn(`skipped: ${checkpoint} is not there (set RETRIEVE_DATA)`);
  return undefined;
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
