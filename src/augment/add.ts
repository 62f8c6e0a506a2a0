/** Writing: sources into the collection of their kind, turns as they happen, removal by id. */

import { normalize } from "node:path";
import type { Collection, PutOptions } from "../retrieve/index.ts";
import { RetrieveError } from "../std/index.ts";
import type { AddOptions, AddReport, DeleteReport, RecordOf, Turn } from "./index-types.ts";
import type { KindName } from "./kind-names.ts";
import { kinds } from "./kinds/all.ts";
import type { ReadContext } from "./kinds/kind.ts";
import { appendTurns } from "./memory/live.ts";
import { type Session, secondsSince } from "./session.ts";

/**
 * Adds sources to the collection of `name`, made where there is none.
 *
 * Throws `invalid_data` for files and folders that hold no record at all, unless what vanished is to be removed.
 */
export async function addSources<Name extends KindName>(
  session: Session,
  name: Name,
  sources: readonly (string | RecordOf[Name])[],
  options: AddOptions = {},
): Promise<AddReport> {
  const start = performance.now();
  const kind = kinds[name];
  const collection = await session.folder.create(name, options.task ?? kind.task);
  const context = await readContext(session, collection, options);
  const places = name === "tools" ? sources : sources.map(withoutDetours);
  const origins = places.filter((source) => typeof source === "string");
  const sync = options.sync ?? false;
  const report = await collection.put(kind.read(places, context), {
    ...putOptions(session, options),
    sync,
    origins,
  });
  // With sync it is how a source that was emptied is told.
  if (!sync && origins.length > 0 && report.added + report.updated + report.unchanged === 0) {
    throw new RetrieveError(
      "invalid_data",
      `${origins.join(", ")}: no records; wanted files with text, or JSON Lines with one record a line`,
    );
  }
  return { kind: name, ...report, seconds: secondsSince(start) };
}

/** Appends turns to a conversation. */
export async function rememberTurns(
  session: Session,
  conversation: string,
  turns: readonly Turn[],
  options: AddOptions = {},
): Promise<AddReport> {
  const start = performance.now();
  const collection = await session.folder.create("memory", options.task ?? kinds.memory.task);
  const context = await readContext(session, collection, options);
  const { records, admitted } = await appendTurns(conversation, turns, context);
  await collection.put(records, putOptions(session, options));
  return {
    kind: "memory",
    added: admitted,
    updated: 0,
    unchanged: turns.length - admitted,
    removed: 0,
    seconds: secondsSince(start),
  };
}

/** Removes source records; for memory a conversation's name stands for all that is stored of it. */
export async function deleteRecords(
  session: Session,
  kind: KindName,
  ids: readonly string[],
): Promise<DeleteReport> {
  const collection = await session.folder.collection(kind);
  if (collection === undefined) return { kind, removed: 0 };
  const records = new Set(ids.map(recordOf));
  if (kind === "memory") {
    const filter = { field: "conversation", in: ids };
    for await (const { id } of collection.iterate({ filter })) records.add(recordOf(id));
  }
  return { kind, removed: await collection.remove([...records]) };
}

/** `./docs/` and `docs` are one origin, and their files have the same ids. */
function withoutDetours<Source>(source: Source | string): Source | string {
  return typeof source === "string" ? normalize(source).replace(/(?<=.)[\\/]+$/, "") : source;
}

/** The source record of a document: `guide.md` of `guide.md#3`. */
function recordOf(id: string): string {
  return id.replace(/#\d+$/, "");
}

async function readContext(
  session: Session,
  collection: Collection,
  options: AddOptions,
): Promise<ReadContext> {
  const encoder = await session.folder.encoder();
  const onNotice = options.onNotice ?? session.options.onNotice;
  return {
    counter: encoder.tokenizer,
    maxTokens: encoder.maxTokens.document,
    stored: (filter) => collection.iterate({ filter }),
    recalled: session.recalled.texts(),
    offline: options.offline ?? false,
    ...(onNotice === undefined ? {} : { onNotice }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

function putOptions(session: Session, options: AddOptions): PutOptions {
  const { onCommit, onProgress, signal } = options;
  const onNotice = options.onNotice ?? session.options.onNotice;
  return {
    ...(onCommit === undefined ? {} : { onCommit }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onNotice === undefined ? {} : { onNotice }),
    ...(signal === undefined ? {} : { signal }),
  };
}
