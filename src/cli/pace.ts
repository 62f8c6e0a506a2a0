/** How a training run goes, in the words that fit beside a bar. */

import type { LogEntry } from "../train/index.ts";

/** Updates that are looked back at: single batches differ much. */
const WINDOW = 20;

/** Takes each update in turn, and says `loss 0.412, lr 4.5e-5, 2.4k tok/s, 12 min`. */
export function createPace(): (entry: LogEntry, steps: number) => string {
  const recent: LogEntry[] = [];
  return (entry, steps) => {
    recent.push(entry);
    if (recent.length > WINDOW) recent.shift();
    const sum = (pick: (one: LogEntry) => number): number => recent.reduce((all, one) => all + pick(one), 0);
    const seconds = sum((one) => one.seconds);
    const loss = (sum((one) => one.loss) / recent.length).toPrecision(3);
    const rate = shortNumber(sum(({ tokens }) => tokens) / seconds);
    const left = duration(((steps - entry.step) * seconds) / recent.length);
    const { learningRate } = entry;
    const lr = learningRate === 0 ? "0" : learningRate.toExponential(1);
    return `loss ${loss}, lr ${lr}, ${rate} tok/s, ${left}`;
  };
}

/** `45 s`, `12 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `830`, `2.4k`, `1.2M`. */
export function shortNumber(value: number): string {
  if (value < 1000) return String(Math.round(value));
  return value < 1e6 ? `${(value / 1e3).toFixed(1)}k` : `${(value / 1e6).toFixed(1)}M`;
}
