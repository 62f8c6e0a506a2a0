/** Tables with quoted cells, as spreadsheets write them. */

import { createReadStream } from "node:fs";
import { diskError, messageOf, RetrieveError, systemCode } from "../../std/index.ts";

/** Cells of each record; a cell in quotes may hold separators and line breaks. Throws `not_found`, `invalid_data`. */
export async function* readCsv(path: string, delimiter: "," | "\t"): AsyncGenerator<readonly string[]> {
  const { parse } = await import("csv-parse");
  // Tables with tabs quote a cell that holds one, and leave others as they are.
  const settings = {
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    relax_quotes: delimiter === "\t",
  };
  const stream = createReadStream(path);
  const parser = parse({ ...settings, bom: true });
  stream.on("error", (error) => parser.destroy(error));
  try {
    for await (const record of stream.pipe(parser)) yield record;
  } catch (error) {
    if (systemCode(error)?.startsWith("CSV_")) {
      throw new RetrieveError("invalid_data", `${path}: ${messageOf(error)}`, { cause: error });
    }
    throw diskError(error, path);
  } finally {
    stream.destroy();
  }
}
