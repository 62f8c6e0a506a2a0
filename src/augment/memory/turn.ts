/** Turns of conversations as they come from outside, and as they are kept. */

import { parseTime } from "../../retrieve/index.ts";
import type { JsonValue } from "../../store/index.ts";
import { fieldsOf, hashOf, invalid, optionalTextField, textField } from "../fields.ts";

/** A turn as it is kept: a text of one speaker, with its time as ISO 8601 in UTC where it is known. */
export interface KeptTurn {
  readonly id?: string;
  readonly role: string;
  readonly text: string;
  readonly time?: string;
}

/** A turn with where it belongs. */
export interface PlacedTurn extends KeptTurn {
  readonly conversation?: string;
  readonly user?: string;
}

/** Reads `{ conversation?, user?, role, text | content, time?, id? }`. Throws `invalid_data` naming place and field. */
export function parseTurn(value: unknown, place: string): PlacedTurn {
  const fields = fieldsOf(value, place, `a turn { "role", "text" }`);
  const id = optionalTextField(fields, "id", place);
  const conversation = optionalTextField(fields, "conversation", place);
  const user = optionalTextField(fields, "user", place);
  const time = fields["time"] ?? undefined;
  return {
    ...(id === undefined ? {} : { id }),
    ...(conversation === undefined ? {} : { conversation }),
    ...(user === undefined ? {} : { user }),
    ...(time === undefined ? {} : { time: isoTime(time, place) }),
    role: textField(fields, "role", place),
    text: optionalTextField(fields, "text", place) ?? textField(fields, "content", place),
  };
}

/** A moment as ISO 8601 in UTC, which sorts as text. Throws `invalid_data` for what is none. */
export function isoTime(value: unknown, place: string): string {
  const moment = typeof value === "string" || typeof value === "number" ? parseTime(value) : undefined;
  if (moment !== undefined) return new Date(moment).toISOString();
  const wanted = `ISO 8601 such as "2026-03-01T09:30:00Z", or milliseconds since 1970`;
  throw invalid(place, `time: got ${JSON.stringify(value)}, wanted ${wanted}`);
}

/** Whether two turns are the same act of speaking. Equal turns without a time may be two acts. */
export function turnKey({ role, text, time }: KeptTurn): string {
  return hashOf(role, normalize(text), time ?? null);
}

/** What of a text counts when repeats are looked for: neither case nor spacing. */
export function normalize(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

/** A turn as it is stored; {@link parseTurn} reads it back. */
export function toJson({ id, role, text, time }: KeptTurn): JsonValue {
  return {
    ...(id === undefined ? {} : { id }),
    role,
    text,
    ...(time === undefined ? {} : { time }),
  };
}
