/** `--min METRIC=VALUE`: evaluations that must not fall below. */

import { InvalidArgumentError, type Option } from "commander";
import { RetrieveError } from "../std/index.ts";
import { collect, option } from "./options.ts";

export interface Floor {
  readonly metric: string;
  readonly value: number;
}

export function minOption(): Option {
  return option("--min <metric=value>", "exit 1 when a result is below; repeatable").argParser(
    collect(parseFloor),
  );
}

function parseFloor(text: string): Floor {
  const [metric, value, ...rest] = text.split("=");
  const number = Number(value);
  if (metric && value && rest.length === 0 && Number.isFinite(number)) return { metric, value: number };
  throw new InvalidArgumentError("wanted METRIC=VALUE, such as nDCG@10=0.6.");
}

/** Throws `usage` for a metric that no report has, `invalid_data` for a value below. */
export function assertFloors(
  reports: readonly { readonly metrics: Readonly<Record<string, number>>; readonly method: string }[],
  floors: readonly Floor[],
): void {
  for (const { metric, value } of floors) {
    for (const { metrics, method } of reports) {
      const reached = metrics[metric];
      if (reached === undefined) {
        const known = Object.keys(metrics).join(", ");
        throw new RetrieveError("usage", `--min ${metric}: no such metric; known are ${known}`);
      }
      if (reached < value) {
        throw new RetrieveError(
          "invalid_data",
          `${metric} of ${method} is ${reached}, below the wanted ${value}`,
        );
      }
    }
  }
}
