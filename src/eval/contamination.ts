/**
 * Has a model been trained on what it is measured by: queries and gold texts of a benchmark among training rows.
 *
 * Texts are the same when their words are, whatever case and punctuation; nearly the same when four fifths of the runs of
 * eight words of the benchmark's text stand in one text of a row. Short texts have too few of such runs and count only
 * when they are the same.
 */

import type { PlacedRow } from "../dataset/index.ts";
import { analyse } from "../retrieve/index.ts";

export interface ContaminationOptions {
  /** Queries of the benchmark; compared with those of the rows. */
  readonly queries: readonly string[];
  /** Texts that are gold; compared with the positives of the rows. */
  readonly golds: readonly string[];
  readonly rows: AsyncIterable<readonly PlacedRow[]>;
}

export interface Overlap {
  /** Distinct texts of the benchmark. */
  readonly of: number;
  /** Of these, those that stand in some row. */
  readonly same: number;
  /** Those that stand in none, but nearly. */
  readonly near: number;
  /** At most 20, with the place of the row. */
  readonly examples: readonly { readonly text: string; readonly place: string }[];
}

export interface Contamination {
  readonly queries: Overlap;
  readonly golds: Overlap;
}

/** Words of a run, the share of runs that makes texts near, and the words of the shortest text that can be near. */
const run = 8;
const share = 0.8;
const shortest = 12;
const shownExamples = 20;

/** Memory: the benchmark's texts; rows are passed over once. */
export async function findContamination(options: ContaminationOptions): Promise<Contamination> {
  const queries = createFinder(options.queries);
  const golds = createFinder(options.golds);
  for await (const batch of options.rows) {
    for (const { row, place } of batch) {
      queries.look(row.query, place);
      for (const text of row.pos) golds.look(text, place);
    }
  }
  return { queries: queries.overlap(), golds: golds.overlap() };
}

interface Finder {
  look(text: string, place: string): void;
  overlap(): Overlap;
}

function createFinder(texts: readonly string[]): Finder {
  const known = new Map<string, string>(); // by its words
  for (const text of texts) known.set(analyse(text).join(" "), text);
  const nearTo = createNearness([...known.keys()]);
  const same = new Map<string, string>();
  const near = new Map<string, string>();
  return {
    look: (text, place) => {
      const words = analyse(text).join(" ");
      if (known.has(words) && !same.has(words)) same.set(words, place);
      for (const other of nearTo(words)) if (!near.has(other)) near.set(other, place);
    },
    overlap: () => {
      const nearly = [...near].filter(([words]) => !same.has(words));
      return {
        ...{ of: known.size, same: same.size, near: nearly.length },
        examples: [...same, ...nearly]
          .slice(0, shownExamples)
          .map(([words, place]) => ({ text: known.get(words) ?? "", place })),
      };
    },
  };
}

/** Which of the texts stand, but for a fifth of their runs, in another one. All are words with single spaces. */
function createNearness(texts: readonly string[]): (other: string) => string[] {
  const having = new Map<string, string[]>(); // texts that have a run
  const counts = new Map<string, number>(); // runs of a text
  for (const text of texts) {
    const own = runsOf(text);
    counts.set(text, own.size);
    for (const one of own) having.set(one, [...(having.get(one) ?? []), text]);
  }
  return (other) => {
    const shared = new Map<string, number>();
    const found = [...runsOf(other)].flatMap((one) => having.get(one) ?? []);
    for (const text of found) shared.set(text, (shared.get(text) ?? 0) + 1);
    return [...shared]
      .filter(([text, count]) => count >= share * (counts.get(text) ?? 1))
      .map(([text]) => text);
  };
}

function runsOf(text: string): Set<string> {
  const words = text.split(" ");
  if (words.length < shortest) return new Set();
  return new Set(words.slice(0, 1 - run).map((_, at) => words.slice(at, at + run).join(" ")));
}
