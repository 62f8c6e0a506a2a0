/** Progress on stderr: a bar for a person, a line now and then for a log, nothing for `--quiet` and `--json`. */

import { Presets, SingleBar } from "cli-progress";
import type { OnProgress, Progress } from "../std/index.ts";
import type { Manners, Terminal } from "./terminal.ts";

export interface ProgressDisplay {
  readonly report: OnProgress;
  /** Takes the bar away. */
  stop(): void;
}

export interface StagesDisplay {
  /** Reports of the stage with this label; the one before makes room. */
  stage(label: string): OnProgress;
  /** Takes the bar away. */
  stop(): void;
}

/** Seconds between two lines where stderr is not a terminal. */
const LINE_SECONDS = 10;

/** A display for one piece of long work; appears with the first report. */
export function showProgress(terminal: Terminal, manners: Manners, label: string): ProgressDisplay {
  const { stage, stop } = showStages(terminal, manners);
  return { report: stage(label), stop };
}

/** A display for work that goes through stages, one after the other or in turn. */
export function showStages(terminal: Terminal, manners: Manners): StagesDisplay {
  if (manners.quiet || manners.json) return { stage: () => () => undefined, stop: () => undefined };
  return terminal.stderr.isTTY ? bars(terminal) : lines(terminal);
}

function bars(terminal: Terminal): StagesDisplay {
  let shown: { readonly label: string; readonly bar: SingleBar } | undefined;
  const stop = (): void => {
    shown?.bar.stop();
    shown = undefined;
  };
  return {
    stage: (label) => (progress) => {
      const { done, total, unit, detail } = progress;
      if (shown?.label === label) {
        if (total !== undefined) shown.bar.setTotal(total);
        shown.bar.update(done, { unit, detail });
        return;
      }
      stop();
      shown = { label, bar: createBar(terminal, label, progress) };
      shown.bar.start(total ?? done, done, { unit, detail });
    },
    stop,
  };
}

/** Where the end is not known a bar would lie: it only counts. A detail takes the room of a wide bar. */
function createBar({ stderr }: Terminal, label: string, { total, detail }: Progress): SingleBar {
  const counted = detail === undefined ? "{percentage}% {value}/{total} {unit}" : "{value}/{total} {detail}";
  const format = total === undefined ? `${label} {value} {unit}` : `${label} {bar} ${counted}`;
  const barsize = detail === undefined ? 24 : 12;
  const options = { stream: stderr, format, barsize, hideCursor: true, clearOnComplete: true };
  return new SingleBar(options, Presets.shades_classic);
}

function lines(terminal: Terminal): StagesDisplay {
  let last = performance.now();
  return {
    stage:
      (label) =>
      ({ done, total, unit, detail }) => {
        if (performance.now() - last < LINE_SECONDS * 1000) return;
        last = performance.now();
        const count = `${done}${total === undefined ? "" : `/${total}`} ${unit}`;
        terminal.stderr.write(`${label}: ${count}${detail === undefined ? "" : `, ${detail}`}\n`);
      },
    stop: () => undefined,
  };
}
