/** Long conversations, and questions that some of their turns answer. */

export interface SpokenTurn {
  /** Unique in its conversation. */
  readonly id: string;
  readonly speaker: string;
  readonly text: string;
  /** Of its session, as ISO 8601 from the day on; absent where none is given or it cannot be read. */
  readonly date?: string;
}

export interface BenchmarkConversation {
  readonly id: string;
  readonly turns: readonly SpokenTurn[];
}

export interface MemoryQuestion {
  readonly id?: string;
  readonly conversation: string;
  readonly question: string;
  /** Turns of the conversation that answer it, at least one. */
  readonly evidence: ReadonlySet<string>;
  /** Expected answers, where the data has them. */
  readonly answers?: readonly string[];
}

export interface MemoryBenchmark {
  readonly split: string;
  /** Those that are asked about. */
  readonly conversations: readonly BenchmarkConversation[];
  /** Those with evidence. */
  readonly questions: readonly MemoryQuestion[];
  /** How many of the split have none. */
  readonly withoutEvidence: number;
}

/** What a file holds, before a split is chosen. */
export interface MemoryData {
  readonly conversations: ReadonlyMap<string, BenchmarkConversation>;
  readonly questions: readonly (MemoryQuestion & { readonly split: string })[];
}
