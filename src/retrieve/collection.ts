/** The documents of one kind under one encoder: added by source record, found by dense, lexical or hybrid search. */

import type { Encoder, TaskName } from "../encoder/index.ts";
import type { OnNotice, OnProgress } from "../std/index.ts";
import type { Filter, JsonValue, Scalar, VectorStore } from "../store/index.ts";
import type { Bm25Options } from "./bm25.ts";

/** What is encoded, searched and returned: a whole source record or one chunk of it. */
export interface Document {
  /** `RECORD` for a whole record, `RECORD#n` for its chunk n, from 0. */
  readonly id: string;
  /** The key: what is encoded and what BM25 reads. */
  readonly text: string;
  /** What goes into a prompt. */
  readonly value: JsonValue;
  /** Where it is from: a path, a URL, a server, with a position where there is one (`guide.md:12`). */
  readonly source: string;
  /** Filterable. Keys that begin with `_` are ours. */
  readonly metadata: Readonly<Record<string, Scalar>>;
}

/** One thing the user added: a file, a JSONL line, a conversation, a tool. Written whole or not at all. */
export interface SourceRecord {
  readonly id: string;
  /** Hash of everything that makes its documents: an equal hash means nothing to do. */
  readonly hash: string;
  /** The argument of `add` that it came from: `--sync` removes vanished records of the same origin only. */
  readonly origin: string;
  readonly documents: readonly Document[];
}

export interface Retrieved extends Document {
  /** Higher is nearer. Comparable within one result only. */
  readonly score: number;
}

export type SearchMethod = "dense" | "bm25" | "hybrid";

/** A question, with the forms that each method reads. */
export interface Query {
  /** What the encoder reads. */
  readonly text: string;
  /** What BM25 reads, with weights; default `text` at weight 1. */
  readonly lexical?: readonly { readonly text: string; readonly weight: number }[];
}

export interface RetrieveOptions {
  /** Default 10. */
  readonly topK?: number;
  /** Default `hybrid`. */
  readonly method?: SearchMethod;
  /** How hybrid joins the two: by their scores (default) or by reciprocal ranks alone. */
  readonly fusion?: "scores" | "ranks";
  readonly filter?: Filter;
  /** Query instruction; default the collection's task. */
  readonly task?: TaskName;
  /** 0 (default) is relevance alone, 1 is diversity alone: maximal marginal relevance. */
  readonly diversity?: number;
  /** Hits below are dropped. The scale is the method's: cosine for dense, see `fuseScores` for hybrid. */
  readonly minScore?: number;
  readonly signal?: AbortSignal;
}

/** Counts of source records, not of chunks. */
export interface PutReport {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly removed: number;
}

export interface PutOptions {
  /** Removes the records of the origins seen in this call that it did not bring. */
  readonly sync?: boolean;
  /** Origins that count as seen even when nothing comes from them: a folder that has become empty. */
  readonly origins?: readonly string[];
  /** After each durable batch, with the source records committed so far in this call. */
  readonly onCommit?: (committed: number) => void;
  readonly onProgress?: OnProgress;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

export interface Collection extends AsyncDisposable {
  /** Source records kept, and the documents they are cut into. */
  count(): Promise<{ readonly records: number; readonly documents: number }>;
  /** Adds or replaces source records; those with the stored hash are skipped without encoding. */
  put(
    records: AsyncIterable<SourceRecord> | Iterable<SourceRecord>,
    options?: PutOptions,
  ): Promise<PutReport>;
  /** Removes source records by id; returns how many there were. */
  remove(ids: readonly string[]): Promise<number>;
  search(query: string | Query, options?: RetrieveOptions): Promise<Retrieved[]>;
  /** Documents by id, in the order asked, undefined where there is none. */
  get(ids: readonly string[]): Promise<(Document | undefined)[]>;
  iterate(options?: { readonly filter?: Filter }): AsyncIterable<Document>;
  close(): Promise<void>;
}

export interface CollectionOptions {
  /** Closed with the collection. */
  readonly store: VectorStore;
  /** Called when something must be encoded; closed by the caller. */
  readonly encoder: () => Promise<Encoder>;
  /** The instruction pair: the document's for what is stored, the query's by default. */
  readonly task: TaskName;
  /** Where the BM25 index is kept between runs; without it, it is built in memory at the first use. */
  readonly lexicalFile?: string;
  /** How BM25 reads and weighs; for experiments with collections that are not kept in a file. */
  readonly bm25?: Bm25Options;
  /** Writing is `invalid_argument`, and the lexical file is read and never written. */
  readonly readOnly?: boolean;
  /** Documents in one durable write of {@link Collection.put}; a source record is never split. Default 256. */
  readonly batchSize?: number;
  readonly onNotice?: OnNotice;
}
