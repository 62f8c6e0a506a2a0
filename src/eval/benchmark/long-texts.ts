/** Long texts for language modelling: a file of them, or a folder of sets. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileIn, isFile, readBundleLines, textField } from "../../dataset/index.ts";
import { diskError } from "../../std/index.ts";

export interface LongText {
  readonly id: string;
  readonly text: string;
  /** The set, where there are several: books3, arxiv, … */
  readonly group?: string;
}

/** `SPLIT.json` or `texts.jsonl`, in the folder or in folders there. Throws `not_found` where there is none. */
export async function readLongTexts(folder: string, split: string): Promise<LongText[]> {
  const names = [`${split}.json`, `${split}.jsonl`, "texts.jsonl"];
  const sets = await setsIn(folder, names);
  if (sets.length === 0) return await readSet(await fileIn(folder, names));
  const texts: LongText[] = [];
  for (const set of sets) {
    const own = await readSet(await fileIn(join(folder, set), names));
    texts.push(...own.map(({ id, text }) => ({ id: `${set}/${id}`, text, group: set })));
  }
  return texts;
}

async function setsIn(folder: string, names: readonly string[]): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return [];
    throw diskError(error, folder);
  });
  const sets: string[] = [];
  for (const { name } of found.filter((entry) => entry.isDirectory())) {
    for (const file of names)
      if (!sets.includes(name) && (await isFile(join(folder, name, file)))) sets.push(name);
  }
  return sets.sort();
}

async function readSet(path: string): Promise<LongText[]> {
  const texts: LongText[] = [];
  for await (const { fields, place } of readBundleLines(path)) {
    texts.push({ id: String(fields["_id"] ?? texts.length), text: textField(fields, "text", place) });
  }
  return texts;
}
