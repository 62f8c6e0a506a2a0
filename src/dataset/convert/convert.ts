/** Public data sets to training rows: the table of converters, and the writing that they share. */

import { formatJsonLine, type OnProgress, RetrieveError, writeFileAtomic } from "../../std/index.ts";
import { formatRow } from "../row.ts";
import { convertBeir } from "./beir.ts";
import { convertCode } from "./code.ts";
import { convertConversations } from "./conversations.ts";
import type { Converter, ConverterOptions } from "./converter.ts";
import { convertDocuments } from "./documents.ts";
import { convertExamples } from "./examples.ts";
import { convertJsonl } from "./jsonl.ts";
import { convertLlmEmbedder } from "./llm-embedder.ts";
import { convertLongText } from "./long-text.ts";
import { convertMemory } from "./memory.ts";
import { convertMsc } from "./msc.ts";
import { convertMsmarco } from "./msmarco.ts";
import { convertNq } from "./nq.ts";
import { convertQrecc } from "./qrecc.ts";
import { convertTasks } from "./tasks.ts";
import { convertToolbench } from "./toolbench.ts";

export type ConverterName =
  | "beir"
  | "memory"
  | "llm-embedder"
  | "msmarco"
  | "nq"
  | "qrecc"
  | "toolbench"
  | "msc"
  | "tasks"
  | "long-text"
  | "code"
  | "documents"
  | "conversations"
  | "examples"
  | "jsonl";

/** Adding a data set is a file and a line. */
const converters: Readonly<Record<ConverterName, Converter>> = {
  beir: convertBeir,
  memory: convertMemory,
  "llm-embedder": convertLlmEmbedder,
  msmarco: convertMsmarco,
  nq: convertNq,
  qrecc: convertQrecc,
  toolbench: convertToolbench,
  msc: convertMsc,
  tasks: convertTasks,
  "long-text": convertLongText,
  code: convertCode,
  documents: convertDocuments,
  conversations: convertConversations,
  examples: convertExamples,
  jsonl: convertJsonl,
};

export interface ConvertOptions extends ConverterOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface ConvertReport {
  /** Queries that the split has. */
  readonly read: number;
  /** Rows written. */
  readonly kept: number;
  /** Queries without a row, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly out: string;
}

/**
 * Writes the rows of `source` to `out`, which appears when it is complete.
 *
 * Throws what the reader of the layout throws, and `invalid_data` where not one row is left.
 */
export async function convertDataset(
  name: ConverterName,
  source: string,
  out: string,
  options: ConvertOptions = {},
): Promise<ConvertReport> {
  const dropped: Record<string, number> = {};
  let read = 0;
  let kept = 0;
  const lines = async function* (): AsyncGenerator<string> {
    for await (const converted of converters[name](source, options)) {
      options.signal?.throwIfAborted();
      read++;
      options.onProgress?.({ done: read, unit: "queries" });
      if ("dropped" in converted) {
        dropped[converted.dropped] = (dropped[converted.dropped] ?? 0) + 1;
        continue;
      }
      kept++;
      yield formatJsonLine(formatRow(converted.row));
    }
    if (kept === 0) {
      const reasons = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
      throw new RetrieveError("invalid_data", `${source}: not one row: ${reasons.join(", ")}`);
    }
  };
  await writeFileAtomic(out, lines());
  return { read, kept, dropped, out };
}
