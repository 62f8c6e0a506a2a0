/**
 * Which candidates become negatives of a row. Pure.
 *
 * A hard negative is near the query and does not answer it; what is nearest often does, whether somebody labelled it
 * or not. Every rule here keeps such texts out: by what is known (ids, texts, answers) or by how near they are (a
 * window that begins below the top, a margin to the positive's score as in NV-Retriever, arXiv 2407.15831).
 */

import { type Random, shuffle } from "../../std/index.ts";
import { answerPatterns } from "../answer-pattern.ts";
import { createExclusion } from "../exclusion.ts";
import type { TrainingRow } from "../row.ts";
import type { Candidate } from "./ranker.ts";

export interface ChoiceOptions {
  /** Negatives for a row. */
  readonly negatives: number;
  /** How many of the nearest candidates that are no positives are looked at. */
  readonly topK: number;
  /** How many of these, the nearest, are passed over. */
  readonly skip: number;
  /** The nearest that are left, or random ones of the window. */
  readonly pick: "first" | "random";
  /** A negative scores less than the positive by more than this. */
  readonly margin?: number;
  /** A negative scores less than this share of the positive's score. */
  readonly share?: number;
  /** Texts that contain an answer of the row are no negatives. */
  readonly filterAnswers: boolean;
}

/** What there is to choose from, and what is known of it. */
export interface Choice {
  readonly row: TrainingRow;
  /** Negatives that the row has already: none comes again. */
  readonly kept: readonly string[];
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** By place. */
  readonly texts: readonly string[];
  /** Places of the row's positives. */
  readonly positives: ReadonlySet<number>;
  /** The highest score of a positive; where it is not known, no margin holds. */
  readonly positiveScore: number | undefined;
}

/** The negatives as places, in the order of choice: fewer than wanted where the window has no more. */
export function chooseNegatives(choice: Choice, options: ChoiceOptions, random: Random): number[] {
  const { row, kept, candidates, texts, positives, positiveScore } = choice;
  const ceiling = ceilingOf(positiveScore, options);
  const answers = options.filterAnswers ? answerPatterns(row.answers ?? []) : [];
  const others = candidates.filter(({ place }) => !positives.has(place));
  const window = others
    .slice(options.skip, options.topK)
    .filter(({ score = Number.NEGATIVE_INFINITY }) => score < ceiling);
  const exclusion = createExclusion([...row.pos, ...kept]);
  const chosen: number[] = [];
  for (const { place } of options.pick === "random" ? shuffle(window, random) : window) {
    if (chosen.length === options.negatives) break;
    const text = texts[place] ?? "";
    if (!answers.some((answer) => answer.test(text)) && exclusion.take(text)) chosen.push(place);
  }
  return chosen;
}

/** The score that a negative must stay below: without a margin, or with a positive nowhere in the corpus, none. */
function ceilingOf(positive: number | undefined, { margin, share }: ChoiceOptions): number {
  if (positive === undefined) return Number.POSITIVE_INFINITY;
  const absolute = margin === undefined ? Number.POSITIVE_INFINITY : positive - margin;
  // A share of a score below 0 would lie above it.
  const relative =
    share === undefined ? Number.POSITIVE_INFINITY : positive - (1 - share) * Math.abs(positive);
  return Math.min(absolute, relative);
}
