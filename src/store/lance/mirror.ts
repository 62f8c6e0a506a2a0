/**
 * The rows of a small table in memory: a scan there takes an eighth of the time of a scan of the files.
 *
 * Loaded when a state is searched for the second time, so that a process which asks one question never pays for it, and
 * kept in step with this process's own writes. After a write of another process it is loaded anew.
 */

import type { Flat } from "../flat.ts";

export interface Mirror {
  /** The rows as of this version, or undefined where the files should be asked instead. */
  at(version: number): Promise<Flat | undefined>;
  /** As `at`, of what is loaded already; loads nothing. */
  held(version: number): Flat | undefined;
  /** Repeats a commit that led from one version to the next; a mirror of another version goes stale instead. */
  follow(from: number, to: number, change: (flat: Flat) => void): void;
  clear(): void;
}

/** A mirror filled by `load`, which returns undefined where the table is too large or changed meanwhile. */
export function createMirror(load: (version: number) => Promise<Flat | undefined>): Mirror {
  let held: { version: number; readonly flat: Flat } | undefined;
  let loading: { readonly version: number; readonly flat: Promise<Flat | undefined> } | undefined;
  let asked = -1;

  const loadOnce = async (version: number): Promise<Flat | undefined> => {
    const flat = await load(version);
    if (flat !== undefined) held = { version, flat };
    return flat;
  };
  return {
    held: (version) => (held?.version === version ? held.flat : undefined),
    async at(version) {
      if (held?.version === version) return held.flat;
      held = undefined;
      if (asked !== version) {
        asked = version;
        return undefined;
      }
      if (loading?.version !== version) {
        const flat = loadOnce(version).finally(() => {
          if (loading?.flat === flat) loading = undefined;
        });
        loading = { version, flat };
      }
      return loading.flat;
    },
    follow(from, to, change) {
      if (asked === from) asked = to;
      if (held?.version !== from) return;
      change(held.flat);
      held.version = to;
    },
    clear() {
      held = undefined;
      asked = -1;
    },
  };
}
