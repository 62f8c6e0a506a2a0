/** Vectors of different encoders cannot be compared: who asks with the wrong one is told, before anything is mixed. */

import type { Encoder, TaskName } from "../../encoder/index.ts";
import { RetrieveError } from "../../std/index.ts";
import type { CollectionInfo } from "./index-folder.ts";

/** The encoder, if its document side is what the collection was made with. Throws `fingerprint_mismatch`. */
export function checkSpace(folder: string, collection: CollectionInfo, encoder: Encoder): Encoder {
  const { name, task, model, fingerprint } = collection;
  const got = encoder.fingerprint(task);
  if (got === fingerprint) return encoder;
  throw new RetrieveError(
    "fingerprint_mismatch",
    `${folder}: the collection ${name} was encoded by ${model} (${short(fingerprint)}), got the encoder ` +
      `${encoder.name} (${short(got)}), whose vectors cannot be compared with it; ` +
      `run "retrieve reindex --model ${encoder.name}" to encode everything again, or open with ` +
      (model === encoder.name
        ? "the weights, --precision and instructions that it was made with"
        : `--model ${model}`),
  );
}

/** The collection, if it is under this task. Throws `invalid_argument`. */
export function checkTask<Info extends CollectionInfo>(
  folder: string,
  collection: Info,
  task: TaskName,
): Info {
  if (collection.task === task) return collection;
  throw new RetrieveError(
    "invalid_argument",
    `${folder}: the collection ${collection.name} is encoded under the task ${collection.task}, got ${task}; ` +
      "leave the task out, or keep records of another task in an index of their own",
  );
}

function short(fingerprint: string): string {
  return fingerprint.length > 16 ? `${fingerprint.slice(0, 16)}…` : fingerprint;
}
