/** Fields of records that came from outside: each fault names the place and the field. */

import { createHash } from "node:crypto";
import { RetrieveError } from "../std/index.ts";
import type { Scalar } from "../store/index.ts";

/** The fields of a JSON object. Throws `invalid_data` for anything else. */
export function fieldsOf(value: unknown, place: string, wanted: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw invalid(place, `got ${describe(value)}, wanted ${wanted}`);
}

/** A text that must be there. */
export function textField(fields: Readonly<Record<string, unknown>>, key: string, place: string): string {
  const value = fields[key];
  if (typeof value === "string") return value;
  throw invalid(place, `field "${key}": got ${describe(value)}, wanted a text`);
}

/** A text that may be absent or null. A number is taken as its digits, which is how ids often come. */
export function optionalTextField(
  fields: Readonly<Record<string, unknown>>,
  key: string,
  place: string,
): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number") return String(value);
  return textField(fields, key, place);
}

/** Metadata that filters can see: scalars as they are, lists and objects as JSON text, null left out. */
export function metadataField(
  fields: Readonly<Record<string, unknown>>,
  place: string,
): Readonly<Record<string, Scalar>> {
  const given = fields["metadata"];
  if (given === undefined || given === null) return {};
  const metadata: Record<string, Scalar> = {};
  for (const [key, value] of Object.entries(fieldsOf(given, `${place}, field "metadata"`, "an object"))) {
    if (key.startsWith("_"))
      throw invalid(place, `metadata key "${key}": names that begin with _ are reserved`);
    if (value === null || value === undefined) continue;
    metadata[key] = isScalar(value) ? value : JSON.stringify(value);
  }
  return metadata;
}

/** An `invalid_data` error about the content of a file or record. */
export function invalid(place: string, message: string): RetrieveError {
  return new RetrieveError("invalid_data", `${place}: ${message}`);
}

/** Identity of content: equal hashes mean equal parts. */
export function hashOf(...parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
