/** Texts to vectors: the face of the encoder that the rest of the house sees. */

import type { OnNotice, OnProgress } from "../std/index.ts";
import type { Tokenizer } from "../tokenizer/index.ts";

/** A name in the instruction table: `qa`, `convsearch`, `chat`, `lrlm`, `icl`, `tool`, or one of your own. */
export type TaskName = string;

/** Which text of the pair is encoded: they carry different instructions and length limits. */
export type Side = "query" | "document";

export interface EncodeOptions {
  /** Chooses the instruction pair. Default `qa`. Unknown names: `invalid_argument`, listing the known. */
  readonly task?: TaskName;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/**
 * An opened encoder. Results keep the order of the input; every vector is a Float32Array of `dimensions`, of unit
 * length where the model normalises. Texts longer than the limit are cut on the right.
 */
export interface Encoder extends AsyncDisposable {
  /** What it was opened as: `mini`, a folder, a hub id. */
  readonly name: string;
  readonly dimensions: number;
  readonly tokenizer: Tokenizer;
  /** Tokens, instruction and special tokens included, above which a text is cut. */
  readonly maxTokens: { readonly query: number; readonly document: number };
  /** The task names this model has instructions for. */
  readonly tasks: readonly TaskName[];
  /**
   * Identity of a side under a task, by default of the document side: vectors of equal fingerprints live in one space.
   * Equal fingerprints of the query side: equal queries have equal vectors.
   */
  fingerprint(task: TaskName, side?: Side): string;
  encodeQueries(texts: readonly string[], options?: EncodeOptions): Promise<Float32Array[]>;
  encodeDocuments(texts: readonly string[], options?: EncodeOptions): Promise<Float32Array[]>;
  /** For inputs that do not fit in memory: vectors in the order of `texts`, one window at a time. */
  encode(
    side: Side,
    texts: AsyncIterable<string> | Iterable<string>,
    options?: EncodeOptions,
  ): AsyncIterable<Float32Array>;
  close(): Promise<void>;
}

export interface OpenEncoderOptions {
  /** Cores to use; default all. */
  readonly threads?: number;
  /** Execution provider: `cpu` (default), `webgpu`, `cuda`, `coreml`. */
  readonly device?: string;
  /** `int8` quantises at load, `float32` dequantises; default as stored. */
  readonly precision?: "float32" | "int8";
  /** A named instruction set or own pairs; default the model's own. */
  readonly instructions?: string | Readonly<Record<TaskName, InstructionPair>>;
  /** Where hub models are kept; default `~/.cache/retrieve-anything`. */
  readonly cacheFolder?: string;
  /** The hub that models are downloaded from; default `https://huggingface.co`. */
  readonly hubEndpoint?: string;
  /** Opens no socket: a hub model must be in the cache. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Told once each: a corpus in a script the encoder hardly covers, a model downloaded, a fallback taken. */
  readonly onNotice?: OnNotice;
}

/** What is put in front of a text, verbatim. */
export interface InstructionPair {
  readonly query: string;
  readonly document: string;
}
