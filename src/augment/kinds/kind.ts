/** What every kind can do: read what is added, and turn what is found into pieces of a prompt. */

import type { TaskName } from "../../encoder/index.ts";
import type { Document, Retrieved, SourceRecord, TokenCounter } from "../../retrieve/index.ts";
import type { OnNotice } from "../../std/index.ts";
import type { Filter } from "../../store/index.ts";
import type { PieceOf } from "../compose/prompt.ts";
import type { RecordOf } from "../index-types.ts";
import type { KindName } from "../kind-names.ts";

/** What reading must know of the index. */
export interface ReadContext {
  /** Of the encoder: chunks are measured in its tokens. */
  readonly counter: TokenCounter;
  /** Tokens of a document that the encoder reads, its instruction and special tokens included. */
  readonly maxTokens: number;
  /** What the kind holds, before this call. */
  readonly stored: (filter: Filter) => AsyncIterable<Document>;
  /** Texts that were put into prompts. */
  readonly recalled: readonly string[];
  /** Whether sources that are downloaded are refused. */
  readonly offline: boolean;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

export interface Kind<Name extends KindName> {
  readonly name: Name;
  /** The instruction its documents are encoded under, unless `add` names another. */
  readonly task: TaskName;
  /** Reads places and records, in order, one source record at a time. */
  read(
    sources: readonly (string | RecordOf[Name])[],
    context: ReadContext,
  ): AsyncIterable<SourceRecord> | Iterable<SourceRecord>;
  /** What found documents put into a prompt, in the order given. */
  present(found: readonly Retrieved[]): readonly PieceOf[Name][];
}
