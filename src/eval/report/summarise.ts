/** Runs to what a report says about them. Pure; the same runs give the same report. */

import { RetrieveError } from "../../std/index.ts";
import type { Receipt } from "../benchmark/receipt.ts";
import type { StoredRun } from "../benchmark/run-files.ts";
import { intervalOf, isReproduced } from "./averaging.ts";
import { comparisonsOf, judged } from "./comparisons.ts";
import type {
  BenchmarkTable,
  ContextCurves,
  Matrix,
  Part,
  PublishedResult,
  ReceiptEntry,
  ReportData,
  SystemRow,
} from "./data.ts";
import { failuresOf } from "./failures.ts";
import { plainName } from "./plain-name.ts";
import { groupsBy, type NamedRun, type Scenario, scenariosOf } from "./scenarios.ts";

export interface SummariseOptions {
  /** Numbers from papers; those of a benchmark and headline that was run stand beside it. */
  readonly published?: readonly PublishedResult[];
  /** Names of language models of under 100 million parameters: their numbers are shown and not judged. */
  readonly tinyModels?: readonly string[];
  /** Of the bootstrap and the randomisation test. Default 0. */
  readonly seed?: number;
  /** Leaves out queries and what was found: for reports on data that others must not read. Default false. */
  readonly withoutTexts?: boolean;
}

/**
 * What a report says about `runs`. Runs without a language model and runs with one are kept apart. Cost: about a second
 * for 20 runs of 300 queries.
 *
 * Throws `invalid_argument` for no runs.
 */
export function summarise(runs: readonly StoredRun[], options: SummariseOptions = {}): ReportData {
  if (runs.length === 0) {
    throw new RetrieveError("invalid_argument", "report: got no runs; wanted one or more");
  }
  const { published = [], tinyModels = [], seed = 0, withoutTexts = false } = options;
  const scenarios = [true, false].map((isRetrieval) =>
    scenariosOf(runs.filter(({ receipt }) => (receipt.llm === null) === isRetrieval)),
  );
  const compared = scenarios.flat().flatMap((scenario) => comparisonsOf(scenario, seed));
  const rows = judged(compared, tinyModels);
  const partOf = (held: readonly Scenario[]): Part => ({
    benchmarks: held.map((scenario) => tableOf(scenario, published, seed)),
    comparisons: rows.filter((_, at) => held.some((scenario) => scenario === compared[at]?.scenario)),
    matrix: matrixOf(held),
    contexts: held.flatMap(contextsOf),
    failures: withoutTexts ? [] : held.flatMap(failuresOf),
  });
  return {
    report: 1,
    seed,
    runs: runs.length,
    tinyModels: tinyModels.filter((name) => runs.some(({ receipt }) => receipt.llm === name)),
    notices: [...differingData(runs), ...scenarios.flat().flatMap(noticesOf)],
    retrieval: partOf(scenarios[0] ?? []),
    languageModels: partOf(scenarios[1] ?? []),
    receipts: scenarios.flat().flatMap(({ title, systems }) => systems.map((run) => receiptOf(title, run))),
  };
}

function tableOf(scenario: Scenario, published: readonly PublishedResult[], seed: number): BenchmarkTable {
  const { benchmark, title, systems, averaging } = scenario;
  const first = systems[0]?.receipt;
  return {
    benchmark,
    data: first?.data.name ?? "",
    title,
    headline: first?.headline ?? "",
    lowerIsBetter: first?.lowerIsBetter ?? false,
    systems: systems.map((run): SystemRow => {
      const { headline, metrics, groups = {}, excluded, queries, llm, system } = run.receipt;
      return {
        run: run.name,
        system: run.label,
        method: system.method,
        model: system.model,
        llm,
        value: metrics[headline] ?? Number.NaN,
        interval: intervalOf(run, averaging, seed),
        queries,
        excluded: Object.values(excluded).reduce((sum, count) => sum + count, 0),
        metrics,
        groups: headlines(groups, headline),
      };
    }),
    published: first === undefined ? [] : published.filter((result) => isBeside(result, first)),
  };
}

function headlines(groups: NonNullable<Receipt["groups"]>, headline: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(groups).flatMap(([group, metrics]) => {
      const value = metrics[headline];
      return value === undefined ? [] : [[group, value] as const];
    }),
  );
}

/** Whether a published number is of the benchmark and headline of a receipt, with a language model where it has one. */
function isBeside(result: PublishedResult, { benchmark, headline, llm }: Receipt): boolean {
  return (
    result.benchmark === benchmark &&
    plainName(result.metric) === plainName(headline) &&
    (result.llm === null) === (llm === null)
  );
}

function matrixOf(scenarios: readonly Scenario[]): Matrix {
  const rowOf = ({ label, receipt: { llm } }: NamedRun): string =>
    llm === null ? label : `${llm} · ${label}`;
  const rows = [...new Set(scenarios.flatMap(({ systems }) => systems.map(rowOf)))];
  const byRow = scenarios.map(({ systems }) => new Map(systems.map((run) => [rowOf(run), run.receipt])));
  return {
    rows,
    columns: scenarios.map(({ title, systems }) => ({
      name: title,
      lowerIsBetter: systems[0]?.receipt.lowerIsBetter ?? false,
    })),
    values: rows.map((row) =>
      byRow.map((held) => {
        const receipt = held.get(row);
        return receipt?.metrics[receipt.headline] ?? null;
      }),
    ),
  };
}

const contextKeys = ["context", "window"] as const;

/** Where a measure that falls was taken at two lengths of context or more. */
function contextsOf({ title, systems }: Scenario): ContextCurves[] {
  const key = contextKeys.find((one) => new Set(systems.map(({ receipt }) => receipt.config[one])).size > 1);
  if (key === undefined) return [];
  const points = systems.flatMap((run) => {
    const { config, llm, metrics, headline, lowerIsBetter, system } = run.receipt;
    const length = config[key];
    const value = metrics[headline];
    if (!lowerIsBetter || typeof length !== "number" || value === undefined) return [];
    const others = [...run.swept].filter(([name]) => name !== key);
    const parts = [llm, system.method, system.model, ...others.map((pair) => pair.join(" "))];
    return [{ name: parts.filter((part) => part !== null).join(" · "), point: [length, value] as const }];
  });
  if (new Set(points.map(({ point: [length] }) => length)).size < 2) return [];
  const series = groupsBy(points, ({ name }) => name).map(([name, held]) => ({
    name,
    points: held.map(({ point }) => point).sort(([left], [right]) => left - right),
  }));
  return [{ title, metric: systems[0]?.receipt.headline ?? "", series }];
}

function receiptOf(title: string, { name, label, receipt }: NamedRun): ReceiptEntry {
  const { data, system, llm, version, config, excluded, corpus, seed, machine, date, seconds } = receipt;
  return {
    ...{
      run: name,
      title,
      sha256: data.sha256,
      system: label,
      fingerprint: system.fingerprint,
      llm,
      version,
    },
    ...{ config, excluded, corpus, seed, machine, date, seconds },
  };
}

function differingData(runs: readonly StoredRun[]): string[] {
  const nameOf = ({ receipt: { benchmark, data } }: StoredRun): string =>
    `${benchmark}: ${data.name} ${data.split}`.trim();
  return groupsBy(runs, nameOf).flatMap(([name, held]) => {
    const hashes = new Set(held.map(({ receipt }) => receipt.data.sha256));
    if (hashes.size < 2) return [];
    return [
      `${name}: the runs read ${hashes.size} different contents under this name; they are not compared.`,
    ];
  });
}

function noticesOf({ title, systems, averaging }: Scenario): string[] {
  return systems.flatMap((run) => {
    const { metrics, headline } = run.receipt;
    if (isReproduced(run, averaging)) return [];
    const value = metrics[headline];
    return [
      `${title}, ${run.label}: its ${headline} of ${value} is not the mean of its queries; the interval and the comparisons are about that mean.`,
    ];
  });
}
