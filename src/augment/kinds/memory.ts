/** Memory: what is too long or too long ago for the prompt. The key is a chunk, the value the chunk and the next. */

import {
  type FoundFile,
  formatOf,
  listFiles,
  readDocument,
  type SourceDocument,
} from "../../retrieve/index.ts";
import { RetrieveError } from "../../std/index.ts";
import { readGivenTurns, readLines, textRecord } from "../memory/read.ts";
import { memoryPiece } from "../memory/unit.ts";
import type { Kind, ReadContext } from "./kind.ts";

/** Text files, JSON Lines of turns, `conversations.jsonl`; turns as records. */
export const memory: Kind<"memory"> = {
  name: "memory",
  task: "chat",
  async *read(sources, context) {
    const turns = sources.filter((source) => typeof source !== "string");
    yield* readGivenTurns(turns, context);
    const places = sources.filter((source) => typeof source === "string");
    for await (const file of listFiles(
      places,
      context.onNotice === undefined ? {} : { onNotice: context.onNotice },
    )) {
      context.signal?.throwIfAborted();
      if (formatOf(file.path) === "records") yield* readLines(file.path, file.origin, context);
      else {
        const document = await readOrSkip(file, context);
        if (document !== undefined) yield textRecord(document, file.origin, context);
      }
    }
  },
  present: (found) => found.map((hit) => memoryPiece(hit, hit.score)),
};

/** A file that was named must be read; one that a folder happens to hold may be of no kind that has text. */
async function readOrSkip(
  { path, named }: FoundFile,
  context: ReadContext,
): Promise<SourceDocument | undefined> {
  try {
    return await readDocument(path);
  } catch (error) {
    if (named || !RetrieveError.isInstance(error) || error.code !== "unsupported") throw error;
    context.onNotice?.(`skipped ${error.message}`);
    return undefined;
  }
}
