/** The page and the file about one adaptation. */

import { formatNumber, htmlPage, type Rows, type Section } from "../report/index.ts";
import { writeFileAtomic } from "../std/index.ts";
import type { AdaptSettings } from "./config.ts";
import type { Converted } from "./convert.ts";
import { type ComparedMetrics, type Decision, ruleInWords } from "./decide.ts";
import type { Evaluated } from "./evaluate.ts";
import type { Work } from "./hooks.ts";
import type { Mined } from "./mine.ts";
import type { Scored } from "./score.ts";
import type { Split } from "./split.ts";
import type { Done } from "./stage.ts";
import type { Trained } from "./train.ts";

/** What an adaptation gave, in the shape that the command line prints; `reasons` stand there on stderr. */
export interface AdaptReport {
  readonly accepted: boolean;
  /** By task and guard. */
  readonly metrics: Readonly<Record<string, ComparedMetrics>>;
  /** The page about it. */
  readonly report: string;
  readonly reasons: readonly string[];
}

/** The stages that are done. */
export interface Stages {
  readonly convert: Done<Converted>;
  readonly split: Done<Split>;
  readonly mine: Done<Mined>;
  readonly score: Done<Scored>;
  readonly train: Done<Trained>;
  readonly evaluate: Done<Evaluated>;
  readonly decide: Done<Decision>;
}

/** Writes `report.html` and `report.json`; the path of the page. */
export async function writeReports({ settings, at }: Work, stages: Stages): Promise<string> {
  const { accepted, reasons, metrics } = stages.decide.result;
  const rule = ruleInWords(settings);
  const { out: _out, ...told } = settings;
  const machine = {
    ...{ accepted, reasons, rule, metrics, settings: told },
    stages: Object.fromEntries(
      allOf(stages).map(({ stage, result, notices, seconds }) => [stage, { seconds, notices, result }]),
    ),
  };
  const page = at("report.html");
  await writeFileAtomic(
    page,
    htmlPage({ title: `Adaptation of ${settings.base}`, sections: sectionsOf(settings, stages) }),
  );
  await writeFileAtomic(at("report.json"), `${JSON.stringify(machine, undefined, 2)}\n`);
  return page;
}

function sectionsOf(settings: AdaptSettings, stages: Stages): Section[] {
  const { decide, evaluate, split, score, train } = stages;
  const { accepted, reasons, metrics } = decide.result;
  const samples = evaluate.result.targets.filter(({ isSample }) => isSample).map(({ name }) => name);
  const notices = allOf(stages).flatMap(({ stage, notices: told }) =>
    told.map((notice) => `${stage}: ${notice}`),
  );
  const sections: (Section | undefined)[] = [
    {
      heading: accepted ? "Accepted" : "Refused",
      text: reasons.map((reason) => `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`).join("\n\n"),
    },
    { heading: "Start and candidate, nDCG@10 by dense search", table: comparisonTable(metrics) },
    {
      heading: "The rule",
      text:
        ruleInWords(settings) +
        (samples.length === 0
          ? ""
          : `\n\nThe guards ${samples.join(", ")} are the samples of this package: they are small (about 50 queries each) and easy, so ` +
            "they show large damage only. Guards of your own show more."),
    },
    { heading: "Rows", table: rowsTable(split.result) },
    { heading: "Work", table: workTable(stages) },
    notices.length === 0 ? undefined : { heading: "Notices", text: notices.join("\n\n") },
    { heading: "Settings", table: settingsTable(settings, score.result, train.result) },
  ];
  return sections.filter((section) => section !== undefined);
}

function comparisonTable(metrics: Decision["metrics"]): Rows {
  const body = Object.entries(metrics).map(([name, row]) => [
    row.kind === "task" ? `task ${name}` : name,
    row.queries,
    ...[row.before, row.after].map((value) => value.toFixed(4)),
    signed(row.difference),
    `${signed(row.interval.low)} to ${signed(row.interval.high)}`,
    `${row.wins} / ${row.ties} / ${row.losses}`,
    ...[row.p, row.correctedP].map((value) => value.toFixed(4)),
    row.verdict,
  ]);
  const compared = ["difference", "its 95 %", "wins / ties / losses", "p", "corrected p", "verdict"];
  return [["on", "queries", "start", "candidate", ...compared], ...body];
}

function rowsTable({ sets }: Split): Rows {
  return [
    ["source", "read as", "task", "rows", "to train on", "held out", "negatives"],
    ...sets.map((set) => [
      ...[set.source, set.form, set.task],
      ...[set.rows, set.train, set.heldOut],
      set.corpus === null ? "its own" : "mined",
    ]),
  ];
}

function workTable(stages: Stages): Rows {
  const { scored, cached, tokens } = stages.score.result;
  const { steps, batchSize, loss } = stages.train.result;
  const details: Partial<Record<keyof Stages, string>> = {
    mine: `${stages.mine.result.rows} rows`,
    score: `${scored} answers after candidates scored, ${cached} known before, ${tokens} tokens`,
    train: `${steps} updates of ${batchSize} rows, loss ${formatNumber(loss)}`,
  };
  return [
    ["stage", "seconds", "what"],
    ...allOf(stages).map(({ stage, seconds }) => [
      stage,
      seconds.toFixed(1),
      details[stage as keyof Stages] ?? "",
    ]),
  ];
}

function settingsTable(settings: AdaptSettings, { train }: Scored, { data }: Trained): Rows {
  const rows = Object.entries(settings).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const used = (data.length === 0 ? train : data).map(({ file, rows: count }) => [
    `data ${file}`,
    `${count} rows`,
  ]);
  return [["setting", "value"], ...rows, ...used];
}

/** In their order. */
function allOf(stages: Stages): Done<unknown>[] {
  return Object.values(stages);
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${value.toFixed(4)}`;
}
