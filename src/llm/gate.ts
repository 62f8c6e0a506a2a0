/** Lets a number of calls in at once; the others wait in the order in which they came. */

import { interrupted } from "./interrupted.ts";
import { onAbort } from "./on-abort.ts";

export interface Gate {
  /** Resolves when there is room, with the function that gives the room back. Throws `interrupted` on abort. */
  enter(signal: AbortSignal | undefined): Promise<() => void>;
}

export function createGate(size: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    inside--;
    waiting.shift()?.();
  };
  const enter = (): (() => void) => {
    inside++;
    let isInside = true;
    return () => {
      if (isInside) leave();
      isInside = false;
    };
  };
  return {
    enter: async (signal) => {
      if (signal?.aborted) throw interrupted(signal);
      if (inside < size) return enter();
      return await new Promise((resolve, reject) => {
        const proceed = (): void => {
          release();
          resolve(enter());
        };
        const release = onAbort(signal, () => {
          waiting.splice(waiting.indexOf(proceed), 1);
          reject(interrupted(signal));
        });
        waiting.push(proceed);
      });
    },
  };
}
