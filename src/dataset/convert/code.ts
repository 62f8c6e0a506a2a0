/** Source code, as of CodeParrot (codeparrot/github-code): the files of a repository make one long text. */

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { diskError, parseJsonLine, scanLines } from "../../std/index.ts";
import { objectOf, textField } from "../fields.ts";
import { openChunker } from "./chunks.ts";
import type { Converter } from "./converter.ts";
import { shortestText } from "./long-text.ts";

interface Line {
  readonly start: number;
  readonly length: number;
  readonly path: string;
}

/**
 * JSON Lines of `{repo_name, path, content}` (or `code`) in any order: one pass remembers where the files of each repository stand,
 * then each is read and joined in the order of its paths. Otherwise as long texts. Memory: 100 bytes a file, and one repository.
 */
export const convertCode: Converter = async function* (source, { task = "lrlm" }) {
  const repositories = await linesByRepository(source);
  await using chunker = await openChunker();
  const file = await open(source);
  try {
    for (const lines of repositories.values()) {
      const text = await joined(file, source, lines);
      if (text.length < shortestText) yield { dropped: `under ${shortestText} characters` };
      else yield* chunker.rows(text, task);
    }
  } finally {
    await file.close();
  }
};

async function linesByRepository(source: string): Promise<Map<string, Line[]>> {
  const repositories = new Map<string, Line[]>();
  let number = 0;
  try {
    for await (const { bytes, start } of scanLines(createReadStream(source))) {
      const place = `${source}:${++number}`;
      if (bytes.toString().trim() === "") continue;
      const fields = objectOf(parseJsonLine(bytes.toString(), place), place);
      const repository = textField(fields, "repo_name", place);
      const lines = repositories.get(repository) ?? [];
      lines.push({ start, length: bytes.length, path: textField(fields, "path", place, "") });
      repositories.set(repository, lines);
    }
  } catch (error) {
    throw diskError(error, source);
  }
  return repositories;
}

async function joined(file: FileHandle, source: string, lines: readonly Line[]): Promise<string> {
  const texts: string[] = [];
  for (const { start, length } of lines.toSorted((left, right) => (left.path < right.path ? -1 : 1))) {
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, start);
    const place = `${source}, byte ${start}`;
    const fields = objectOf(parseJsonLine(buffer.toString(), place), place);
    texts.push(textField(fields, "content" in fields ? "content" : "code", place, ""));
  }
  return texts.join("\n");
}
