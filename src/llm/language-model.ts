/** A language model seen from outside: it continues a text, and tells how likely it finds a given continuation. */

/** A message of a chat, in the form of the OpenAI API; `tool` answers the call that `toolCallId` names. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  /** Calls that an assistant made. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a `tool` message: the call that it answers. */
  readonly toolCallId?: string;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it: not yet parsed, not yet validated. */
  readonly arguments: string;
}

/** A function that the model may call, with a JSON Schema of its arguments. */
export interface ToolSchema {
  readonly name: string;
  readonly description?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What to continue: a chat, or a bare text that the model goes on from (no template, no roles). */
export type GenerateInput = { readonly messages: readonly ChatMessage[] } | { readonly prompt: string };

export interface GenerateOptions {
  /** Upper limit of new tokens. */
  readonly maxTokens?: number;
  /** 0 takes the likeliest token each time. Default 0: results of retrieval work are to be repeatable. */
  readonly temperature?: number;
  readonly seed?: number;
  /** Generation ends before any of these texts; they are not part of the output. */
  readonly stop?: readonly string[];
  /** For chats only. A model that cannot call tools refuses them with `unsupported`. */
  readonly tools?: readonly ToolSchema[];
  readonly signal?: AbortSignal;
}

/** What comes out of a generation, in order; the last one is always `end`. */
export type GenerateEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "toolCall"; readonly call: ToolCall }
  | { readonly type: "end"; readonly reason: EndReason; readonly usage: Usage };

/** `stop`: the model or a stop text ended it; `length`: `maxTokens` or the window; `toolCalls`: it waits for results. */
export type EndReason = "stop" | "length" | "toolCalls";

/** Tokens of the language model. */
export interface Usage {
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** The server counts nothing: a token of the prompt is taken for 4 characters, a streamed piece for a token. */
  readonly estimated?: true;
}

/** How likely a continuation is, token by token. */
export interface ContinuationScore {
  /** Texts of the tokens that make up the continuation; joined they give it, give or take the merge at its start. */
  readonly tokens: readonly string[];
  /** Natural logarithm of each token's probability given all that stands before it; as long as `tokens`, none above 0. */
  readonly logProbabilities: readonly number[];
}

/** A token that could come next. */
export interface TokenProbability {
  readonly text: string;
  /** Natural logarithm. */
  readonly logProbability: number;
}

export interface ScoreOptions {
  /**
   * Whether the first token of a text has the value 0 where nothing stands before it, instead of being refused: after an empty
   * prompt, with a model that has no mark of the beginning. Default false.
   */
  readonly zeroFirst?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * A language model.
 *
 * Calls may run side by side; a model works on as many at once as `parallel` says and keeps the others waiting.
 */
export interface LanguageModel {
  /** Names the model and its weights, for cache keys and reports: two models with equal names score alike. */
  readonly name: string;
  /** Tokens that prompt and output may take together; undefined where the model does not tell. */
  readonly contextLength: number | undefined;
  /** How many calls are worked on at once. */
  readonly parallel: number;

  /** Continues a chat or a text. Errors of the model surface from the iterator. */
  generate(input: GenerateInput, options?: GenerateOptions): AsyncIterable<GenerateEvent>;

  /**
   * Log-probabilities of each continuation right after the prompt, in the order of `continuations`.
   *
   * Undefined for models that generate only. Costs one evaluation of the prompt, where the backend can share it, and
   * one of each continuation. A prompt and continuation longer than the window are refused with `invalid_argument`.
   */
  readonly score?: (
    prompt: string,
    continuations: readonly string[],
    options?: ScoreOptions,
  ) => Promise<readonly ContinuationScore[]>;

  /** The likeliest first tokens of what would be generated, about 20; undefined where the model cannot tell. */
  readonly topTokens?: (
    input: GenerateInput,
    options?: Pick<ScoreOptions, "signal">,
  ) => Promise<readonly TokenProbability[]>;

  /** Tokens of a text, without the marks of its beginning and end; undefined where the backend cannot count. */
  readonly countTokens?: (text: string) => Promise<number>;

  /** The text cut to its first `limit` tokens; where absent, callers cut by characters and say so. */
  readonly truncate?: (text: string, limit: number) => Promise<string>;

  close(): Promise<void>;
}
