/** The page about one training run, from what the trainer logged. Knows nothing of how the numbers came about. */

import { formatNumber, htmlPage, lineChart, type Point, type Rows, type Section } from "../report/index.ts";

/** What is logged of one optimizer update. */
export interface LogEntry {
  /** From 1. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Euclidean norm over all parameters, before clipping. */
  readonly gradientNorm: number;
  /** Tokens that went through the encoder in this step, padding not counted. */
  readonly tokens: number;
  /** How long this step took. */
  readonly seconds: number;
  /** The data set of the batch, where a batch has one. */
  readonly task?: string | undefined;
}

/** Metrics by name. */
export type Metrics = Readonly<Record<string, number>>;

export interface Evaluation {
  readonly step: number;
  readonly metrics: Metrics;
}

export interface TrainingRun {
  readonly title: string;
  /** Everything that makes the run what it is: base model, data sets with their rows, steps, seed. */
  readonly settings: readonly (readonly [name: string, value: string | number])[];
  readonly log: readonly LogEntry[];
  readonly evaluations: readonly Evaluation[];
  /** Metrics of the base and of the result; the table that compares them is there when both are. */
  readonly before?: Metrics | undefined;
  readonly after?: Metrics | undefined;
  /** What the run warned of or decided by itself. */
  readonly notices: readonly string[];
}

/** One self-contained HTML page about `run`. Equal runs give equal pages. */
export async function trainingReport(run: TrainingRun): Promise<string> {
  const { title, log, evaluations, notices, settings } = run;
  const sections: readonly (Section | undefined)[] = [
    { heading: "Summary", table: summaryOf(log) },
    notices.length === 0 ? undefined : { heading: "Notices", text: notices.join("\n\n") },
    comparisonOf(run),
    { svg: await lossCurveSvg(log) },
    await lossByDataSet(log),
    await evaluationCurves(evaluations),
    { svg: await curveOf("learning rate", log, ({ learningRate }) => learningRate) },
    { svg: await curveOf("gradient norm", log, (entry) => entry.gradientNorm) },
    evaluations.length === 0 ? undefined : { heading: "Evaluations", table: evaluationTable(evaluations) },
    { heading: "Settings", table: [["setting", "value"], ...settings] },
  ];
  return htmlPage({ title, sections: sections.filter((section) => section !== undefined) });
}

/** The loss of every step, and behind it the mean of the steps before, as an SVG. */
export function lossCurveSvg(log: readonly LogEntry[]): Promise<string> {
  const points = log.map(({ step, loss }): Point => [step, loss]);
  const window = windowOf(points.length);
  return lineChart({
    title: "Training loss",
    x: { label: "step" },
    y: { label: "loss" },
    series: [
      { name: "each step", points, faint: window > 1 },
      ...(window > 1 ? [{ name: `mean of ${window} steps`, points: trailingMean(points, window) }] : []),
    ],
  });
}

/** The share of a curve that one mean takes: fine enough for its shape, coarse enough to quiet the batches' noise. */
const smoothedShare = 1 / 25;

function windowOf(points: number): number {
  return Math.max(1, Math.round(points * smoothedShare));
}

/** At each point the mean of it and those before, `window` in all, fewer at the start; infinite ones do not count. */
function trailingMean(points: readonly Point[], window: number): Point[] {
  return points.map(([x], place) => {
    const recent = points.slice(Math.max(0, place + 1 - window), place + 1);
    return [x, mean(recent.map(([, y]) => y))];
  });
}

/** The mean of what is finite; NaN of nothing. */
function mean(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  return finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

async function lossByDataSet(log: readonly LogEntry[]): Promise<Section | undefined> {
  const tasks = new Map<string, Point[]>();
  for (const { task, step, loss } of log) {
    if (task === undefined) continue;
    tasks.set(task, [...(tasks.get(task) ?? []), [step, loss]]);
  }
  if (tasks.size < 2) return undefined;
  const svg = await lineChart({
    title: "Training loss by data set",
    x: { label: "step" },
    y: { label: "loss, mean of recent batches" },
    series: [...tasks]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, points]) => ({ name, points: trailingMean(points, windowOf(points.length)) })),
  });
  return { svg };
}

async function evaluationCurves(evaluations: readonly Evaluation[]): Promise<Section | undefined> {
  if (evaluations.length === 0) return undefined;
  const series = namesOf(evaluations.map(({ metrics }) => metrics)).map((name) => ({
    name,
    points: evaluations.flatMap(({ step, metrics }): Point[] => {
      const value = metrics[name];
      return value === undefined ? [] : [[step, value]];
    }),
  }));
  const labels = { x: { label: "step" }, y: { label: "after the step" } };
  return { svg: await lineChart({ title: "Evaluation", ...labels, series }) };
}

function curveOf(
  label: string,
  log: readonly LogEntry[],
  pick: (entry: LogEntry) => number,
): Promise<string> {
  const points = log.map((entry): Point => [entry.step, pick(entry)]);
  const title = `${label.charAt(0).toUpperCase()}${label.slice(1)}`;
  return lineChart({
    title,
    x: { label: "step" },
    y: { label: "at each step" },
    series: [{ name: label, points }],
  });
}

function summaryOf(log: readonly LogEntry[]): Rows {
  const tenth = Math.ceil(log.length / 10);
  const losses = log.map(({ loss }) => loss);
  const seconds = sum(log.map((entry) => entry.seconds));
  const tokens = sum(log.map((entry) => entry.tokens));
  const rows = [
    ["loss, mean of the first tenth", formatNumber(mean(losses.slice(0, tenth)))],
    ["loss, mean of the last tenth", formatNumber(mean(losses.slice(losses.length - tenth)))],
    ["tokens", tokens.toLocaleString("en-US")],
    ["time in steps", durationOf(seconds)],
    ["tokens a second", Math.round(tokens / seconds).toLocaleString("en-US")],
  ];
  return [["measure", "value"], ["steps", String(log.length)], ...(log.length === 0 ? [] : rows)];
}

function comparisonOf({ before, after }: TrainingRun): Section | undefined {
  if (before === undefined || after === undefined) return undefined;
  const rows = namesOf([before, after]).map((name) => {
    const [from, to] = [before[name], after[name]];
    const change = from === undefined || to === undefined ? "–" : signed(to - from);
    return [name, metricText(from), metricText(to), change];
  });
  return { heading: "Before and after", table: [["metric", "before", "after", "change"], ...rows] };
}

function evaluationTable(evaluations: readonly Evaluation[]): Rows {
  const names = namesOf(evaluations.map(({ metrics }) => metrics));
  return [
    ["step", ...names],
    ...evaluations.map(({ step, metrics }) => [step, ...names.map((name) => metricText(metrics[name]))]),
  ];
}

/** The names of all, in the order in which they first come. */
function namesOf(metrics: readonly Metrics[]): string[] {
  return [...new Set(metrics.flatMap((given) => Object.keys(given)))];
}

function metricText(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(4);
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${value.toFixed(4)}`;
}

function durationOf(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${seconds.toFixed(1)} s`;
  const minutes = `${Math.floor(whole / 60) % 60} min ${whole % 60} s`;
  return whole < 3600 ? minutes : `${Math.floor(whole / 3600)} h ${minutes}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
