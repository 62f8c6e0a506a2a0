/** Receipts and results as they stand in files, checked field by field. */

import { z } from "zod";
import { type JsonLine, RetrieveError } from "../../std/index.ts";
import type { QueryResult, Receipt } from "./receipt.ts";

const newestFormat = 1;

/**
 * The receipt in a parsed `NAME.json`. Throws `format_version` for one of a newer version and `invalid_data` naming
 * file and field for what is none, or whose headline is not among its metrics.
 */
export function parseReceipt({ value, place }: JsonLine): Receipt {
  const format = looksLikeReceipt(value) ? value.format : newestFormat;
  if (format > newestFormat) {
    throw new RetrieveError(
      "format_version",
      `${place}: a receipt of format ${format}; this version reads up to ${newestFormat}, use a newer one`,
    );
  }
  const found = checked(
    receipt,
    value,
    place,
    "not a receipt",
    "NAME.json as retrieve eval writes it",
  ) as Receipt;
  if (found.headline in found.metrics) return found;
  const known = Object.keys(found.metrics).join(", ");
  throw new RetrieveError(
    "invalid_data",
    `${place}: its headline "${found.headline}" is none of its metrics (${known}); run the benchmark again`,
  );
}

/** Whether a value claims to be a receipt, of whatever version. */
export function looksLikeReceipt(value: unknown): value is { readonly format: number } {
  const claimed = z.object({ format: z.number(), benchmark: z.string(), system: z.unknown() });
  return claimed.safeParse(value).success;
}

/** The result of one query in a line of `NAME.jsonl`. Throws `invalid_data` naming line and field. */
export function parseResult({ value, place }: JsonLine): QueryResult {
  const wanted = "{id, query, metrics, retrieved, group?, gold?, output?}";
  return checked(result, value, place, "not the result of a query", wanted) as QueryResult;
}

function checked(schema: z.ZodType, value: unknown, place: string, what: string, wanted: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.length ? `field "${issue.path.join(".")}": ` : "";
  throw new RetrieveError(
    "invalid_data",
    `${place}: ${what} (${field}${issue?.message ?? "malformed"}); wanted ${wanted}`,
  );
}

const numbers = z.record(z.string(), z.number());

const overlap = z.object({ of: z.number(), same: z.number(), near: z.number() });

const receipt = z.object({
  format: z.literal(1),
  benchmark: z.string().min(1),
  data: z.object({ name: z.string(), folder: z.string(), split: z.string(), sha256: z.string() }),
  system: z.object({
    method: z.enum(["none", "random", "recency", "bm25", "dense", "hybrid", "oracle"]),
    model: z.string().nullable(),
    fingerprint: z.string().nullable(),
  }),
  llm: z.string().nullable(),
  named: z.object({ model: z.string().nullable(), llm: z.string().nullable() }),
  metrics: numbers,
  groups: z.record(z.string(), numbers).optional(),
  headline: z.string(),
  lowerIsBetter: z.boolean(),
  queries: z.int().min(0),
  corpus: z.number(),
  excluded: numbers,
  contamination: z.object({ rows: z.array(z.string()), queries: overlap, golds: overlap }).optional(),
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  seed: z.number(),
  version: z.string(),
  machine: z.string(),
  date: z.string(),
  seconds: z.number(),
});

const result = z.object({
  id: z.string().min(1),
  group: z.string().optional(),
  query: z.string(),
  metrics: numbers,
  retrieved: z.array(z.object({ id: z.string(), score: z.number(), text: z.string().optional() })),
  gold: z.array(z.string()).optional(),
  output: z.string().optional(),
});
