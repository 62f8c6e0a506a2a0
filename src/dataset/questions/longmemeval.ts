/**
 * LongMemEval (Wu et al. 2025; xiaowu0162/LongMemEval, README and `src/retrieval/run_retrieval.py`): one JSON array of questions,
 * each with a haystack of its own: `haystack_sessions` of turns (`role`, `content`, `has_answer` where it is evidence), with
 * `haystack_session_ids` and `haystack_dates` beside it. `longmemeval_{s,m,oracle}.json`, up to gigabytes.
 */

import { RetrieveError } from "../../std/index.ts";
import { readItems } from "../convert/place.ts";
import { isThere } from "../convert/texts.ts";
import { listField, listOf, objectOf, textField } from "../fields.ts";
import type { BenchmarkConversation, FiledQuestion, MemoryData, SpokenTurn } from "../memory-benchmark.ts";
import { createUnique } from "../unique.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Question and conversation have one id. Turn K of a session, from 1, is `SESSION_K`, as the owners have it; a session that comes
 * again in a haystack is `SESSION#2`. Sessions are put in the order of their dates, which those of the oracle file are not.
 *
 * Questions whose id ends with `_abs` ask for what was never said and have no evidence. The owners rank the turns of users only
 * and leave out questions that an assistant's turn alone answers; here all turns are ranked, and all with `has_answer` count.
 *
 * Memory: the questions; conversations are read in a second pass, those that are asked for. Throws `not_found`; `invalid_data`
 * naming file and item for a malformed one or an id that comes twice.
 */
export async function readLongMemEval(path: string): Promise<MemoryData> {
  const questions: FiledQuestion[] = [];
  const unique = createUnique("question");
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    questions.push(questionOf(fields, unique(textField(fields, "question_id", place), place), place));
  }
  return { file: path, questions, conversationsOf: (ids) => conversationsIn(path, ids), notices: [] };
}

function questionOf(fields: Fields, id: string, place: string): FiledQuestion {
  const question = { id, conversation: id, question: textField(fields, "question", place), split: "all" };
  const answer = textField(fields, "answer", place, "");
  const own = { ...question, ...(isThere(answer) && { answers: [answer] }) };
  if (id.endsWith("_abs")) return { ...own, evidence: new Set(), reason: "abstention" };
  const evidence = turnsOf(fields, place).filter(({ isEvidence }) => isEvidence);
  return { ...own, evidence: new Set(evidence.map(({ turn }) => turn.id)) };
}

async function conversationsIn(path: string, ids: ReadonlySet<string>): Promise<BenchmarkConversation[]> {
  const conversations: BenchmarkConversation[] = [];
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    const id = textField(fields, "question_id", place);
    if (ids.has(id)) conversations.push({ id, turns: turnsOf(fields, place).map(({ turn }) => turn) });
  }
  return conversations;
}

interface HaystackTurn {
  readonly turn: SpokenTurn;
  readonly isEvidence: boolean;
}

function turnsOf(fields: Fields, place: string): HaystackTurn[] {
  return sessionsOf(fields, place).flatMap(({ name, when, turns }) => {
    const date = /^(\d{4})\/(\d{2})\/(\d{2})/.exec(when)?.slice(1).join("-");
    return turns.map((turn, at) => {
      const own = objectOf(turn, `${place}, session "${name}"`);
      return {
        isEvidence: own["has_answer"] === true,
        turn: {
          id: `${name}_${at + 1}`,
          speaker: textField(own, "role", place),
          text: textField(own, "content", place),
          ...(date !== undefined && { date }),
        },
      };
    });
  });
}

interface Session {
  readonly name: string;
  /** `2023/05/20 (Sat) 02:21`. */
  readonly when: string;
  readonly turns: readonly unknown[];
}

function sessionsOf(fields: Fields, place: string): Session[] {
  const sessions = listField(fields, "haystack_sessions", place);
  const names = listField(fields, "haystack_session_ids", place).map(String);
  const dates = listField(fields, "haystack_dates", place).map(String);
  for (const [field, list] of Object.entries({ haystack_session_ids: names, haystack_dates: dates })) {
    if (list.length !== sessions.length) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: "${field}" has ${list.length} items and "haystack_sessions" ${sessions.length}; wanted one for each`,
      );
    }
  }
  const seen = new Map<string, number>();
  return sessions
    .map((session, at) => {
      const name = names[at] ?? "";
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return {
        name: count === 1 ? name : `${name}#${count}`,
        when: dates[at] ?? "",
        turns: listOf(session, `${place}, session "${name}"`),
      };
    })
    .sort((left, right) => compare(momentOf(left.when), momentOf(right.when)));
}

/** Day and time without the name of the day, which would come between them. */
function momentOf(when: string): string {
  return when.replace(/\s*\([^)]*\)/, "");
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
