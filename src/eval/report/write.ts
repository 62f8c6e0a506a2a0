/** A report on the disk: a page, its data and its Markdown, side by side. */

import { resolve } from "node:path";
import { RetrieveError, writeFileAtomic } from "../../std/index.ts";
import type { StoredRun } from "../benchmark/run-files.ts";
import { formatReportHtml } from "./html.ts";
import { formatReportMarkdown } from "./markdown.ts";
import { type SummariseOptions, summarise } from "./summarise.ts";

/**
 * Writes `out`, which ends in `.html`, and beside it the same name with `.json` and `.md`; each is complete or not there,
 * the page last.
 *
 * Throws `invalid_argument` for no runs, for another ending and where a receipt would be overwritten; `disk`.
 */
export async function writeReport(
  runs: readonly StoredRun[],
  out: string,
  options: SummariseOptions = {},
): Promise<void> {
  if (!/[^/\\]\.html$/.test(out)) {
    throw new RetrieveError(
      "invalid_argument",
      `${out}: wanted a name that ends in .html, such as report.html`,
    );
  }
  const base = out.slice(0, -".html".length);
  const overwritten = runs.find(({ path }) => path === resolve(`${base}.json`));
  if (overwritten !== undefined) {
    throw new RetrieveError(
      "invalid_argument",
      `${out}: its data would overwrite the receipt ${overwritten.path}; name another file`,
    );
  }
  const data = summarise(runs, options);
  await writeFileAtomic(`${base}.json`, `${JSON.stringify(data, null, 1)}\n`);
  await writeFileAtomic(`${base}.md`, formatReportMarkdown(data));
  await writeFileAtomic(out, await formatReportHtml(data));
}
