/**
 * LoCoMo (Maharana et al. 2024; snap-research/locomo, `data/locomo10.json`, README and `task_eval/evaluation.py`): one JSON array
 * of `sample_id`, `conversation` (`session_N` and `session_N_date_time`; turns of `dia_id`, `speaker`, `text`, perhaps
 * `blip_caption`) and `qa` (`question`, `answer`, `evidence` as ids of turns, `category`).
 */

import { readItems } from "../convert/place.ts";
import { isThere } from "../convert/texts.ts";
import { listField, objectOf, textField } from "../fields.ts";
import type { BenchmarkConversation, FiledQuestion, MemoryData, SpokenTurn } from "../memory-benchmark.ts";
import { createUnique } from "../unique.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Of a question whose answer was never said. */
const adversarial = 5;
/** Of a question whose answer goes on with a reason, which the owners' evaluation cuts off. */
const inferred = 3;

/**
 * All samples; the N-th question of a sample, from 0, is `SAMPLE-N`. The caption of an image stands in brackets after what was
 * said with it.
 *
 * Some evidence holds several ids in one text (`D8:6; D9:17`), or ids written in another way (`D:11:26`, `D30:05`): those that
 * name a turn all the same are taken and counted in a notice, as are those that name none. The evidence of an adversarial
 * question misleads, and none of it counts. The owners' recall of a question without evidence is 1; here it is left out.
 *
 * Throws `not_found`; `invalid_data` naming file and item for a malformed one, a sample or turn that comes twice.
 */
export async function readLocomo(path: string): Promise<MemoryData> {
  const conversations: BenchmarkConversation[] = [];
  const questions: FiledQuestion[] = [];
  const counts = { mended: 0, unknown: 0 };
  const unique = createUnique("sample");
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    const id = unique(textField(fields, "sample_id", place, String(conversations.length)), place);
    const turns = turnsOf(objectOf(fields["conversation"], `${place}, "conversation"`), place);
    conversations.push({ id, turns });
    const known = new Map(turns.map((turn) => [numbersOf(turn.id), turn.id]));
    for (const [at, asked] of listField(fields, "qa", place).entries()) {
      const where = `${place}, question ${at}`;
      const own = objectOf(asked, where);
      const evidence = evidenceOf(own, where, known);
      if (!isAdversarial(own)) {
        counts.mended += evidence.mended;
        counts.unknown += evidence.unknown;
      }
      questions.push(questionOf(own, { where, id: `${id}-${at}`, conversation: id }, evidence.turns));
    }
  }
  return {
    file: path,
    questions,
    conversationsOf: async (ids) => conversations.filter(({ id }) => ids.has(id)),
    notices: noticesOf(path, counts),
  };
}

function isAdversarial(fields: Fields): boolean {
  return Number(fields["category"]) === adversarial;
}

function questionOf(
  fields: Fields,
  { where, id, conversation }: { readonly where: string; readonly id: string; readonly conversation: string },
  turns: readonly string[],
): FiledQuestion {
  const question = { id, conversation, question: textField(fields, "question", where), split: "all" };
  if (isAdversarial(fields)) return { ...question, evidence: new Set(), reason: "adversarial" };
  const answer = textField(fields, "answer", where, "");
  const short = Number(fields["category"]) === inferred ? (answer.split(";")[0] ?? "").trim() : answer;
  return { ...question, evidence: new Set(turns), ...(isThere(short) && { answers: [short] }) };
}

interface Evidence {
  readonly turns: readonly string[];
  /** Ids that were taken though they are not written as the turn has them. */
  readonly mended: number;
  /** Texts and ids that name no turn. */
  readonly unknown: number;
}

function evidenceOf(fields: Fields, where: string, known: ReadonlyMap<string, string>): Evidence {
  const turns: string[] = [];
  const counts = { mended: 0, unknown: 0 };
  for (const text of listField(fields, "evidence", where).map(String)) {
    const ids = text.match(/D:?\d+:\d+/g) ?? [text];
    for (const id of ids) {
      const turn = known.get(numbersOf(id));
      if (turn === undefined) counts.unknown++;
      else turns.push(turn);
      if (turn !== undefined && turn !== text) counts.mended++;
    }
  }
  return { turns, ...counts };
}

/** Session and turn: `D:11:26` and `D30:05` are `11:26` and `30:5`. */
function numbersOf(id: string): string {
  return (id.match(/\d+/g) ?? []).map(Number).join(":");
}

function noticesOf(
  path: string,
  { mended, unknown }: { readonly mended: number; readonly unknown: number },
): string[] {
  return [
    mended > 0
      ? `${path}: ${mended} ids of evidence are not written as their turn has them and were mended`
      : "",
    unknown > 0 ? `${path}: ${unknown} ids of evidence name no turn and are passed over` : "",
  ].filter(isThere);
}

function turnsOf(conversation: Fields, place: string): SpokenTurn[] {
  const unique = createUnique("turn");
  const sessions = Object.keys(conversation)
    .flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? [])
    .sort((left, right) => Number(left) - Number(right));
  return sessions.flatMap((session) => {
    const date = dayOf(textField(conversation, `session_${session}_date_time`, place, ""));
    return listField(conversation, `session_${session}`, place).map((turn) => {
      const fields = objectOf(turn, `${place}, session_${session}`);
      const caption = textField(fields, "blip_caption", place, "");
      const said = [textField(fields, "text", place), isThere(caption) ? `[${caption}]` : ""];
      return {
        id: unique(textField(fields, "dia_id", place), place),
        speaker: textField(fields, "speaker", place),
        text: said.filter(isThere).join(" "),
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
