/**
 * The folder of an index: named collections under one encoder, one writer, readers never blocked.
 *
 *     .retrieve/
 *       index.json      the manifest: what there is, made by which encoder; replaced atomically
 *       lock            the writer: process id, start, host
 *       tables/T/       the vectors of a collection, a table for each generation
 *       lexical/T.bin   the BM25 index of table T, derived: may be deleted at any time
 *
 * Knows no kinds: a collection is a name.
 */

import type { Encoder, TaskName } from "../../encoder/index.ts";
import type { OnNotice, OnProgress } from "../../std/index.ts";
import type { StoreOptions, VectorStore } from "../../store/index.ts";
import type { Collection } from "../collection.ts";

export interface IndexFolderOptions {
  /**
   * Opens the encoder; called at most once, when something must be encoded: status, removal and BM25 search never
   * do. `model` is the name in the manifest, undefined for a new index. The caller closes what it opened.
   */
  readonly encoder: (model: string | undefined) => Promise<Encoder>;
  /** Never takes the lock; an absent folder reads as an empty index. Writing is `invalid_argument`. */
  readonly readOnly?: boolean;
  /** Waits for another writer to finish instead of failing with `locked`. */
  readonly wait?: boolean;
  /** How a table is opened; default LanceDB in a folder of its own. */
  readonly openTable?: (folder: string, options: StoreOptions) => Promise<VectorStore>;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

/** One collection in the manifest. */
export interface CollectionInfo {
  readonly name: string;
  /** The document instruction its texts are encoded under. */
  readonly task: TaskName;
  /** The encoder it was made with, as it was opened. */
  readonly model: string;
  /** Identity of the document side: vectors of equal fingerprints live in one space. */
  readonly fingerprint: string;
  readonly dimensions: number;
}

export interface IndexFolder extends AsyncDisposable {
  readonly path: string;
  /** The name of the encoder that the index was made with; undefined while it is empty. */
  readonly model: string | undefined;
  /** The encoder, opened by the first call. The same one that the collections use. */
  encoder(): Promise<Encoder>;
  /** What the manifest lists, ordered by name. Opens nothing. */
  list(): CollectionInfo[];
  /** On disk. */
  bytes(): Promise<number>;
  /** The collection of this name, undefined where there is none. The folder closes it. */
  collection(name: string): Promise<Collection | undefined>;
  /**
   * The collection of this name, made under `task` where there is none.
   *
   * Opens the encoder to make one. Throws `invalid_argument` where there is one under another task,
   * `fingerprint_mismatch` where the other collections were made by another encoder. A collection that is there
   * checks its encoder when it first encodes.
   */
  create(name: string, task: TaskName): Promise<Collection>;
  /**
   * Encodes everything with another encoder into tables beside the present ones, and switches to them by replacing
   * the manifest. Until then, and after a crash, the present ones stand. Collections opened before are closed.
   */
  reindex(encoder: Encoder, options?: ReindexOptions): Promise<{ readonly documents: number }>;
  close(): Promise<void>;
}

export interface ReindexOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}
