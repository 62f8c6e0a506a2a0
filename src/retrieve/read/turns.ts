/** Conversations from JSON Lines: a turn a line, or a whole conversation with its sessions a line. */

import { z } from "zod";
import { RetrieveError, readJsonLines } from "../../std/index.ts";
import { parseRow, rowId } from "./records.ts";

export interface TurnRow {
  /** `default` where the file names none. */
  readonly conversation: string;
  readonly user?: string;
  /** `user`, `assistant`, or a name. */
  readonly role: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time?: number;
  /** Unique within the conversation; its position from 0 where the file gives none. */
  readonly id: string;
  /** Which session of the conversation, from 0; absent where turns stand alone. */
  readonly session?: number;
  /** `FILE:LINE`. */
  readonly source: string;
}

/**
 * The turns of a JSON Lines file in order. A line is a turn, `{conversation?, user?, role|speaker, text|content,
 * time?, id?}`, or a conversation, `{_id|id, sessions: [{date?, turns: [{role|speaker, text|content, time?, id?}]}]}`,
 * where a turn without a time has the date of its session.
 *
 * Throws `not_found`, and `invalid_data` naming line and field.
 */
export async function* readTurns(path: string): AsyncGenerator<TurnRow> {
  const counts = new Map<string, number>();
  for await (const line of readJsonLines(path)) {
    const isConversation = typeof line.value === "object" && line.value !== null && "sessions" in line.value;
    const rows = isConversation
      ? fromConversation(parseRow(conversation, line), line.place)
      : [fromTurn(parseRow(singleTurn, line), line.place)];
    for (const row of rows) {
      const position = counts.get(row.conversation) ?? 0;
      counts.set(row.conversation, position + 1);
      yield { ...row, id: row.id ?? String(position) };
    }
  }
}

/**
 * Milliseconds since 1970 of a moment: a number is taken as such; ISO 8601 and `DD.MM.YYYY, HH:MM:SS` without a zone
 * are read as UTC, so that a file means the same on every machine. Undefined for anything else.
 */
export function parseTime(time: string | number): number | undefined {
  if (typeof time === "number") return Number.isFinite(time) ? time : undefined;
  const european = /^(\d{2})\.(\d{2})\.(\d{4})(?:,? (\d{2}:\d{2}(?::\d{2})?))?$/.exec(time);
  const [, day, month, year, clock = "00:00"] = european ?? [];
  const iso = european ? `${year}-${month}-${day}T${clock}Z` : withZone(time.trim().replace(" ", "T"));
  const milliseconds = iso === undefined ? Number.NaN : Date.parse(iso);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

/** An ISO 8601 moment with its zone, UTC where it has none; a date alone is UTC already. */
function withZone(iso: string): string | undefined {
  if (/^\d{4}-\d{2}(?:-\d{2})?$/.test(iso)) return iso;
  const [, moment, zone = "Z"] = /^(\d{4}-\d{2}-\d{2}T[\d:.]+)(Z|[+-]\d{2}:\d{2})?$/.exec(iso) ?? [];
  return moment === undefined ? undefined : moment + zone;
}

const optionalText = z.string().nullish();
const time = z.union([z.string(), z.number()]).nullish();

const turn = z.object({
  id: rowId.nullish(),
  role: optionalText,
  speaker: optionalText,
  text: optionalText,
  content: optionalText,
  time,
});

const singleTurn = turn
  .extend({ conversation: rowId.nullish(), user: rowId.nullish() })
  .describe("{conversation?, role, text|content, time?, id?}");

const conversation = z
  .object({
    _id: rowId.nullish(),
    id: rowId.nullish(),
    user: rowId.nullish(),
    sessions: z.array(z.object({ date: time, turns: z.array(turn) })),
  })
  .describe("{_id, sessions: [{date?, turns: [{speaker, text, id?}]}]}");

type RawTurn = z.infer<typeof turn>;
type UnnamedRow = Omit<TurnRow, "id"> & { readonly id?: string };

function fromTurn(raw: z.infer<typeof singleTurn>, source: string): UnnamedRow {
  return {
    conversation: raw.conversation ?? "default",
    ...(raw.user ? { user: raw.user } : {}),
    ...contentOf(raw, source),
  };
}

function fromConversation(raw: z.infer<typeof conversation>, source: string): UnnamedRow[] {
  const name = raw._id ?? raw.id ?? "default";
  return raw.sessions.flatMap(({ date, turns }, session) =>
    turns.map((spoken) => ({
      conversation: name,
      ...(raw.user ? { user: raw.user } : {}),
      ...contentOf({ ...spoken, time: spoken.time ?? date }, source),
      session,
    })),
  );
}

function contentOf(raw: RawTurn, source: string): Omit<UnnamedRow, "conversation"> {
  const role = raw.role ?? raw.speaker;
  const text = raw.text ?? raw.content;
  if (!role) throw missing(source, "role", "who speaks: user, assistant or a name");
  if (text === null || text === undefined) throw missing(source, "text", "what is said, in text or content");
  const moment = raw.time === null || raw.time === undefined ? undefined : parseTime(raw.time);
  if (moment === undefined && raw.time !== null && raw.time !== undefined) {
    throw new RetrieveError(
      "invalid_data",
      `${source}: field "time": got "${raw.time}", wanted ISO 8601 (2026-03-01T09:30:00Z) or milliseconds since 1970`,
    );
  }
  return {
    role,
    text,
    source,
    ...(raw.id ? { id: raw.id } : {}),
    ...(moment === undefined ? {} : { time: moment }),
  };
}

function missing(source: string, field: string, wanted: string): RetrieveError {
  return new RetrieveError("invalid_data", `${source}: field "${field}" is missing; wanted ${wanted}`);
}
