/** The end of a run: the best checkpoint becomes the model, and a page says how it went. */

import { mkdir, readdir, rename } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { diskError, writeFileAtomic } from "../std/index.ts";
import { isOfRun, listCheckpoints, removeCheckpoints } from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import { meanLoss } from "./divergence.ts";
import { bestOf } from "./evaluations.ts";
import { lossCurveSvg, type Metrics, trainingReport } from "./report.ts";
import { type Run, secondsOf } from "./run.ts";
import { save, trainingFile } from "./save.ts";

/** What a run gave, in the shape that the command line prints. */
export interface TrainReport {
  /** Updates that were made. */
  readonly steps: number;
  /** The mean loss of the last updates, at most 50. */
  readonly loss: number;
  /** Of the model that was written; null where nothing measured it. */
  readonly metrics: Metrics | null;
  readonly seconds: number;
  readonly out: string;
}

/** What `training/report.json` holds: how the run ended, and the settings that it had. */
export interface FinishedRun extends TrainReport {
  readonly config: RunConfig;
}

/** Updates that the loss of a run is the mean of. */
const LAST = 50;

/** Writes the model, the page, the curve and the report; the checkpoints go. May be killed and done again. */
export async function finishRun(run: Run): Promise<TrainReport> {
  const { config, evaluations, log, step, hooks } = run;
  if (run.saved !== step) await save(run);
  const best = bestOf(evaluations, config.metric);
  const chosen = best?.step ?? step;
  if (chosen !== step) {
    hooks.onNotice?.(
      `the model is that of step ${chosen}, the best by ${config.metric}, not of the last step ${step}`,
    );
  }
  const base = evaluations.find((evaluation) => evaluation.step === 0)?.metrics[config.metric];
  const score = best?.metrics[config.metric];
  if (base !== undefined && score !== undefined && score < base) {
    hooks.onNotice?.(`training made it worse: ${config.metric} was ${base}, of the result it is ${score}`);
  }
  const report: TrainReport = {
    steps: step,
    loss: meanLoss(log.entries.slice(-LAST)),
    metrics: best?.metrics ?? null,
    seconds: Math.round(secondsOf(run) * 1000) / 1000,
    out: config.out,
  };
  await writePages(run, best?.metrics);
  await promote(config.out, chosen);
  const finished: FinishedRun = { ...report, config };
  await writeFileAtomic(
    trainingFile(config.out, "report.json"),
    `${JSON.stringify(finished, undefined, 2)}\n`,
  );
  await removeCheckpoints(config.out);
  return report;
}

async function writePages(run: Run, after: Metrics | undefined): Promise<void> {
  const { config, sets, log, evaluations, notices } = run;
  const rows = sets.map(({ file }) => [`data ${file.name}`, `${file.task}, ${file.length} rows`] as const);
  const settings = Object.entries(config).filter(([name]) => name !== "data");
  const page = await trainingReport({
    title: `Training of ${config.out}`,
    settings: [...rows, ...settings.map(([name, value]) => [name, show(value)] as const)],
    log: log.entries,
    evaluations,
    before: evaluations.find(({ step }) => step === 0)?.metrics,
    after,
    notices,
  });
  await writeFileAtomic(trainingFile(config.out, "report.html"), page);
  await writeFileAtomic(trainingFile(config.out, "loss.svg"), await lossCurveSvg(log.entries));
}

/** Moves the files of the model out of its checkpoint; the weights come last, so that a folder with weights is complete. */
async function promote(out: string, step: number): Promise<void> {
  const checkpoint = (await listCheckpoints(out)).find((one) => one.step === step);
  if (checkpoint === undefined) return; // a run that was killed here has moved it before
  const entries = await readdir(checkpoint.folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const own = files.filter((file) => !isOfRun(basename(file)));
  const isWeights = (file: string): boolean => /(model|adapter)\.safetensors$/.test(file);
  const order = own.sort((a, b) => Number(isWeights(a)) - Number(isWeights(b)));
  for (const file of order) {
    const target = join(out, relative(checkpoint.folder, file));
    try {
      await mkdir(dirname(target), { recursive: true });
      await rename(file, target);
    } catch (error) {
      throw diskError(error, target);
    }
  }
}

function show(value: unknown): string | number {
  return typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value ?? null);
}
