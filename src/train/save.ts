/** What a run leaves on disk while it goes on. */

import { join } from "node:path";
import { pruneCheckpoints, saveCheckpoint } from "./checkpoint.ts";
import { bestOf, evaluateCheckpoint } from "./evaluations.ts";
import { lineageOf, parametersOf, type Run, stateOf } from "./run.ts";

/**
 * Writes a checkpoint of the present step and measures it. The older ones go, but for the best and the one before: that
 * is good still where the run is about to lose its way, or the disk damages the newest.
 */
export async function save(run: Run): Promise<void> {
  const { config, student, optimizer, evaluations, step, saved } = run;
  const tensors = new Map([...optimizer.state(), ...parametersOf(student)]);
  const fillModel = (folder: string): Promise<void> => student.fillModel(folder, lineageOf(run));
  await saveCheckpoint(config.out, stateOf(run), tensors, fillModel);
  run.saved = step;
  await evaluateCheckpoint(run);
  const kept = [step, saved, bestOf(evaluations, config.metric)?.step];
  await pruneCheckpoints(config.out, (at) => kept.includes(at));
}

/** The file of a run's own folder beside the model. */
export function trainingFile(out: string, name: string): string {
  return join(out, "training", name);
}
