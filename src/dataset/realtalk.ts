/**
 * Memory benchmarks in the layout of RealTalk: `conversations.jsonl` with `_id` and `sessions` of a `date` and `turns`
 * (`id`, `speaker`, `text`), `questions.jsonl` with `conversation`, `question` and `evidence` (turn ids). Both may name
 * a `split`.
 */

import { join } from "node:path";
import { type OnNotice, RetrieveError, readJsonLines } from "../std/index.ts";
import { listField, objectOf, textField } from "./fields.ts";
import { spread } from "./spread.ts";

export interface SpokenTurn {
  /** Unique in its conversation. */
  readonly id: string;
  readonly speaker: string;
  readonly text: string;
  /** Of its session, as ISO 8601 from the day on; absent where none is given or it cannot be read. */
  readonly date?: string;
}

export interface BenchmarkConversation {
  readonly id: string;
  readonly turns: readonly SpokenTurn[];
}

export interface MemoryQuestion {
  readonly id?: string;
  readonly conversation: string;
  readonly question: string;
  /** Turns of the conversation that answer it, at least one. */
  readonly evidence: ReadonlySet<string>;
}

export interface MemoryBenchmark {
  readonly split: string;
  /** Those that are asked about. */
  readonly conversations: readonly BenchmarkConversation[];
  /** Those with evidence. */
  readonly questions: readonly MemoryQuestion[];
  /** How many of the split have none. */
  readonly withoutEvidence: number;
}

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
  const conversations = await readConversations(join(folder, "conversations.jsonl"));
  const file = join(folder, "questions.jsonl");
  const all = await readQuestions(file, conversations);
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
    questions.push({
      ...(id !== "" && { id }),
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
