/** How long work reports how far it is, without knowing who is watching. */

/** One report: `done` of `total` units, where the total is known. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
  /** What is counted, in the plural: `texts`, `bytes`, `records`. */
  readonly unit: string;
  /** How it goes, in a few words, where there is more to tell than a count. */
  readonly detail?: string;
}

/** Receives reports. Called often: must be cheap and must not throw. */
export type OnProgress = (progress: Progress) => void;

/** Receives a sentence that the person should read once: a warning, or what was decided by itself. */
export type OnNotice = (message: string) => void;
