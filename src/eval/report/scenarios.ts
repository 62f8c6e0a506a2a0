/** Runs that belong together: one benchmark on the same data, its systems named and ordered. Pure. */

import type { Receipt } from "../benchmark/receipt.ts";
import type { StoredRun } from "../benchmark/run-files.ts";
import { type Averaging, averagingOf } from "./averaging.ts";

/** One benchmark on one data set, without a language model or with several. */
export interface Scenario {
  readonly benchmark: string;
  /** Benchmark, data and split, for people. */
  readonly title: string;
  readonly systems: readonly NamedRun[];
  readonly averaging: Averaging;
}

export interface NamedRun extends StoredRun {
  /** What tells this system from the others of its scenario. */
  readonly label: string;
  /** The settings in which runs of one method and encoder differ here. */
  readonly swept: ReadonlyMap<string, string>;
}

/** The order of tables, and of what serves as the baseline; oracle knows the answer and comes last. */
const methodOrder = ["none", "random", "recency", "bm25", "dense", "hybrid"];

/** The scenarios in the order in which their first run comes. */
export function scenariosOf(runs: readonly StoredRun[]): Scenario[] {
  const titles = titlesOf(runs);
  return groupsBy(runs, (run) => titles.get(run) ?? "").map(([title, held]) => ({
    benchmark: held[0]?.receipt.benchmark ?? "",
    title,
    systems: ordered(named(held)),
    averaging: averagingOf(held),
  }));
}

/** Whether two runs differ in their system only: the same language model, and equal settings where both have them. */
export function areComparable(left: NamedRun, right: NamedRun): boolean {
  if (left.receipt.llm !== right.receipt.llm) return false;
  return [...left.swept].every(([key, value]) => (right.swept.get(key) ?? value) === value);
}

/** Items by key, in the order in which the keys first come. */
export function groupsBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): [string, Item[]][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups];
}

/** Data of one name and other content, or another headline, get a title of their own. */
function titlesOf(runs: readonly StoredRun[]): Map<StoredRun, string> {
  const titles = new Map<StoredRun, string>();
  const plainTitle = ({ benchmark, data }: Receipt): string =>
    `${benchmark}: ${data.name}${data.split === "" ? "" : ` (${data.split})`}`.replace(/\s+/g, " ");
  for (const [title, held] of groupsBy(runs, ({ receipt }) => plainTitle(receipt))) {
    const hashes = new Set(held.map(({ receipt }) => receipt.data.sha256));
    const headlines = new Set(held.map(({ receipt }) => receipt.headline));
    for (const run of held) {
      const { data, headline } = run.receipt;
      const data8 = hashes.size > 1 ? `, data ${data.sha256.slice(0, 8)}` : "";
      titles.set(run, `${title}${data8}${headlines.size > 1 ? `, ${headline}` : ""}`);
    }
  }
  return titles;
}

function named(runs: readonly StoredRun[]): NamedRun[] {
  const systemOf = ({ receipt: { system } }: StoredRun): string =>
    JSON.stringify([system.method, system.model]);
  return groupsBy(runs, systemOf).flatMap(([, held]) => {
    const settings = held.map(({ receipt }) => settingsOf(receipt));
    const varying = [...new Set(settings.flatMap((one) => Object.keys(one)))].filter(
      (key) => new Set(settings.map((one) => one[key])).size > 1,
    );
    return held.map((run, at): NamedRun => {
      const own = varying.flatMap((key) => {
        const value = settings[at]?.[key];
        return value === undefined ? [] : [[key, value] as const];
      });
      const { method, model } = run.receipt.system;
      const parts = [method, ...(model === null ? [] : [model]), ...own.map((pair) => pair.join(" "))];
      const swept = new Map(own.filter(([key]) => !ofTheSystem.has(key)));
      return { ...run, label: parts.join(" · "), swept };
    });
  });
}

/** What may differ between two systems that are compared. */
const ofTheSystem: ReadonlySet<string> = new Set(["encoder", "seed", "version"]);

/** All that can tell two runs of one method and encoder apart. */
function settingsOf({ config, seed, version, system }: Receipt): Record<string, string> {
  const own = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)]));
  const encoder = system.fingerprint === null ? {} : { encoder: system.fingerprint.slice(0, 8) };
  return { ...own, ...encoder, seed: String(seed), version };
}

function ordered(runs: readonly NamedRun[]): NamedRun[] {
  const models = [...new Set(runs.map(({ receipt }) => receipt.llm))];
  const placeOf = ({ receipt }: NamedRun): number => {
    const place = methodOrder.indexOf(receipt.system.method);
    if (place >= 0) return place;
    return receipt.system.method === "oracle" ? methodOrder.length + 1 : methodOrder.length;
  };
  return [...runs].sort(
    (left, right) =>
      models.indexOf(left.receipt.llm) - models.indexOf(right.receipt.llm) ||
      placeOf(left) - placeOf(right) ||
      left.label.localeCompare(right.label, "en", { numeric: true }),
  );
}
