/** Progress on stderr: a bar for a person, a line now and then for a log, nothing for `--quiet` and `--json`. */

import { Presets, SingleBar } from "cli-progress";
import type { OnProgress } from "../std/index.ts";
import type { Manners, Terminal } from "./terminal.ts";

export interface ProgressDisplay {
  readonly report: OnProgress;
  /** Takes the bar away. */
  stop(): void;
}

/** Seconds between two lines where stderr is not a terminal. */
const LINE_SECONDS = 10;

/** A display for one piece of long work; appears with the first report. */
export function showProgress(terminal: Terminal, manners: Manners, label: string): ProgressDisplay {
  if (manners.quiet || manners.json) return { report: () => undefined, stop: () => undefined };
  return terminal.stderr.isTTY ? bar(terminal, label) : lines(terminal, label);
}

function bar(terminal: Terminal, label: string): ProgressDisplay {
  let shown: SingleBar | undefined;
  return {
    report: ({ done, total, unit }) => {
      if (shown === undefined) {
        shown = createBar(terminal, label, total !== undefined);
        shown.start(total ?? done, done, { unit });
      } else {
        if (total !== undefined) shown.setTotal(total);
        shown.update(done, { unit });
      }
    },
    stop: () => shown?.stop(),
  };
}

/** Where the end is not known a bar would lie: it only counts. */
function createBar({ stderr }: Terminal, label: string, hasEnd: boolean): SingleBar {
  const format = hasEnd ? `${label} {bar} {percentage}% {value}/{total} {unit}` : `${label} {value} {unit}`;
  const options = { stream: stderr, format, barsize: 24, hideCursor: true, clearOnComplete: true };
  return new SingleBar(options, Presets.shades_classic);
}

function lines(terminal: Terminal, label: string): ProgressDisplay {
  let last = performance.now();
  return {
    report: ({ done, total, unit }) => {
      if (performance.now() - last < LINE_SECONDS * 1000) return;
      last = performance.now();
      terminal.stderr.write(`${label}: ${done}${total === undefined ? "" : `/${total}`} ${unit}\n`);
    },
    stop: () => undefined,
  };
}
