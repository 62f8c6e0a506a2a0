/** How scoring goes, in the words that fit beside a bar. */

import type { ScoreProgress } from "../dataset/index.ts";
import { duration, shortNumber } from "./pace.ts";

/** Seconds that are looked back at: what is cached passes at once, and says nothing of what comes. */
const WINDOW = 30;
/** Seconds between two that are looked at. */
const GAP = 0.5;

/** Takes each report in turn, and says `2.4k tok/s, 12 min`; without a language model only how long. */
export function createScorePace(
  now: () => number = () => performance.now() / 1000,
): (at: ScoreProgress) => string {
  let recent = [{ done: 0, tokens: 0, time: now() }];
  return ({ done, total, tokens }) => {
    const time = now();
    const from = recent.findIndex((one) => time - one.time <= WINDOW);
    recent = recent.slice(Math.max(0, from));
    if (time - (recent.at(-1)?.time ?? 0) >= GAP) recent.push({ done, tokens, time });
    const first = recent[0] ?? { done, tokens, time };
    const seconds = time - first.time;
    if (seconds <= 0 || done === first.done) return "";
    const left = duration(((total - done) * seconds) / (done - first.done));
    return tokens === 0 ? left : `${shortNumber((tokens - first.tokens) / seconds)} tok/s, ${left}`;
  };
}
