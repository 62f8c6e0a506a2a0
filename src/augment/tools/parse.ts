/** Texts in JSON or YAML as plain values. */

import { parse as parseYaml } from "yaml";
import { messageOf, RetrieveError } from "../../std/index.ts";
import type { JsonValue } from "../../store/index.ts";
import { toJson } from "./json.ts";

/** A JSON text as a plain value. Throws `invalid_data` naming `source`. */
export function parseJson(text: string, source: string): JsonValue {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw new RetrieveError("invalid_data", `${source}: not valid JSON (${messageOf(error)})`, {
      cause: error,
    });
  }
  return toJson(value, source);
}

/**
 * A JSON or YAML text (1.2, core schema: no custom types) as a plain value; what begins with `{` or `[` and ends with
 * its partner is JSON. Aliases are limited by the parser, so a small text cannot become a huge value.
 *
 * Throws `invalid_data` naming `source` and, for YAML, the line.
 */
export function parseJsonOrYaml(text: string, source: string): JsonValue {
  const bare = text.replace(/^\ufeff/, "").trim();
  if (["{}", "[]"].includes(`${bare.at(0)}${bare.at(-1)}`)) return parseJson(text, source);
  let value: unknown;
  try {
    value = parseYaml(text, { logLevel: "error" });
  } catch (error) {
    throw new RetrieveError("invalid_data", `${source}: neither JSON nor YAML (${messageOf(error)})`, {
      cause: error,
    });
  }
  return toJson(value ?? null, source);
}
