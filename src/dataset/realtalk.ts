/**
 * Memory benchmarks in the layout of RealTalk: `conversations.jsonl` with `_id` and `sessions` of a `date` and `turns`
 * (`id`, `speaker`, `text`), `questions.jsonl` with `conversation`, `question` and `evidence` (turn ids). Both may name
 * a `split`.
 */

import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskError, type OnNotice, RetrieveError, readJsonLines } from "../std/index.ts";
import { listField, objectOf, textField } from "./fields.ts";
import type {
  BenchmarkConversation,
  MemoryBenchmark,
  MemoryData,
  MemoryQuestion,
  SpokenTurn,
} from "./memory-benchmark.ts";
import { readLocomo, readLongMemEval } from "./memory-layouts.ts";
import { spread } from "./spread.ts";

export interface ReadMemoryOptions {
  readonly split?: string;
  /** At most so many questions, evenly spaced over the file. Default all. */
  readonly maxQueries?: number;
  /** Told what was left out. */
  readonly onNotice?: OnNotice;
}

/**
 * Reads one split: the one given, else `test` where a question has it, else `dev`, else all there is.
 *
 * Throws `not_found` for a missing file or split, `invalid_data` naming file and line for a malformed line, an id that
 * comes twice, or a question about a conversation that is not there.
 */
export async function readMemoryBenchmark(
  folder: string,
  options: ReadMemoryOptions = {},
): Promise<MemoryBenchmark> {
  const { file, conversations, questions: all } = await readData(folder);
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
  const withoutEvidence = asked.length - answered.length;
  if (withoutEvidence > 0) {
    options.onNotice?.(`${file}: ${withoutEvidence} questions have no evidence and are left out`);
  }
  const named = new Set(questions.map(({ conversation }) => conversation));
  return {
    split,
    questions,
    withoutEvidence,
    conversations: [...conversations.values()].filter(({ id }) => named.has(id)),
  };
}

/** By what is there: LoCoMo's or LongMemEval's file, else the two files of RealTalk's layout. */
async function readData(folder: string): Promise<MemoryData & { readonly file: string }> {
  const names = folder.endsWith(".json") ? [basename(folder)] : await namesIn(folder);
  const place = folder.endsWith(".json") ? dirname(folder) : folder;
  const locomo = names.find((name) => /^locomo.*\.json$/.test(name));
  if (locomo !== undefined) return { file: join(place, locomo), ...(await readLocomo(join(place, locomo))) };
  const long = names.find((name) => /^longmemeval.*\.json$/.test(name));
  if (long !== undefined) return { file: join(place, long), ...(await readLongMemEval(join(place, long))) };
  const conversations = await readConversations(join(folder, "conversations.jsonl"));
  const file = join(folder, "questions.jsonl");
  return { file, conversations, questions: await readQuestions(file, conversations) };
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    throw diskError(error, folder);
  });
}

async function readConversations(file: string): Promise<Map<string, BenchmarkConversation>> {
  const conversations = new Map<string, BenchmarkConversation>();
  for await (const { value, place } of readJsonLines(file)) {
    const fields = objectOf(value, place);
    const id = textField(fields, "_id", place);
    if (conversations.has(id)) throw twice(place, `conversation "${id}"`);
    const turns = listField(fields, "sessions", place).flatMap((session) => readSession(session, place));
    const seen = new Set<string>();
    for (const turn of turns) {
      if (seen.has(turn.id)) throw twice(place, `turn "${turn.id}"`);
      seen.add(turn.id);
    }
    conversations.set(id, { id, turns });
  }
  return conversations;
}

function readSession(value: unknown, place: string): SpokenTurn[] {
  const session = objectOf(value, place);
  const date = isoDate(textField(session, "date", place, ""));
  return listField(session, "turns", place).map((turn) => {
    const fields = objectOf(turn, place);
    return {
      id: textField(fields, "id", place),
      speaker: textField(fields, "speaker", place),
      text: textField(fields, "text", place),
      ...(date === undefined ? {} : { date }),
    };
  });
}

/** ISO 8601 as it is; `DD.MM.YYYY, …` turned around. */
function isoDate(text: string): string | undefined {
  const [, day, month, year] = /^(\d{2})\.(\d{2})\.(\d{4})/.exec(text) ?? [];
  const date = day === undefined ? text : `${year}-${month}-${day}`;
  return /^\d{4}-\d{2}-\d{2}/.test(date) && !Number.isNaN(Date.parse(date)) ? date : undefined;
}

async function readQuestions(
  file: string,
  conversations: ReadonlyMap<string, BenchmarkConversation>,
): Promise<(MemoryQuestion & { readonly split: string })[]> {
  const questions: (MemoryQuestion & { readonly split: string })[] = [];
  for await (const { value, place } of readJsonLines(file)) {
    const fields = objectOf(value, place);
    const conversation = textField(fields, "conversation", place);
    if (!conversations.has(conversation)) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: "conversation" is "${conversation}", which conversations.jsonl does not have`,
      );
    }
    const id = textField(fields, "_id", place, "");
    const answer = textField(fields, "answer", place, "");
    questions.push({
      ...(id !== "" && { id }),
      ...(answer !== "" && { answers: [answer] }),
      conversation,
      question: textField(fields, "question", place),
      evidence: new Set(listField(fields, "evidence", place).map(String)),
      split: textField(fields, "split", place, "all"),
    });
  }
  return questions;
}

function twice(place: string, what: string): RetrieveError {
  return new RetrieveError("invalid_data", `${place}: ${what} comes twice; ids are unique`);
}
