/** JSON Lines of knowledge and examples: each line checked, errors name file, line and field. */

import { z } from "zod";
import { type JsonLine, RetrieveError, readJsonLines } from "../../std/index.ts";
import type { JsonValue, Scalar } from "../../store/index.ts";
import { contentHash } from "./decode.ts";

/** A passage of a knowledge file or of a BEIR `corpus.jsonl`. */
export interface PassageRow {
  /** `_id`, else `id`, else from the content: the same passage has the same id wherever it stands. */
  readonly id: string;
  readonly title?: string;
  readonly text: string;
  /** Scalars as they are, anything deeper as JSON text; nulls are left out. */
  readonly metadata: Readonly<Record<string, Scalar>>;
  /** `FILE:LINE`. */
  readonly source: string;
  /** Of title, text and metadata. */
  readonly hash: string;
}

/** A solved instance of a task. */
export interface ExampleRow {
  readonly id: string;
  readonly input: string;
  readonly output: string;
  readonly task?: string;
  /** `FILE:LINE`. */
  readonly source: string;
  /** Of input, output and task. */
  readonly hash: string;
}

/**
 * The passages of a JSON Lines file: `{_id|id?, title?, text, metadata?}` a line, other fields ignored.
 *
 * Throws `not_found`, and `invalid_data` naming the line for a broken one, a wrong field, an id used twice with
 * different content, or a metadata key that begins with `_`. Memory: the ids.
 */
export async function* readRecords(path: string): AsyncGenerator<PassageRow> {
  const seen = createIdCheck();
  for await (const line of readJsonLines(path)) {
    const { _id, id, title, text, metadata } = parseRow(passage, line);
    const flat = flatten(metadata ?? {}, line.place);
    const hash = contentHash(JSON.stringify([title ?? "", text, flat]));
    const row = { id: idOf(_id ?? id, hash), text, metadata: flat, source: line.place, hash };
    if (seen(row)) yield title ? { ...row, title } : row;
  }
}

/**
 * The examples of a JSON Lines file: `{input, output, task?, _id|id?}` a line, other fields ignored.
 *
 * Throws as {@link readRecords} does.
 */
export async function* readExamples(path: string): AsyncGenerator<ExampleRow> {
  const seen = createIdCheck();
  for await (const line of readJsonLines(path)) {
    const { _id, id, input, output, task } = parseRow(example, line);
    const hash = contentHash(JSON.stringify([input, output, task ?? ""]));
    const row = { id: idOf(_id ?? id, hash), input, output, source: line.place, hash };
    if (seen(row)) yield task ? { ...row, task } : row;
  }
}

/** The value of a line under a schema. Throws `invalid_data` naming place and field. */
export function parseRow<Row>(schema: z.ZodType<Row>, { value, place }: JsonLine): Row {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.length ? `field "${issue.path.join(".")}": ` : "";
  const wanted = schema.description === undefined ? "" : `; wanted ${schema.description}`;
  throw new RetrieveError("invalid_data", `${place}: ${field}${issue?.message ?? "malformed"}${wanted}`);
}

/** An id as files have them: numbers are read as their digits. */
export const rowId: z.ZodType<string> = z.union([z.string().min(1), z.number()]).transform(String);

const optionalId = rowId.nullish();
const optionalText = z.string().nullish();

const passage = z
  .object({
    _id: optionalId,
    id: optionalId,
    title: optionalText,
    text: z.string(),
    metadata: z.record(z.string(), z.json()).nullish(),
  })
  .describe("{_id|id?, title?, text, metadata?}");

const example = z
  .object({ _id: optionalId, id: optionalId, input: z.string(), output: z.string(), task: optionalText })
  .describe("{input, output, task?, id?}");

function idOf(given: string | null | undefined, hash: string): string {
  return given ?? hash.slice(0, 16);
}

function flatten(metadata: { readonly [key: string]: JsonValue }, place: string): Record<string, Scalar> {
  const flat: Record<string, Scalar> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (key.startsWith("_")) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: metadata key "${key}": keys that begin with _ are reserved`,
      );
    }
    if (value !== null) flat[key] = typeof value === "object" ? JSON.stringify(value) : value;
  }
  return flat;
}

/** Whether a row is new: the same again is passed over, another one under the same id is an error. */
function createIdCheck(): (row: {
  readonly id: string;
  readonly hash: string;
  readonly source: string;
}) => boolean {
  const known = new Map<string, { readonly hash: string; readonly source: string }>();
  return ({ id, hash, source }) => {
    const earlier = known.get(id);
    if (earlier === undefined) {
      known.set(id, { hash, source });
      return true;
    }
    if (earlier.hash === hash) return false;
    throw new RetrieveError(
      "invalid_data",
      `${source}: id "${id}" stands with other content at ${earlier.source}`,
    );
  };
}
