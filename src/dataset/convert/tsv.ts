/** Tables with tabs between the cells, line by line. */

import { createReadStream } from "node:fs";
import { diskError, scanLines } from "../../std/index.ts";

export interface TableLine {
  readonly cells: readonly string[];
  readonly place: string;
}

/** The lines that are not empty. Memory: one of them. Throws `not_found`. */
export async function* readTable(path: string): AsyncGenerator<TableLine> {
  let number = 0;
  try {
    for await (const { bytes } of scanLines(createReadStream(path))) {
      number++;
      const line = bytes.toString().replace(/\r$/, "");
      if (line !== "") yield { cells: line.split("\t"), place: `${path}:${number}` };
    }
  } catch (error) {
    throw diskError(error, path);
  }
}
