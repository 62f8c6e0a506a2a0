/** Who is told of an adaptation, and what it is lent. */

import type { LanguageModel } from "../llm/index.ts";
import type { OnNotice, Progress } from "../std/index.ts";
import type { LogEntry } from "../train/index.ts";
import type { AdaptSettings } from "./config.ts";

/** In their order. */
export const stageNames = [
  "convert",
  "split",
  "mine",
  "score",
  "train",
  "evaluate",
  "decide",
  "report",
] as const;
export type StageName = (typeof stageNames)[number];

export interface AdaptHooks {
  /** Goes on with the adaptation that `out` holds, or begins where there is none. */
  readonly resume?: boolean;
  readonly offline?: boolean;
  /** Opens the language model when it is first needed. Default `openLanguageModel`. */
  readonly openLanguageModel?: (uri: string) => Promise<LanguageModel>;
  /** Folder of what language models were asked before. Default: one within `out`. */
  readonly scoreCache?: string;
  /** Told when a stage begins, or is passed over because an earlier run did it. */
  readonly onStage?: (stage: StageName, state: "begins" | "done before") => void;
  readonly onProgress?: (stage: StageName, progress: Progress) => void;
  /** Told after each update of training. */
  readonly onStep?: (entry: LogEntry, steps: number) => void;
  readonly onNotice?: OnNotice;
  /** Ends the work; the same call with `resume` goes on. */
  readonly signal?: AbortSignal;
}

/** What a stage works with. */
export interface Work
  extends Pick<AdaptHooks, "offline" | "openLanguageModel" | "scoreCache" | "onStep" | "signal"> {
  readonly settings: AdaptSettings;
  /** A path within the folder of the adaptation. */
  readonly at: (...parts: readonly string[]) => string;
  readonly onNotice: OnNotice;
  readonly onProgress: (progress: Progress) => void;
}

/** How long work of other floors is watched. */
export function watched({ onProgress, signal }: Work): {
  readonly onProgress: Work["onProgress"];
  readonly signal?: AbortSignal;
} {
  return { onProgress, ...(signal && { signal }) };
}
