/** JSON Lines: one value a line, read as a stream, each fault named by file and line. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { messageOf, RetrieveError } from "./errors.ts";
import { diskError } from "./files.ts";

/** A value of a JSON Lines file with its place, `file:line`, for errors about its content. */
export interface JsonLine {
  readonly value: unknown;
  readonly place: string;
}

/**
 * The values of a JSON Lines file in order; empty lines are skipped. Memory: one line at a time.
 *
 * Throws `not_found` for a missing file and `invalid_data` naming file and line for a broken line.
 */
export async function* readJsonLines(path: string): AsyncGenerator<JsonLine> {
  const stream = createReadStream(path, "utf8");
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === "") continue;
      yield { value: parseJsonLine(line, `${path}:${number}`), place: `${path}:${number}` };
    }
  } catch (error) {
    throw diskError(error, path);
  } finally {
    lines.close();
    stream.destroy();
  }
}

/** One value as a line, newline included. */
export function formatJsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** The value of one line. Throws `invalid_data` naming `place` (`file:line`) for what is not JSON. */
export function parseJsonLine(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    const start = line.length > 60 ? `${line.slice(0, 60)}…` : line;
    throw new RetrieveError(
      "invalid_data",
      `${place}: not valid JSON (${messageOf(error)}); got: ${start}; wanted one JSON value a line`,
      { cause: error },
    );
  }
}
