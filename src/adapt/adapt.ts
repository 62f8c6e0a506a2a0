/**
 * The whole loop, with a gate: sources become rows, some are held out, negatives are mined, a language model scores the
 * candidates, an encoder is trained, and it becomes the model only where it is shown to be better and to do no harm.
 */

import { join } from "node:path";
import { RetrieveError } from "../std/index.ts";
import { checkStart } from "./check.ts";
import { type AdaptConfig, type AdaptSettings, resolveAdapt } from "./config.ts";
import { convertSources } from "./convert.ts";
import { decide } from "./decide.ts";
import { evaluateBoth, readMeasured } from "./evaluate.ts";
import type { AdaptHooks, Work } from "./hooks.ts";
import { isThere, mineSets } from "./mine.ts";
import { clearPlace, lockOut, openPlace, promote, workFolder } from "./place.ts";
import { type AdaptReport, writeReports } from "./report.ts";
import { scoreSets } from "./score.ts";
import { splitRows } from "./split.ts";
import { stageRunner } from "./stage.ts";
import { candidateFolder, trainCandidate } from "./train.ts";

/**
 * Adapts an encoder to some sources.
 *
 * The candidate is accepted if and only if its mean nDCG@10 (dense search) is significantly higher than that of the
 * starting encoder on the held-out rows of at least one task (two-sided paired randomisation test, corrected by Holm over
 * all tasks and guards, p below 0.05), and on no task and no guard lower by more than `margin`, significantly or not; see
 * `decide`. Then `out` is the model, as `train` makes it; else no model stands at `out`, and the weights stay in
 * `out/adapt/candidate`. Either way `out/adapt` holds the report, the rows, and the values of each query.
 *
 * Each stage is done once: killed at any moment, the same call with `resume` goes on and decides the same.
 *
 * Throws `invalid_argument` for a wrong configuration, an `out` that is not empty without `resume`, other settings than
 * those of the adaptation to resume, and rows without labels where there is no language model; `invalid_data` for a source
 * without rows and for a task with too few queries to decide anything; `locked`; what the stages throw.
 */
export async function adapt(config: AdaptConfig, hooks: AdaptHooks = {}): Promise<AdaptReport> {
  const settings = resolveAdapt(config);
  const release = await lockOut(settings.out);
  try {
    await openPlace(settings, hooks);
    return await adaptIn(settings, hooks);
  } finally {
    await release();
  }
}

async function adaptIn(settings: AdaptSettings, hooks: AdaptHooks): Promise<AdaptReport> {
  const { out } = settings;
  const at: Work["at"] = (...parts) => join(out, workFolder, ...parts);
  const { offline, openLanguageModel, scoreCache, onStep, signal } = hooks;
  const lent = {
    ...{ settings, at },
    ...(offline && { offline }),
    ...(openLanguageModel && { openLanguageModel }),
    ...(scoreCache !== undefined && { scoreCache }),
    ...(onStep && { onStep }),
    ...(signal && { signal }),
  };
  const stage = stageRunner(lent, hooks);
  const { convert, split } = await cleanly(settings, async () => {
    if (!(await isThere(at("stages", "convert.json")))) await checkStart(settings, hooks);
    const converted = await stage("convert", convertSources);
    const { sets } = converted.result;
    return { convert: converted, split: await stage("split", (work) => splitRows(work, sets)) };
  });
  const mine = await stage("mine", (work) => mineSets(work, split.result.sets));
  const score = await stage("score", (work) => scoreSets(work, split.result.sets));
  const train = await stage("train", (work) => trainCandidate(work, score.result));
  const evaluate = await stage("evaluate", (work) => evaluateBoth(work, score.result.heldOut));
  const decision = await stage("decide", async () =>
    decide(await readMeasured(at, evaluate.result), settings),
  );
  const { accepted, metrics, reasons } = decision.result;
  const { result: report } = await stage("report", async (work) => {
    await writeReports(work, { convert, split, mine, score, train, evaluate, decide: decision });
    if (accepted) await promote(at(candidateFolder), out);
    return "report.html";
  });
  return { accepted, metrics, report: at(report), reasons };
}

/** A beginning that its input refuses leaves nothing behind, so that the next try has an empty folder. */
async function cleanly<Value>({ out }: AdaptSettings, begin: () => Promise<Value>): Promise<Value> {
  const wasThere = await isThere(join(out, workFolder, "stages", "split.json"));
  try {
    return await begin();
  } catch (error) {
    if (!wasThere && RetrieveError.isInstance(error) && error.code !== "interrupted") await clearPlace(out);
    throw error;
  }
}
