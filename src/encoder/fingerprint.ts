/**
 * The identity of a vector space: everything that a document's vector depends on; and the same for a query's. Pure but
 * for the hash.
 */

import { createHash } from "node:crypto";
import type { Pooling } from "./pooling.ts";
import type { TransformerConfig } from "./transformer.ts";

export interface DocumentSide {
  /** SHA-256 of the file with the weights as stored, quantization included. */
  readonly weights: string;
  /** `stored`, or what the weights were turned into when they were opened. */
  readonly precision: "stored" | "float32" | "int8";
  /** SHA-256 of tokenizer.json. */
  readonly tokenizer: string;
  readonly config: TransformerConfig;
  readonly pooling: Pooling;
  readonly normalize: boolean;
  readonly maxTokens: number;
  readonly instruction: string;
}

/** What a query's vector depends on: the same fields with their values for queries, and what is only there. */
export interface QuerySide extends DocumentSide {
  readonly side: "query";
  /** SHA-256 of the adapter's files. */
  readonly adapter?: string;
}

/** SHA-256 in hexadecimal: 64 characters. Equal for equal content, whatever the order of the fields. */
export function fingerprintOf({ config, ...side }: DocumentSide | QuerySide): string {
  const fields = Object.entries({ ...side, ...config, space: 1 }).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify(fields));
}

/** The hash of a file's content or of a text, in hexadecimal. About 1 GB/s. */
export function sha256(content: Uint8Array | string): string {
  const hash = createHash("sha256");
  if (typeof content === "string") return hash.update(content).digest("hex");
  for (let at = 0; at < content.length; at += pieceBytes) hash.update(content.subarray(at, at + pieceBytes));
  return hash.digest("hex");
}

/** Node hashes less than 2 GiB at once. */
const pieceBytes = 2 ** 30;
