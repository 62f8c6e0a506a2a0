/** Vectors kept and found. Knows nothing of texts models, chunks or kinds: a record is a vector with data beside it. */

import type { OnNotice } from "../std/index.ts";
import type { Filter, Scalar } from "./filter.ts";

/** What can be stored beside a vector and comes back unchanged. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** One stored vector with its data. */
export interface StoredRecord {
  /** Unique in the store. */
  readonly id: string;
  /** [d], unit length: scores are inner products, higher is nearer. */
  readonly vector: Float32Array;
  /** The text that the vector stands for. */
  readonly text: string;
  /** Scalars that filters see. A key that is absent is null to a filter. */
  readonly metadata: Readonly<Record<string, Scalar>>;
  /** Anything else; filters do not see it. */
  readonly payload: JsonValue;
}

/** A record without its vector, as reading commands return it; it may be frozen. */
export type FoundRecord = Omit<StoredRecord, "vector">;

/** A found record with its score: the inner product with the query, higher is nearer. */
export interface Hit {
  readonly id: string;
  readonly score: number;
  readonly record: FoundRecord;
}

export interface SearchOptions {
  /** How many hits at most. */
  readonly topK: number;
  readonly filter?: Filter;
  /** Forces the exact answer where an approximate index exists. */
  readonly exact?: boolean;
  readonly signal?: AbortSignal;
}

export interface UpsertOptions {
  /**
   * In the same atomic write, also delete the records that match this filter and are not among those given:
   * how a source record with fewer chunks than before leaves no stale ones.
   */
  readonly replacing?: Filter;
}

/** What {@link VectorStore.optimise} did. */
export interface OptimiseReport {
  readonly records: number;
  /** `exact` scans; `approximate` uses an index with at least the stated recall. */
  readonly index: "exact" | "approximate";
}

export interface StoreOptions {
  readonly dimensions: number;
  /** Told once: an index being built by itself, an old file layout converted. */
  readonly onNotice?: OnNotice;
  /** A store opened read-only refuses writes; many readers may stand beside one writer. */
  readonly readOnly?: boolean;
}

/**
 * The contract every store keeps (`test/store/contract.ts` runs it against each).
 *
 * Writes are durable when the promise resolves, and atomic: all records of one call or none. Ties in score are
 * broken by id, ascending. Vectors of another length than `dimensions`, NaN or infinite values: `invalid_argument`.
 */
export interface VectorStore extends AsyncDisposable {
  readonly dimensions: number;
  /** Inserts or replaces by id. The last of two records with one id wins. */
  upsert(records: readonly StoredRecord[], options?: UpsertOptions): Promise<void>;
  /** Removes by id; ids that are not there are no error. Returns how many were removed. */
  delete(ids: readonly string[]): Promise<number>;
  /** In the order of `ids`, undefined where there is none. */
  get(ids: readonly string[]): Promise<(StoredRecord | undefined)[]>;
  search(vector: Float32Array, options: SearchOptions): Promise<Hit[]>;
  count(filter?: Filter): Promise<number>;
  /** Every record once, ordered by nothing in particular, as of the moment of the call. */
  iterate(options?: { readonly filter?: Filter; readonly signal?: AbortSignal }): AsyncIterable<StoredRecord>;
  /** As {@link iterate} without vectors: much cheaper. */
  iterateFound(options?: {
    readonly filter?: Filter;
    readonly signal?: AbortSignal;
  }): AsyncIterable<FoundRecord>;
  /** Compacts, and builds or refreshes the approximate index where the store is large enough for one. */
  optimise(): Promise<OptimiseReport>;
  /** Changes with every durable write, by whatever process: the key of caches derived from the content. */
  version(): Promise<string>;
  close(): Promise<void>;
}
