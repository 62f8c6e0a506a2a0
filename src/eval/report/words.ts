/** The sentences of a report. Pure. */

import type { BenchmarkTable, Part, ReportData } from "./data.ts";

export const reportTitle = "Benchmarks of retrieval for language models";

/** What stands before the numbers. */
export function opening({ runs, seed }: ReportData): string {
  const counted = `${runs} ${runs === 1 ? "run" : "runs"}.`;
  return `${counted} Intervals are the middle 95 % of means over queries drawn with replacement, seed ${seed}. What was run, on which data and with which settings, stands at the end.`;
}

export const retrievalHeading = "Retrieval alone";
export const retrievalText =
  "How well the systems find what is labelled as relevant. No language model takes part.";

export const modelsHeading = "With a language model";

export function modelsText({ tinyModels }: ReportData): string {
  const text = "What retrieved text does for the answers and likelihoods of a language model.";
  if (tinyModels.length === 0) return text;
  const [is, they] = tinyModels.length === 1 ? ["has", "its"] : ["have", "their"];
  return `${text}\n\n${tinyModels.join(", ")} ${is} fewer than 100 million parameters. The likelihoods of a tiny model say only that the harness runs: ${they} numbers are shown and not judged.`;
}

export function tableText({ headline, lowerIsBetter, published }: BenchmarkTable): string {
  const direction = `${headline}: ${lowerIsBetter ? "lower" : "higher"} is better.`;
  if (published.length === 0) return direction;
  return `${direction} Published numbers come from papers, with their data, prompts and language models; they stand here for orientation.`;
}

export const comparisonHeading = "Is a difference more than chance?";

export function comparisonText(part: Part, all: number): string {
  const logs = part.comparisons.some(({ unit }) => unit.startsWith("log "))
    ? " A difference of logarithms is one of log-likelihood a token: -0.01 means a perplexity lower by 1 %."
    : "";
  return `Left minus right, query by query, on the queries that both have.${logs} p is two-sided, of the paired randomisation test, and of the paired t test beside it; corrected is the first after Holm, over all ${all} comparisons of this report. Below 0.05 left is called better or worse, else it is unclear.`;
}

export const failureHeading = "Failures to read";
export const failureText =
  "The queries on which each system did worst; among equals, those that the other systems do best (others: their mean). Texts are shortened.";
export const receiptHeading = "Receipts";
