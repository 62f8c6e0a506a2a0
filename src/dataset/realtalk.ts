/**
 * Memory benchmarks in the layout of RealTalk: `conversations.jsonl` with `_id` and `sessions` of a `date` and `turns`
 * (`id`, `speaker`, `text`), `questions.jsonl` with `conversation`, `question`, `evidence` (turn ids) and perhaps `answer`. Both
 * may name a `split`.
 */

import { join } from "node:path";
import { RetrieveError, readJsonLines } from "../std/index.ts";
import { listField, objectOf, textField } from "./fields.ts";
import type { BenchmarkConversation, FiledQuestion, MemoryData, SpokenTurn } from "./memory-benchmark.ts";

/**
 * Both files of a folder.
 *
 * Throws `not_found` for a missing file, `invalid_data` naming file and line for a malformed line, an id that comes twice, or a
 * question about a conversation that is not there.
 */
export async function readRealtalk(folder: string): Promise<MemoryData> {
  const conversations = await readConversations(join(folder, "conversations.jsonl"));
  const file = join(folder, "questions.jsonl");
  return {
    file,
    questions: await readQuestions(file, conversations),
    conversationsOf: async (ids) => [...conversations.values()].filter(({ id }) => ids.has(id)),
    notices: [],
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
): Promise<FiledQuestion[]> {
  const questions: FiledQuestion[] = [];
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
