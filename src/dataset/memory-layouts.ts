/** Long conversations with questions in the layouts of LoCoMo and LongMemEval. */

import { readItems } from "./convert/place.ts";
import { listField, objectOf, textField } from "./fields.ts";
import type { BenchmarkConversation, MemoryData, MemoryQuestion, SpokenTurn } from "./memory-benchmark.ts";

/**
 * LoCoMo (snap-research/locomo, `locomo10.json`): `sample_id`, `conversation` with `session_N` and `session_N_date_time`, `qa`
 * with `question`, `answer`, `evidence`, `category`. The caption of a shared image stands in brackets after its turn. Some
 * evidence holds several ids in one text, or ids with zeros before the number or with stray colons: ids are looked for in
 * the text, and those that the conversation lacks are passed over. Category 5 asks for what was never said: its questions
 * have evidence that misleads, and none of it counts.
 */
export async function readLocomo(path: string): Promise<MemoryData> {
  const conversations = new Map<string, BenchmarkConversation>();
  const questions: (MemoryQuestion & { readonly split: string })[] = [];
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    const id = textField(fields, "sample_id", place, String(conversations.size));
    const turns = locomoTurns(objectOf(fields["conversation"], place), place);
    conversations.set(id, { id, turns });
    const known = new Map(turns.map((turn) => [normalId(turn.id), turn.id]));
    for (const [at, asked] of listField(fields, "qa", place).entries()) {
      const own = objectOf(asked, `${place}, question ${at}`);
      const isAdversarial = Number(own["category"]) === 5;
      const named = listField(own, "evidence", place).flatMap(
        (text) => String(text).match(/D:?\d+:\d+/g) ?? [],
      );
      const evidence = named.flatMap((one) => known.get(normalId(one)) ?? []);
      const answer = own["answer"];
      questions.push({
        ...{ id: `${id}-${at}`, conversation: id, question: textField(own, "question", place), split: "all" },
        evidence: new Set(isAdversarial ? [] : evidence),
        ...(answer !== undefined && !isAdversarial && { answers: [String(answer)] }),
      });
    }
  }
  return { conversations, questions };
}

/** `D:11:26` and `D30:05` are `D11:26` and `D30:5`. */
function normalId(id: string): string {
  const [session = "", turn = ""] = id.match(/\d+/g) ?? [];
  return `${Number(session)}:${Number(turn)}`;
}

function locomoTurns(conversation: Readonly<Record<string, unknown>>, place: string): SpokenTurn[] {
  const sessions = Object.keys(conversation)
    .flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);
  return sessions.flatMap((session) => {
    const date = dayOf(textField(conversation, `session_${session}_date_time`, place, ""));
    return listField(conversation, `session_${session}`, place).map((turn) => {
      const fields = objectOf(turn, place);
      const caption = textField(fields, "blip_caption", place, "");
      const text = textField(fields, "text", place);
      return {
        ...{ id: textField(fields, "dia_id", place), speaker: textField(fields, "speaker", place) },
        text: caption === "" ? text : `${text} [${caption}]`,
        ...(date !== undefined && { date }),
      };
    });
  });
}

const months = "january february march april may june july august september october november december".split(
  " ",
);

/** `1:56 pm on 8 May, 2023` as a day. */
function dayOf(text: string): string | undefined {
  const [, day = "", month = "", year = ""] = /(\d{1,2}) ([A-Za-z]+),? (\d{4})/.exec(text) ?? [];
  const number = months.indexOf(month.toLowerCase()) + 1;
  return number === 0 ? undefined : `${year}-${String(number).padStart(2, "0")}-${day.padStart(2, "0")}`;
}

/**
 * LongMemEval (xiaowu0162/LongMemEval, `longmemeval_{s,m,oracle}.json`): each question with a haystack of its own,
 * `haystack_sessions` of turns with `role`, `content` and, where it is evidence, `has_answer`. Turn k of session n is
 * `SESSION_ID:k`. Questions whose id ends with `_abs` ask for what was never said and have no evidence.
 */
export async function readLongMemEval(path: string): Promise<MemoryData> {
  const conversations = new Map<string, BenchmarkConversation>();
  const questions: (MemoryQuestion & { readonly split: string })[] = [];
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    const id = textField(fields, "question_id", place);
    const dates = listField(fields, "haystack_dates", place).map(String);
    const names = listField(fields, "haystack_session_ids", place).map(String);
    const evidence = new Set<string>();
    const turns = listField(fields, "haystack_sessions", place).flatMap((session, at) => {
      const date = dates[at]
        ?.match(/(\d{4})\/(\d{2})\/(\d{2})/)
        ?.slice(1)
        .join("-");
      return (Array.isArray(session) ? session : []).map((turn: unknown, number: number) => {
        const own = objectOf(turn, place);
        // A session may stand twice in a haystack, so its place is part of the name.
        const turnId = `${at}/${names[at] ?? ""}:${number}`;
        if (own["has_answer"] === true && !id.endsWith("_abs")) evidence.add(turnId);
        return {
          ...{ id: turnId, speaker: textField(own, "role", place), text: textField(own, "content", place) },
          ...(date !== undefined && { date }),
        };
      });
    });
    conversations.set(id, { id, turns });
    questions.push({
      ...{ id, conversation: id, question: textField(fields, "question", place), evidence, split: "all" },
      answers: [textField(fields, "answer", place, "")].filter((answer) => answer !== ""),
    });
  }
  return { conversations, questions };
}
