/** What there is to score: the rows of a shard, each checked. */

import { RetrieveError, readJsonLines } from "../../std/index.ts";
import { candidatesOf, checkTask, parseRow } from "../row.ts";

/** Part `index`, from 0, of `of` parts, whose rows follow each other in the file. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface Survey {
  readonly task: string;
  /** The rows of the shard, by number. */
  readonly begin: number;
  readonly end: number;
  /** Candidates of the shard's rows from number `from` on. */
  candidatesFrom(from: number): number;
}

export interface SurveyOptions {
  /** Training rows, JSON Lines. */
  readonly rows: string;
  /** Default: the `task` of the rows. */
  readonly task?: string;
  /** This part alone; parts in their order make the whole. */
  readonly shard?: Shard;
}

/**
 * Every row checked, so that a fault at the end does not cost the work on the rows before it.
 *
 * Throws `not_found`; `invalid_data` naming file and line; `invalid_argument` for a shard that is none.
 */
export async function surveyRows({
  rows: path,
  task: given,
  shard = { index: 0, of: 1 },
}: SurveyOptions): Promise<Survey> {
  checkShard(shard);
  const counts: number[] = [];
  let task = given;
  for await (const { value, place } of readJsonLines(path)) {
    const row = parseRow(value, place);
    task ??= row.task;
    checkTask(row, place, { task, given });
    counts.push(candidatesOf(row).length);
  }
  if (task === undefined || counts.length === 0) {
    throw new RetrieveError("invalid_data", `${path}: no rows; wanted one JSON object a line`);
  }
  const border = (index: number): number => Math.floor((counts.length * index) / shard.of);
  const end = border(shard.index + 1);
  return {
    task,
    begin: border(shard.index),
    end,
    candidatesFrom: (from) => counts.slice(from, end).reduce((sum, count) => sum + count, 0),
  };
}

function checkShard({ index, of }: Shard): void {
  if (Number.isSafeInteger(of) && of >= 1 && Number.isSafeInteger(index) && index >= 0 && index < of) return;
  throw new RetrieveError(
    "invalid_argument",
    `shard: got ${index}/${of}, wanted i/n with i from 0 to n - 1, such as 0/4 to 3/4`,
  );
}
