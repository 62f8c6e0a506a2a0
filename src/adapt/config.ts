/** What an adaptation is told, checked and completed. Nothing is opened here. */

import { fileURLToPath } from "node:url";
import type { LanguageModelTeacherOptions } from "../dataset/index.ts";
import type { TaskName } from "../encoder/index.ts";
import { RetrieveError } from "../std/index.ts";
import { resolveConfig, type TrainConfig } from "../train/index.ts";

/** Something to learn from or to be measured on. */
export interface AdaptSource {
  /** A file or folder. */
  readonly path: string;
  /** Of its rows. Default: what they say themselves, else what their kind says. */
  readonly task?: TaskName;
}

/** Settings of training that an adaptation leaves to the caller. */
export type TrainingSettings = Omit<TrainConfig, "data" | "base" | "out">;

export interface AdaptConfig {
  /**
   * What to learn from: files of training rows, BEIR folders, folders or files of conversations, JSON Lines of examples,
   * documents.
   */
  readonly sources: readonly AdaptSource[];
  /** The folder that becomes the model, where it is accepted. */
  readonly out: string;
  /** The encoder to begin with: a bundled name, a folder or a hub id. Default `mini`. */
  readonly base?: string;
  /** The language model that gives rewards, as `openLanguageModel` takes it. Not needed where every row has labels. */
  readonly llm?: string;
  /** What it is asked for. Default `likelihood`. */
  readonly reward?: NonNullable<LanguageModelTeacherOptions["reward"]>;
  /** What must not get worse: BEIR folders, folders of conversations with questions, files of rows. Default: the samples. */
  readonly guards?: readonly AdaptSource[];
  /** Fall of the mean nDCG@10 that is borne. Default 0.01. */
  readonly margin?: number;
  /** Share of the queries of a task that is held out. Default 0.2. */
  readonly heldOut?: number;
  /** Queries of a task that are held out, at most. Default 500. */
  readonly maxHeldOut?: number;
  /** Of every random choice. Default 42. */
  readonly seed?: number;
  /** Default: about three passes over the rows, at least 50 updates and at most 1000. */
  readonly training?: TrainingSettings;
}

/** A configuration with every choice made. */
export interface AdaptSettings extends Required<Omit<AdaptConfig, "llm">> {
  readonly llm: string | null;
}

/** The samples that come with the package, each with its task. They are small. */
export const sampleGuards: readonly AdaptSource[] = (
  [
    ["knowledge", "qa"],
    ["memory", "chat"],
    ["examples", "icl"],
    ["tools", "tool"],
  ] as const
).map(([kind, task]) => ({ path: fileURLToPath(new URL(`../../samples/${kind}`, import.meta.url)), task }));

/**
 * Checks and completes a configuration.
 *
 * Throws `invalid_argument` naming the value that is out of its range, an unknown setting of training, and for no source or no guard.
 */
export function resolveAdapt(config: AdaptConfig): AdaptSettings {
  const { sources, out, base = "mini", llm = null, reward = "likelihood", guards = sampleGuards } = config;
  const { margin = 0.01, heldOut = 0.2, maxHeldOut = 500, seed = 42, training = {} } = config;
  if (sources.length === 0) throw wrong("no source; name what to learn from");
  if (guards.length === 0) throw wrong("no guard; name what must not get worse, or leave the default");
  if (out === "") throw wrong("no folder; name the one that becomes the model");
  if (!(margin >= 0 && margin < 1)) throw wrong(`margin: got ${margin}, wanted a number from 0, below 1`);
  if (!(heldOut > 0 && heldOut < 1)) throw wrong(`heldOut: got ${heldOut}, wanted a share between 0 and 1`);
  for (const [name, value, least] of [
    ["maxHeldOut", maxHeldOut, 1],
    ["seed", seed, 0],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw wrong(`${name}: got ${value}, wanted a whole number from ${least}`);
    }
  }
  resolveConfig({ ...training, data: ["rows"], base, out }, "adaptation, training");
  return { sources, out, base, llm, reward, guards, margin, heldOut, maxHeldOut, seed, training };
}

function wrong(what: string): RetrieveError {
  return new RetrieveError("invalid_argument", `adaptation: ${what}`);
}
