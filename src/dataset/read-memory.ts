/** Memory benchmarks, whatever layout they have: RealTalk's, LoCoMo's or LongMemEval's. */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskError, type OnNotice, RetrieveError } from "../std/index.ts";
import { isFile, readItems } from "./convert/place.ts";
import type { FiledQuestion, MemoryBenchmark, MemoryData } from "./memory-benchmark.ts";
import { readLocomo } from "./questions/locomo.ts";
import { readLongMemEval } from "./questions/longmemeval.ts";
import { readRealtalk } from "./realtalk.ts";
import { spread } from "./spread.ts";

export interface ReadMemoryOptions {
  readonly split?: string;
  /** At most so many questions, evenly spaced over the file. Default all. */
  readonly maxQueries?: number;
  /** Told what was mended, and what was left out. */
  readonly onNotice?: OnNotice;
}

/**
 * Reads one split: the one given, else `test` where a question has it, else `dev`, else all there is. `source` is a folder with
 * `conversations.jsonl` (see {@link readRealtalk}), a file of LoCoMo or LongMemEval by whatever name, or a folder with one.
 *
 * Throws `not_found` for a missing file or split; `invalid_argument` for a folder with several such files; `invalid_data` naming
 * file and line or item for a malformed one, an id that comes twice, or a question about a conversation that is not there.
 */
export async function readMemoryBenchmark(
  source: string,
  options: ReadMemoryOptions = {},
): Promise<MemoryBenchmark> {
  const { file, questions: all, conversationsOf, notices } = await readData(source);
  const splits = [...new Set(all.map(({ split }) => split))];
  const split = options.split ?? ["test", "dev"].find((name) => splits.includes(name)) ?? "all";
  const asked = all.filter((question) => split === "all" || question.split === split);
  const answered = asked.filter(({ evidence }) => evidence.size > 0);
  const questions = spread(answered, options.maxQueries);
  if (questions.length === 0) {
    throw new RetrieveError(
      "not_found",
      `${file}: no question with evidence in split "${split}"; there are: ${splits.join(", ") || "none"}`,
    );
  }
  const excluded = reasonsOf(asked);
  for (const notice of notices) options.onNotice?.(notice);
  const withoutEvidence = asked.length - answered.length;
  if (withoutEvidence > 0) {
    const reasons = Object.entries(excluded).map(([reason, count]) => `${count} ${reason}`);
    options.onNotice?.(
      `${file}: ${withoutEvidence} questions have no evidence and are left out: ${reasons.join(", ")}`,
    );
  }
  const conversations = await conversationsOf(new Set(questions.map(({ conversation }) => conversation)));
  return { split, questions, withoutEvidence, excluded, conversations };
}

function reasonsOf(questions: readonly FiledQuestion[]): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const { evidence, reason = "without evidence" } of questions) {
    if (evidence.size === 0) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return reasons;
}

type Reader = (path: string) => Promise<MemoryData>;

async function readData(source: string): Promise<MemoryData> {
  const found = await stat(source).catch((error: unknown) => {
    throw diskError(error, source);
  });
  if (found.isFile()) {
    const reader = await readerOf(source);
    if (reader !== undefined) return await reader(source);
    throw new RetrieveError(
      "invalid_data",
      `${source}: neither LoCoMo's fields (conversation, qa) nor LongMemEval's (haystack_sessions); wanted one of these, or a folder with conversations.jsonl`,
    );
  }
  if (await isFile(join(source, "conversations.jsonl"))) return await readRealtalk(source);
  return await readOnly(source);
}

/** The one file of LoCoMo or LongMemEval in a folder. */
async function readOnly(folder: string): Promise<MemoryData> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const known: { readonly path: string; readonly reader: Reader }[] = [];
  const faults: unknown[] = [];
  for (const path of names.map((name) => join(folder, name))) {
    const reader = await readerOf(path).catch((error: unknown) => {
      faults.push(error);
    });
    if (reader !== undefined) known.push({ path, reader });
  }
  const [first] = known;
  if (first !== undefined && known.length === 1) return await first.reader(first.path);
  if (known.length > 1) {
    throw new RetrieveError(
      "invalid_argument",
      `${folder}: holds several benchmarks; name one: ${known.map(({ path }) => path).join(", ")}`,
    );
  }
  if (faults.length > 0) throw faults[0];
  throw new RetrieveError(
    "not_found",
    `${folder}: holds no conversations.jsonl, and no file of LoCoMo or LongMemEval`,
  );
}

/** By the fields of the first item. */
async function readerOf(path: string): Promise<Reader | undefined> {
  for await (const { value } of readItems(path)) {
    if (typeof value !== "object" || value === null) return undefined;
    if ("haystack_sessions" in value) return readLongMemEval;
    return "conversation" in value && "qa" in value ? readLocomo : undefined;
  }
  return undefined;
}
