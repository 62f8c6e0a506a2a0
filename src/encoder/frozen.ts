/**
 * An encoder as it is stored, for training on top of it: rows of token ids to its vectors, and the identity of its
 * documents. Nothing of it changes.
 */

import type { OpenEncoderOptions, TaskName } from "./encoder.ts";
import { type ModelFolder, readModelFolder } from "./folder.ts";
import { instructionOf } from "./instructions.ts";
import { locateModel } from "./locate.ts";
import { loadModel, sideFingerprint } from "./model.ts";
import { createRunner } from "./runner.ts";

export interface FrozenEncoder extends AsyncDisposable {
  readonly folder: ModelFolder;
  /** Those of its documents under its own instructions, by task. */
  readonly fingerprints: Readonly<Record<TaskName, string>>;
  /**
   * The vectors of rows, in their order. Each row runs by itself, so that its vector does not depend, to the last bit, on
   * the rows that it is asked for with.
   */
  embed(rows: readonly Int32Array[]): Promise<Float32Array[]>;
}

/** Opens `model` as {@link openEncoder} does, which see for what is thrown. */
export async function openFrozen(
  model: string,
  options: Pick<OpenEncoderOptions, "offline" | "threads" | "device" | "onNotice"> = {},
): Promise<FrozenEncoder> {
  const { folder: path, hubId } = await locateModel(model, options);
  const folder = await readModelFolder(path, hubId);
  for (const said of folder.settings.assumed) options.onNotice?.(said);
  const loaded = await loadModel(folder, undefined);
  const { weightsHash, precision } = loaded;
  const identity = { weightsHash, precision }; // and not the model's bytes, which the runner lets go
  const { config, settings } = folder;
  const { instructions } = settings;
  const runner = createRunner(loaded, config.hidden, config.paddingId, { ...options, shortBatch: 0 });
  const fingerprints = Object.keys(instructions).map((task) => {
    return [task, sideFingerprint(folder, identity, instructionOf(instructions, task, "document"))] as const;
  });
  return {
    folder,
    fingerprints: Object.fromEntries(fingerprints),
    async embed(rows) {
      const vectors = new Array<Float32Array>(rows.length);
      const left = rows.entries(); // shared: each lane takes the next
      const lane = async (): Promise<void> => {
        for (const [at, row] of left) vectors[at] = (await runner.run([row]))[0] as Float32Array;
      };
      const lanes = await Promise.allSettled(Array.from({ length: runner.lanes }, lane));
      for (const result of lanes) if (result.status === "rejected") throw result.reason;
      return vectors;
    },
    [Symbol.asyncDispose]: runner.close,
  };
}
