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
  const shown = new SingleBar(
    {
      stream: terminal.stderr,
      format: `${label} {bar} {percentage}% {value}/{total} {unit}`,
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 50,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    report: ({ done, total, unit }) => {
      const known = total ?? done;
      if (started) {
        shown.setTotal(known);
        shown.update(done, { unit });
      } else {
        shown.start(known, done, { unit });
        started = true;
      }
    },
    stop: () => shown.stop(),
  };
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
