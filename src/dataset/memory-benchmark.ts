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
  /** Those by reason; `without evidence` where the data gives none. */
  readonly excluded: Readonly<Record<string, number>>;
}

/** A question as a file has it: its evidence may be empty. */
export interface FiledQuestion extends MemoryQuestion {
  readonly split: string;
  /** Why it has no evidence, where the data says so. */
  readonly reason?: string;
}

/** What a layout holds, before a split is chosen. */
export interface MemoryData {
  /** The file with the questions, for messages. */
  readonly file: string;
  readonly questions: readonly FiledQuestion[];
  /** Conversations by id, in the order of the file. They may be read from the disk only now. */
  readonly conversationsOf: (ids: ReadonlySet<string>) => Promise<BenchmarkConversation[]>;
  /** What was mended or passed over, a sentence each. */
  readonly notices: readonly string[];
}
