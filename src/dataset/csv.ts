/** Tables with quoted cells, as spreadsheets, pandas and Python's `csv` write them. */

import { createReadStream } from "node:fs";
import { diskError, messageOf, RetrieveError } from "../std/index.ts";

export interface TableRecord {
  readonly cells: readonly string[];
  /** For messages: file, and the line on which the record begins. */
  readonly place: string;
}

/**
 * Records without the empty lines. A cell in quotes may hold separators and line breaks; a quote inside a cell without them
 * stands for itself, as in Python. Memory: one chunk of the file.
 *
 * Throws `not_found`, and `invalid_data` for a quote that does not close.
 */
export async function* readCsv(path: string, delimiter: "," | "\t"): AsyncGenerator<TableRecord> {
  const { CsvError, parse } = await import("csv-parse");
  const stream = createReadStream(path);
  const parser = parse({
    ...{ delimiter, bom: true, info: true, relax_quotes: true },
    ...{ relax_column_count: true, skip_empty_lines: true },
  });
  stream.on("error", (error) => parser.destroy(error));
  let line = 1;
  try {
    for await (const { record, info } of stream.pipe(parser)) {
      const cells: string[] = record;
      // `info` counts the lines up to the end of the record.
      const breaks = cells.join("").split("\n").length - 1;
      yield { cells, place: `${path}:${info.lines - breaks}` };
      line = info.lines + 1;
    }
  } catch (error) {
    if (error instanceof CsvError) {
      throw new RetrieveError(
        "invalid_data",
        `${path}:${line}: in the record that begins here a cell in quotes does not end (${messageOf(error)})`,
        { cause: error },
      );
    }
    throw diskError(error, path);
  } finally {
    stream.destroy();
  }
}
