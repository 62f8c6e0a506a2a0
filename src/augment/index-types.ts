/**
 * The faces of an opened index: what goes in, what comes out, in the shapes that the command line prints as JSON.
 *
 * Knows no encoder and no store; {@link Index} is implemented by `open`.
 */

import type { Encoder, OpenEncoderOptions, TaskName } from "../encoder/index.ts";
import type { GenerateOptions, LanguageModel } from "../llm/index.ts";
import type { SearchMethod } from "../retrieve/index.ts";
import type { ErrorCode, OnNotice, OnProgress } from "../std/index.ts";
import type { Filter, JsonValue, Scalar } from "../store/index.ts";
import type { Augmented, Citation, Message, PromptItem } from "./compose/prompt.ts";
import type { KindName } from "./kind-names.ts";
import type { CallToolOptions } from "./tools/index.ts";

/** A passage of knowledge given in memory instead of a file. */
export interface KnowledgeRecord {
  readonly id?: string;
  readonly title?: string;
  readonly text: string;
  readonly metadata?: Readonly<Record<string, Scalar>>;
}

/** One turn of a conversation. `content` is read where there is no `text`, so chat API messages fit as they are. */
export interface Turn {
  /** Default `default`: one conversation for who has only one. */
  readonly conversation?: string;
  /** Whose memory it is, for scoping a search to a person across conversations. */
  readonly user?: string;
  /** `user`, `assistant`, or the speaker's name. */
  readonly role: string;
  readonly text?: string;
  readonly content?: string;
  /** ISO 8601 (`2026-03-01T09:30:00Z` or `2026-03-01`), or milliseconds since 1970. */
  readonly time?: string | number;
  /** Unique within the conversation; default its position. */
  readonly id?: string;
}

/** A solved instance of a task. */
export interface ExampleRecord {
  readonly id?: string;
  readonly input: string;
  readonly output: string;
  /** What is to be done with the input, in words; examples of several tasks may share an index. */
  readonly task?: string;
}

/** A function as chat APIs describe it: bare, or wrapped as `{ type: "function", function }`. */
export type ToolRecord =
  | {
      readonly name: string;
      readonly description?: string;
      readonly parameters?: { readonly [key: string]: JsonValue };
    }
  | {
      readonly type: "function";
      readonly function: {
        readonly name: string;
        readonly description?: string;
        readonly parameters?: { readonly [key: string]: JsonValue };
      };
    };

/**
 * What can be added to each kind besides strings. A string is always a place: a file, a folder, for tools also a URL
 * or `mcp:COMMAND ARG…`; text itself goes in as a record.
 */
export interface RecordOf {
  readonly knowledge: KnowledgeRecord;
  readonly memory: Turn;
  readonly examples: ExampleRecord;
  readonly tools: ToolRecord;
}

/** How an index opens its model. */
export type EncoderSettings = Omit<OpenEncoderOptions, "signal" | "onProgress" | "onNotice">;

export interface OpenOptions {
  /** The folder of the index; made by the first `add`. Default `.retrieve`. */
  readonly index?: string;
  /** `mini` (bundled), a model folder or a hub id. Default: the index's own model, `mini` for a new one. */
  readonly model?: string;
  /**
   * How the model is opened (device, threads, precision, instructions, cache, offline), or an encoder that is open
   * already: it takes the place of `model`, and whoever opened it closes it.
   */
  readonly encoder?: Encoder | EncoderSettings;
  /** Never takes the write lock; `add`, `delete`, `remember` and `reindex` are refused. */
  readonly readOnly?: boolean;
  /** Waits for another writer to finish instead of failing with `locked`. */
  readonly wait?: boolean;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

export interface AddOptions {
  /** The document instruction that a new collection is encoded under. Default: the kind's (`qa`, `chat`, `icl`, `tool`). */
  readonly task?: TaskName;
  /** Also removes the records of the given sources that are no longer there. */
  readonly sync?: boolean;
  /** Refuses sources that are downloaded (a URL of tools) with the code `offline`, without opening a socket. */
  readonly offline?: boolean;
  /** After each durable batch, with the source records committed so far: those survive a crash. */
  readonly onCommit?: (committed: number) => void;
  readonly onProgress?: OnProgress;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

/** Counts of source records (a file, a JSONL line, a turn, a tool), not of chunks. */
export interface AddReport {
  readonly kind: KindName;
  readonly added: number;
  readonly updated: number;
  /** Already there with the same content; of `remember`, also turns that only repeat what is there or was recalled. */
  readonly unchanged: number;
  readonly removed: number;
  readonly seconds: number;
}

/** Which memories a search may see. Conditions add up. */
export interface MemoryScope {
  readonly conversation?: string;
  readonly user?: string;
  /** Turns at or after this moment; same forms as {@link Turn.time}. Turns without a time never match. */
  readonly since?: string | number;
  /** Turns before this moment. */
  readonly until?: string | number;
}

export interface SearchOptions extends MemoryScope {
  readonly kind: KindName;
  /** Default 10. */
  readonly topK?: number;
  /** Default `hybrid`. */
  readonly method?: SearchMethod;
  /** A typed filter over metadata, or its SQL form: `lang = 'en' AND year >= 2020`. */
  readonly filter?: Filter | string;
  /** Query instruction; default the kind's, `convsearch` for messages over knowledge. */
  readonly task?: TaskName;
  /** 0 (default) relevance alone, up to 1 diversity alone. */
  readonly diversity?: number;
  /** Hits below are dropped; cosine for dense, the method's own scale otherwise. */
  readonly minScore?: number;
  /** Memory: after this many days the weight of a memory has halved. Default: age does not matter. */
  readonly halfLifeDays?: number;
  readonly signal?: AbortSignal;
}

/** One found document. */
export interface SearchHit {
  readonly id: string;
  /** Higher is nearer; comparable within one result only. */
  readonly score: number;
  /** The key that was matched. */
  readonly text: string;
  /** What goes into a prompt; its shape is the kind's. */
  readonly value: JsonValue;
  readonly source: string;
  readonly metadata: Readonly<Record<string, Scalar>>;
}

export interface SearchResult {
  /** The question as asked; of messages, the last one's text. */
  readonly query: string;
  readonly kind: KindName;
  readonly hits: readonly SearchHit[];
}

export interface AugmentOptions extends MemoryScope {
  /** Default: every kind the index holds. A kind that is named and absent adds nothing. */
  readonly kinds?: readonly KindName[];
  /** The messages together never exceed it, tools' schemas included. Default 2000. */
  readonly maxTokens?: number;
  /** How the target model counts; default the encoder's tokenizer. */
  readonly countTokens?: (text: string) => number;
  /** Hits considered for each kind, before the budget. Default 8. */
  readonly topK?: number;
  readonly method?: SearchMethod;
  /** Applied to knowledge, examples and tools; memory is narrowed by the scope fields. */
  readonly filter?: Filter | string;
  readonly minScore?: number;
  /** Cuts knowledge passages to the sentences that share words with the query. Default false. */
  readonly focus?: boolean;
  readonly halfLifeDays?: number;
  readonly signal?: AbortSignal;
}

/** What may run, with which functions, headers and limits: see {@link CallToolOptions.allow}. */
export type CallOptions = CallToolOptions;

export interface CallReport {
  readonly tool: string;
  readonly result: JsonValue;
  readonly seconds: number;
}

/** When retrieval happens again while a text is being written: after so many tokens, or after each sentence. */
export type Interval = number | "sentence";

export interface AskOptions
  extends Omit<AugmentOptions, "countTokens">,
    Partial<Omit<CallOptions, "signal">>,
    Pick<GenerateOptions, "temperature" | "seed"> {
  /** Who answers. It stays the caller's: `ask` does not close it. */
  readonly llm: LanguageModel;
  /** Budget of the composed prompt, in tokens of `llm`. Default: what its window leaves, 8000 where it tells none. */
  readonly maxTokens?: number;
  /** Upper limit of the answer's tokens. Default 1024, at most a quarter of the window. */
  readonly answerTokens?: number;
  /** How often the model may call tools before it must answer with what it has. Default 5; 0 offers none. */
  readonly maxRounds?: number;
  /** Searches knowledge and memory again while the answer is written. Default: once, before it. */
  readonly every?: Interval;
  /** The answer as it is written: all that is given here, joined, is `answer`. */
  readonly onText?: (text: string) => void;
  /** After each call of a tool, whatever came of it. */
  readonly onToolCall?: (call: ToolCallReport) => void;
  readonly onNotice?: OnNotice;
}

/** What came of a call that the model made. */
export interface ToolCallReport {
  /** Id of the retrieved tool; the name as the model wrote it where no retrieved tool has it. */
  readonly tool: string;
  /** As JSON, or as the model wrote them where that is none. */
  readonly arguments: JsonValue;
  /**
   * `done`: it ran; `refused`: unknown, not allowed, wrong arguments, too many; `failed`: it ran and failed;
   * `repeated`: the same call as an earlier one, not run again.
   */
  readonly outcome: "done" | "refused" | "failed" | "repeated";
  /** Of `done`. */
  readonly result?: JsonValue;
  /** Of the others: what the model was told. */
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly seconds: number;
}

/** A source that the answer cites. */
export interface AnswerCitation extends Citation {
  /** Where its marks begin in the answer, in UTF-16 units. */
  readonly positions: readonly number[];
}

export interface Answered {
  /** All that the model wrote for the user, what it wrote before calls of tools included. */
  readonly answer: string;
  /** The sources that marks such as `[1]` in the answer name, by number. A mark that names none is not here. */
  readonly citations: readonly AnswerCitation[];
  /** What was retrieved and put before the model. */
  readonly items: readonly PromptItem[];
  /** In the order of the calls. */
  readonly toolCalls: readonly ToolCallReport[];
}

export interface WriteOptions
  extends Pick<
      AugmentOptions,
      "topK" | "method" | "filter" | "minScore" | "conversation" | "user" | "signal"
    >,
    Pick<GenerateOptions, "temperature" | "seed" | "stop"> {
  /** Who writes: a model that continues a bare text. It stays the caller's. */
  readonly llm: LanguageModel;
  /** Upper limit of new tokens; may be more than the model's window holds. Default 256. */
  readonly newTokens?: number;
  /** When what was written is searched for again. Default 64 tokens. */
  readonly every?: Interval;
  /** Kinds of the index that are searched besides the text itself. Default knowledge and memory. */
  readonly kinds?: readonly ("knowledge" | "memory")[];
  /** Tokens that prompt and new text may take together. Default the model's window, 2048 where it tells none. */
  readonly window?: number;
  /** The new text as it is written. */
  readonly onText?: (text: string) => void;
  readonly onNotice?: OnNotice;
}

export interface Written {
  /** The new text alone. */
  readonly text: string;
  /** `stop`: the model or a stop text ended it; `length`: `newTokens` did. */
  readonly reason: "stop" | "length";
  /** Generations, each after a search of its own. */
  readonly steps: number;
  /** What was put into the prompts: chunks of the text itself are of kind memory and named `text#n`. */
  readonly items: readonly PromptItem[];
}

export interface KindStatus {
  readonly records: number;
  readonly documents: number;
  /** The document instruction it is encoded under. */
  readonly task: TaskName;
}

export interface IndexStatus {
  readonly index: string;
  /** The model the index was made with; absent before the first `add`. */
  readonly model?: string;
  /** On disk. */
  readonly bytes: number;
  /** Kinds that hold anything. */
  readonly kinds: Readonly<Partial<Record<KindName, KindStatus>>>;
}

export interface DeleteReport {
  readonly kind: KindName;
  readonly removed: number;
}

export interface ReindexOptions {
  /** The new encoder: `mini`, a folder, a hub id, or one that is open already. */
  readonly model: string | Encoder;
  readonly onProgress?: OnProgress;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

export interface ReindexReport {
  readonly model: string;
  readonly documents: number;
  readonly seconds: number;
}

/**
 * An opened index. Searching an empty index, or a kind nothing was added to, gives no hits; an unknown kind is
 * `invalid_argument`. The encoder is opened by the first call that needs it: `status` and `delete` never do.
 */
export interface Index extends AsyncDisposable {
  /** The folder it lives in. */
  readonly folder: string;
  /**
   * Adds files, folders, URLs or records. Unchanged ones are skipped without encoding, changed ones replaced.
   *
   * Throws `not_found` for a missing place, `invalid_data` naming file and line for a malformed record, and for
   * sources that hold no record at all (not with `sync`), `locked` when another writer holds the index,
   * `fingerprint_mismatch` when it was made by another encoder.
   */
  add<Kind extends KindName>(
    kind: Kind,
    sources: readonly (string | RecordOf[Kind])[],
    options?: AddOptions,
  ): Promise<AddReport>;
  /** Appends turns to a conversation as they happen. Repeats and recalled text are not stored again. */
  remember(conversation: string, turns: readonly Turn[], options?: AddOptions): Promise<AddReport>;
  /** Ranked records of one kind. Messages are searched as a conversation: the last one, with its history. */
  search(query: string | readonly Message[], options: SearchOptions): Promise<SearchResult>;
  /** A prompt enriched from the index, within `maxTokens`. Throws `invalid_argument` if the query alone exceeds it. */
  augment(query: string | readonly Message[], options?: AugmentOptions): Promise<Augmented>;
  /** Executes one indexed tool after validating `args` against its schema. Throws `not_allowed`, `tool_failed`. */
  call(tool: string, args: JsonValue, options: CallOptions): Promise<CallReport>;
  /**
   * Answers with a language model: the question is augmented, the model answers or calls retrieved tools, what `allow`
   * names is run and its result given back, until the answer is complete; sources that it cites are told.
   *
   * Input longer than the model's window is kept as memory for the time of the call, and the parts that matter are put
   * before the model. Nothing is written to the index. A call that is refused or fails is told to the model and in
   * `toolCalls`; an error of the model itself, or an abort, is thrown.
   */
  ask(query: string | readonly Message[], options: AskOptions): Promise<Answered>;
  /**
   * Goes on writing a text with a base model, past its window: older text is kept as memory for the time of the call,
   * and what is near to the text being written is put back in front of it, as LLM-Embedder does for long texts.
   * Nothing is written to the index. Errors of the model are thrown.
   */
  write(text: string, options: WriteOptions): Promise<Written>;
  status(): Promise<IndexStatus>;
  /** Removes source records by id. A chunk's id (`RECORD#n`) stands for its record. */
  delete(kind: KindName, ids: readonly string[]): Promise<DeleteReport>;
  /** Encodes everything with another model beside the old vectors and switches when all is there. */
  reindex(options: ReindexOptions): Promise<ReindexReport>;
  close(): Promise<void>;
}
