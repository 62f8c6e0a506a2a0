/**
 * How each task is trained: which of a row's texts make a group, and which losses are taken on it. Two sets come from
 * LLM-Embedder: `reference`, as its code does it, and `paper`, as its table 9 says; own settings replace either by task.
 */

import type { NegativeChoice, PositiveChoice } from "../dataset/index.ts";
import {
  contrastive,
  distillation,
  type Loss,
  type MatryoshkaPart,
  marginMse,
  matryoshka,
  stabilised,
  weighted,
} from "./losses/index.ts";

/** One loss of a task; a weight counts where there are several. */
export type LossTerm = { readonly weight?: number } & (
  | { readonly kind: "contrastive" }
  | {
      readonly kind: "distillation";
      readonly teacherTemperature: number;
      readonly studentTemperature?: number;
    }
  | { readonly kind: "stabilised"; readonly alpha: number; readonly order: "reward" | "reference" }
  | { readonly kind: "marginMse"; readonly temperature?: number }
);

export interface TaskSettings {
  readonly positive: PositiveChoice;
  readonly negative: NegativeChoice;
  readonly losses: readonly LossTerm[];
  /** Rows whose best score is below are left out. */
  readonly minScore?: number;
  /** Rows whose scores differ by less are left out. */
  readonly minSpread?: number;
  readonly maxRows?: number;
}

export type SettingsSet = "paper" | "reference" | "contrastive";

/** What a task without settings of its own does, and one whose rows have no teacher scores. */
export const contrastiveSettings: TaskSettings = {
  positive: "first",
  negative: "random",
  losses: [{ kind: "contrastive" }],
};

const graded = (alpha: number, order: "reward" | "reference"): readonly LossTerm[] => [
  { kind: "stabilised", alpha, order },
];
/** The reference code keeps rows of long texts whose scores tell candidates apart, and at most so many a file. */
const longTexts = { minSpread: 0.1, maxRows: 10_000 };

const sets: Readonly<Record<SettingsSet, Readonly<Record<string, TaskSettings>>>> = {
  contrastive: {},
  reference: {
    qa: { ...contrastiveSettings, losses: graded(1, "reference") },
    icl: { ...contrastiveSettings, positive: "random", losses: graded(1, "reference") },
    chat: { ...contrastiveSettings, positive: "teacher", losses: plain(0.1) },
    lrlm: { ...contrastiveSettings, positive: "teacher", losses: plain(0.1), ...longTexts },
  },
  paper: {
    qa: { ...contrastiveSettings, losses: graded(1, "reward") },
    icl: { ...contrastiveSettings, positive: "random", losses: graded(1, "reward") },
    chat: { ...contrastiveSettings, positive: "teacher", losses: graded(0.1, "reward") },
    lrlm: { ...contrastiveSettings, positive: "teacher", losses: graded(0.1, "reward"), ...longTexts },
  },
};

function plain(teacherTemperature: number): readonly LossTerm[] {
  return [{ kind: "distillation", teacherTemperature }];
}

/** The settings of a task in a set; tasks that it does not name are trained contrastively. */
export function taskSettings(set: SettingsSet, task: string): TaskSettings {
  return sets[set][task] ?? contrastiveSettings;
}

/** Whether the losses of a task need teacher scores. */
export function needsTeacher({ losses }: TaskSettings): boolean {
  return losses.some(({ kind }) => kind !== "contrastive");
}

export interface LossOptions {
  /** Divides similarities. */
  readonly temperature: number;
  /** Shorter embeddings that are judged too; none: the whole one alone. */
  readonly matryoshka: readonly MatryoshkaPart[];
}

/** The losses of a task as one; a single loss is taken as it is, unweighted. */
export function lossOf(terms: readonly LossTerm[], { temperature, matryoshka: parts }: LossOptions): Loss {
  const loss = sumOf(terms, temperature);
  return parts.length === 0 ? loss : matryoshka(loss, parts);
}

function sumOf(terms: readonly LossTerm[], temperature: number): Loss {
  const [only, ...others] = terms.map((term) => ({
    loss: termLoss(term, temperature),
    weight: term.weight ?? 1,
  }));
  return only !== undefined && others.length === 0
    ? only.loss
    : weighted(only === undefined ? [] : [only, ...others]);
}

function termLoss(term: LossTerm, temperature: number): Loss {
  switch (term.kind) {
    case "contrastive":
      return contrastive({ temperature });
    case "distillation":
      return distillation({
        temperature,
        teacherTemperature: term.teacherTemperature,
        studentTemperature: term.studentTemperature ?? 1,
      });
    case "stabilised":
      return stabilised({ temperature, alpha: term.alpha, order: term.order });
    case "marginMse":
      return marginMse({ temperature: term.temperature ?? 1 });
  }
}
