/** The items of a file that is one JSON array, read one at a time: data sets of gigabytes come as such. */

import { createReadStream } from "node:fs";
import { RetrieveError } from "./errors.ts";
import { diskError } from "./files.ts";
import { type JsonLine, parseJsonLine } from "./jsonl.ts";

/**
 * The items in order, each with its place, `file, item N` from 1. Memory: the longest item.
 *
 * Throws `not_found`; `invalid_data` for a file that is no array, that ends before its array does, or an item that does not
 * parse.
 */
export async function* readJsonArray(path: string): AsyncGenerator<JsonLine> {
  let number = 0;
  for await (const text of itemsOf(path)) {
    const place = `${path}, item ${++number}`;
    yield { value: parseJsonLine(text, place), place };
  }
}

/** Where the scanner stands: what it has of the item under way, and how deep in it. */
interface Scan {
  item: string;
  depth: number;
  isText: boolean;
  isEscaped: boolean;
}

async function* itemsOf(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path, "utf8");
  const scan: Scan = { item: "", depth: 0, isText: false, isEscaped: false };
  try {
    for await (const chunk of stream) {
      let from = 0;
      for (let at = 0; at < chunk.length; at++) {
        const edge = edgeAt(scan, chunk[at], path);
        if (edge === undefined) continue;
        const item = (scan.item + chunk.slice(from, at)).trim();
        if (edge === "end" && item !== "") yield item;
        scan.item = "";
        from = at + 1;
      }
      scan.item += chunk.slice(from);
    }
  } catch (error) {
    throw diskError(error, path);
  } finally {
    stream.destroy();
  }
  if (scan.depth > 0) {
    throw new RetrieveError("invalid_data", `${path}: ends before its JSON array does; is it complete?`);
  }
}

/** Takes one character. `begin`: the array opens with it; `end`: an item, or the array, ends with it. */
function edgeAt(scan: Scan, character: string, path: string): "begin" | "end" | undefined {
  if (scan.isText) {
    readText(scan, character);
    return undefined;
  }
  if (scan.depth === 0) return openAt(scan, character, path);
  if (character === '"') scan.isText = true;
  if (character === "[" || character === "{") scan.depth++;
  if (character === "]" || character === "}") scan.depth--;
  return scan.depth === 0 || (character === "," && scan.depth === 1) ? "end" : undefined;
}

/** Around the array there is white space, and perhaps the mark of the byte order. */
function openAt(scan: Scan, character: string, path: string): "begin" | undefined {
  if (/[\s\ufeff]/.test(character)) return undefined;
  if (character !== "[") {
    throw new RetrieveError("invalid_data", `${path}: is no JSON array; wanted [ … ] and nothing else`);
  }
  scan.depth = 1;
  return "begin";
}

function readText(scan: Scan, character: string): void {
  if (scan.isEscaped) scan.isEscaped = false;
  else if (character === "\\") scan.isEscaped = true;
  else if (character === '"') scan.isText = false;
}
