/** What a run leaves on disk while it goes on. */

import { join } from "node:path";
import { type Checkpoint, pruneCheckpoints, saveCheckpoint } from "./checkpoint.ts";
import { bestOf, evaluateCheckpoint } from "./evaluations.ts";
import { lineageOf, parametersOf, type Run, stateOf } from "./run.ts";

/** Writes a checkpoint of the present step and measures it; the older ones go, but for the best. */
export async function save(run: Run): Promise<Checkpoint> {
  const { config, student, optimizer, evaluations, step } = run;
  const tensors = new Map([...optimizer.state(), ...parametersOf(student)]);
  const fillModel = (folder: string): Promise<void> => student.fillModel(folder, lineageOf(run));
  const checkpoint = await saveCheckpoint(config.out, stateOf(run), tensors, fillModel);
  run.saved = step;
  await evaluateCheckpoint(run, checkpoint.folder);
  await pruneCheckpoints(config.out, [step, bestOf(evaluations, config.metric)?.step ?? step]);
  return checkpoint;
}

/** The file of a run's own folder beside the model. */
export function trainingFile(out: string, name: string): string {
  return join(out, "training", name);
}
