/** The tables of a report, for its page and its Markdown alike. Pure. */

import { formatNumber, type Rows } from "../../report/index.ts";
import type { Interval } from "../statistics.ts";
import type {
  BenchmarkTable,
  ComparisonRow,
  FailedQuery,
  Failures,
  Matrix,
  PublishedResult,
  ReceiptEntry,
  SystemRow,
} from "./data.ts";
import { plainName } from "./plain-name.ts";
import { shorten } from "./shorten.ts";

/** The headline of each system with its interval, then the published numbers. */
export function systemRows(table: BenchmarkTable): Rows {
  const { systems, published, headline, data } = table;
  const beside = published.filter(({ group }) => group === undefined || plainName(group) === plainName(data));
  const llms = hasModels(table);
  return [
    ["system", ...(llms ? ["language model"] : []), headline, "95 % interval", "queries", "left out", "from"],
    ...systems.map(({ system, llm, value, interval, queries, excluded }) => [
      ...[system, ...(llms ? [llm ?? ""] : []), metricText(value), intervalText(interval)],
      ...[String(queries), String(excluded), "measured"],
    ]),
    ...beside.map(({ method, llm, value, source }) => [
      ...[method, ...(llms ? [llm ?? ""] : []), metricText(value), "", "", "", `published, ${source}`],
    ]),
  ];
}

/** Every metric of every system; undefined where the headline is the only one. */
export function metricRows(table: BenchmarkTable): Rows | undefined {
  const names = [...new Set(table.systems.flatMap(({ metrics }) => Object.keys(metrics)))];
  if (names.length < 2) return undefined;
  return [
    ["system", ...names],
    ...table.systems.map((row) => [
      nameOf(row, hasModels(table)),
      ...names.map((name) => metricText(row.metrics[name])),
    ]),
  ];
}

/** Groups that stand side by side; more are rows of a folded table. */
const groupColumns = 12;

/** The headline in each group: systems and published numbers as rows. Undefined without few enough groups. */
export function groupRows(table: BenchmarkTable): Rows | undefined {
  const { systems, published } = table;
  const own = groupsOf(table);
  const printed = new Set(published.flatMap(({ group }) => (group === undefined ? [] : [plainName(group)])));
  const groups = own.length <= groupColumns ? own : own.filter((group) => printed.has(plainName(group)));
  if (groups.length === 0) return undefined;
  const llms = hasModels(table);
  const ofPapers = systemsOf(published.filter(({ group }) => group !== undefined)).map(([name, results]) => [
    name,
    ...groups.map((group) =>
      metricText(results.find((result) => plainName(result.group ?? "") === plainName(group))?.value),
    ),
    "published",
  ]);
  return [
    ["system", ...groups, "from"],
    ...systems.map((row) => [
      nameOf(row, llms),
      ...groups.map((group) => metricText(row.groups[group])),
      "measured",
    ]),
    ...ofPapers.filter((row) => row.slice(1, -1).some((cell) => cell !== "")),
  ];
}

/** The headline in each of many groups: groups as rows. Undefined where {@link groupRows} has them all. */
export function manyGroupRows(table: BenchmarkTable): Rows | undefined {
  const groups = groupsOf(table);
  if (groups.length <= groupColumns) return undefined;
  return [
    ["group", ...table.systems.map((row) => nameOf(row, hasModels(table)))],
    ...groups.map((group) => [group, ...table.systems.map(({ groups: held }) => metricText(held[group]))]),
  ];
}

/** Comparisons of one benchmark. */
export function comparisonRows(comparisons: readonly ComparisonRow[]): Rows {
  const llms = comparisons.some(({ llm }) => llm !== null);
  return [
    [
      ...[
        "left",
        "right",
        ...(llms ? ["language model"] : []),
        `difference in ${comparisons[0]?.unit ?? ""}`,
      ],
      ...["95 % interval", "p", "p of t", "p corrected", "win / tie / loss", "left is"],
    ],
    ...comparisons.map((row) => [
      ...[row.left, row.right, ...(llms ? [row.llm ?? ""] : []), signed(row.difference)],
      intervalText(row.interval),
      ...[chanceText(row.randomizationP), chanceText(row.tP), chanceText(row.holmP)],
      ...[unbroken(`${row.wins} / ${row.ties} / ${row.losses}`), unbroken(row.verdict)],
    ]),
  ];
}

/** The table behind the heat map. */
export function matrixRows({ rows, columns, values }: Matrix): Rows {
  return [
    ["system", ...columns.map(({ name }) => name)],
    ...rows.map((row, at) => [
      row,
      ...columns.map((_, column) => metricText(values[at]?.[column] ?? undefined)),
    ]),
  ];
}

/** Queries to read. */
export function failureRows({ metric, queries }: Failures): Rows {
  const hasGroups = queries.some(({ group }) => group !== undefined);
  const hasOthers = queries.some(({ others }) => others !== undefined);
  const hasOutputs = queries.some(({ output }) => output !== undefined);
  return [
    [
      ...["id", ...(hasGroups ? ["group"] : []), metric, ...(hasOthers ? ["others"] : [])],
      ...["query", "retrieved", "gold", ...(hasOutputs ? ["output"] : [])],
    ],
    ...queries.map((one) => [
      ...[shorten(one.id, 40), ...(hasGroups ? [one.group ?? ""] : []), metricText(one.value)],
      ...[...(hasOthers ? [metricText(one.others)] : []), one.query, retrievedText(one)],
      ...[one.gold.join(", "), ...(hasOutputs ? [one.output ?? ""] : [])],
    ]),
  ];
}

/** What each run was made of. */
export function receiptRows(receipts: readonly ReceiptEntry[]): Rows {
  return [
    [
      ...[
        "run",
        "benchmark",
        "system",
        "language model",
        "data",
        "encoder",
        "corpus",
        "left out",
        "settings",
      ],
      ...["seed", "version", "machine", "date", "seconds"],
    ],
    ...receipts.map((row) => [
      ...[row.run, row.title, row.system, row.llm ?? "", row.sha256.slice(0, 12)],
      ...[row.fingerprint?.slice(0, 12) ?? "", row.corpus, pairsText(row.excluded), pairsText(row.config)],
      ...[row.seed, row.version, shorten(row.machine, 60), row.date, row.seconds.toFixed(1)],
    ]),
  ];
}

/** A system with its language model, where there are some. */
export function nameOf({ system, llm }: Pick<SystemRow, "system" | "llm">, llms: boolean): string {
  return llms && llm !== null ? `${llm} · ${system}` : system;
}

export function hasModels({ systems }: BenchmarkTable): boolean {
  return systems.some(({ llm }) => llm !== null);
}

function groupsOf({ systems }: BenchmarkTable): string[] {
  return [...new Set(systems.flatMap(({ groups }) => Object.keys(groups)))];
}

function systemsOf(published: readonly PublishedResult[]): [string, PublishedResult[]][] {
  const held = new Map<string, PublishedResult[]>();
  for (const result of published) {
    const name = result.llm === null ? result.method : `${result.llm} · ${result.method}`;
    held.set(name, [...(held.get(name) ?? []), result]);
  }
  return [...held];
}

function retrievedText({ retrieved }: FailedQuery): string {
  return retrieved
    .map(({ id, text, isGold }, at) => {
      const mark = isGold ? "[gold] " : "";
      return `${at + 1}. ${mark}${shorten(id, 40)}${text === undefined ? "" : `: ${text}`}`;
    })
    .join("\n");
}

function pairsText(pairs: Readonly<Record<string, string | number | boolean>>): string {
  const text = Object.entries(pairs)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
  return shorten(text, 300);
}

function metricText(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "" : value.toFixed(4);
}

function intervalText(interval: Interval | null): string {
  return interval === null ? "" : unbroken(`${interval.low.toFixed(4)} to ${interval.high.toFixed(4)}`);
}

/** Kept in one line. */
function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${value.toFixed(4)}`;
}

function chanceText(p: number): string {
  return p >= 1e-4 || p === 0 ? p.toFixed(4) : formatNumber(Number(p.toPrecision(1)));
}
