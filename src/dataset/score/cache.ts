/**
 * What a language model was asked once, kept for ever: nothing is scored twice, whoever asks again.
 *
 * A folder a model, in it a file a process, which only that process appends to. So processes share a folder without
 * locks, and a process that is killed spoils at most its own last line, which is passed over. An answer is on its way to
 * the disk before anybody uses it.
 */

import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { diskError, formatJsonLine, scanLines } from "../../std/index.ts";

/** How likely a continuation was: enough for its sum and its mean. */
export interface CachedScore {
  /** Tokens of the continuation. */
  readonly tokens: number;
  /** Sum of their log-probabilities. */
  readonly sum: number;
  /** Of `yes-no`: words that only a bound stands in for. With 1 the sum is a bound, with 2 it says nothing. Default 0. */
  readonly bounds?: number;
}

export interface ScoreCache {
  score(key: string): CachedScore | undefined;
  text(key: string): string | undefined;
  /** Resolves when the system has it. */
  putScore(key: string, score: CachedScore): Promise<void>;
  putText(key: string, text: string): Promise<void>;
  /** Takes in what other processes wrote meanwhile. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Identifies a question to a model by its content. */
export function cacheKey(...parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
}

/**
 * Opens the answers of a model in `folder`. Memory: some 150 bytes an answer. Throws `disk` where the disk refuses.
 */
export async function openScoreCache(folder: string, model: string): Promise<ScoreCache> {
  const place = join(folder, cacheKey(model));
  const own = `${process.pid}-${randomUUID().slice(0, 8)}.jsonl`;
  const scores = new Map<string, CachedScore>();
  const texts = new Map<string, string>();
  /** Bytes that were read, by file. */
  const read = new Map<string, number>();

  const take = (entry: Entry): void => {
    if (entry.length === 2) texts.set(entry[0], entry[1]);
    else scores.set(entry[0], scoreOf(entry));
  };
  const refresh = async (): Promise<void> => {
    try {
      for (const name of await readdir(place)) {
        if (name === own || !name.endsWith(".jsonl")) continue;
        read.set(name, await readEntries(join(place, name), read.get(name) ?? 0, take));
      }
    } catch (error) {
      throw diskError(error, place);
    }
  };

  let file: FileHandle | undefined;
  let writing = Promise.resolve();
  const put = (entry: Entry): Promise<void> => {
    take(entry);
    const next = writing.then(async () => {
      file ??= await begin(join(place, own), model);
      await file.appendFile(formatJsonLine(entry));
    });
    writing = next.catch(() => undefined);
    return next.catch((error: unknown) => {
      throw diskError(error, place);
    });
  };

  await mkdir(place, { recursive: true }).catch((error: unknown) => {
    throw diskError(error, place);
  });
  await refresh();
  return {
    score: (key) => scores.get(key),
    text: (key) => texts.get(key),
    putScore: (key, { tokens, sum, bounds }) =>
      put(bounds === undefined ? [key, tokens, sum] : [key, tokens, sum, bounds]),
    putText: (key, text) => put([key, text]),
    refresh,
    close: async () => {
      await writing;
      await file?.close();
    },
  };
}

type ScoreEntry = readonly [key: string, tokens: number, sum: number, bounds?: number];
type Entry = ScoreEntry | readonly [key: string, text: string];

function scoreOf([_key, tokens, sum, bounds]: ScoreEntry): CachedScore {
  return bounds === undefined ? { tokens, sum } : { tokens, sum, bounds };
}

/** The first line tells a person whose answers these are. */
async function begin(path: string, model: string): Promise<FileHandle> {
  const file = await open(path, "a");
  await file.appendFile(formatJsonLine({ model }));
  return file;
}

/** Takes the whole lines after byte `from`; returns where they end. A last line may be torn, or still being written. */
async function readEntries(path: string, from: number, take: (entry: Entry) => void): Promise<number> {
  let end = from;
  for await (const { bytes, start, ended } of scanLines(createReadStream(path, { start: from }))) {
    if (!ended) break;
    end = from + start + bytes.length + 1;
    const entry = parseEntry(bytes.toString());
    if (entry !== undefined) take(entry);
  }
  return end;
}

function parseEntry(line: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // a disk that was full once
  }
  if (!Array.isArray(value)) return undefined;
  const [key, second, third, fourth]: unknown[] = value;
  if (typeof key !== "string") return undefined;
  if (typeof second === "string" && value.length === 2) return [key, second];
  if (typeof second !== "number" || typeof third !== "number") return undefined;
  return typeof fourth === "number" ? [key, second, third, fourth] : [key, second, third];
}
