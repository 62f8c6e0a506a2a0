/** Opens an index: one folder, one encoder, four kinds. */

import { type Encoder, openEncoder } from "../encoder/index.ts";
import { openIndexFolder } from "../retrieve/index.ts";
import { addSources, deleteRecords, rememberTurns } from "./add.ts";
import { ask } from "./ask/ask.ts";
import { write } from "./ask/write.ts";
import { callIndexed } from "./call.ts";
import { enrich } from "./enrich.ts";
import type {
  EncoderSettings,
  Index,
  IndexStatus,
  KindStatus,
  OpenOptions,
  ReindexOptions,
  ReindexReport,
} from "./index-types.ts";
import { type KindName, kindNames } from "./kind-names.ts";
import { questionOf, searchKind } from "./search.ts";
import { checkKind, createSession, type Session, secondsSince } from "./session.ts";

const defaultIndex = ".retrieve";
const defaultModel = "mini";

/**
 * Opens the index in a folder; a folder that is not there is an empty index, and the first `add` makes it.
 *
 * Cheap: the encoder is opened by the first call that must encode. Throws `locked` when another process is writing
 * and `wait` is not set, `format_version` for an index of a newer version, `invalid_data` for a broken one.
 *
 * @example
 * await using index = await open({ index: ".retrieve" });
 * await index.add("knowledge", ["docs/"]);
 * const { hits } = await index.search("How do I rotate the key?", { kind: "knowledge" });
 * const { messages } = await index.augment("How do I rotate the key?", { maxTokens: 1000 });
 */
export async function open(options: OpenOptions = {}): Promise<Index> {
  const encoders = createEncoders(options);
  const { encoder: given, readOnly, wait, onNotice, signal } = options;
  const folder = await openIndexFolder(options.index ?? defaultIndex, {
    encoder: async (model) =>
      given !== undefined && isEncoder(given)
        ? given
        : await encoders.open(options.model ?? model ?? defaultModel),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(wait === undefined ? {} : { wait }),
    ...(onNotice === undefined ? {} : { onNotice }),
    ...(signal === undefined ? {} : { signal }),
  });
  const session = createSession(folder, options);
  const close = async (): Promise<void> => {
    await session.inTurn(() => folder.close());
    await encoders.close();
  };
  return {
    folder: folder.path,
    add: async (kind, sources, addOptions) => {
      checkKind(kind);
      return await session.inTurn(() => addSources(session, kind, sources, addOptions));
    },
    remember: (conversation, turns, addOptions) =>
      session.inTurn(() => rememberTurns(session, conversation, turns, addOptions)),
    search: async (query, searchOptions) => {
      checkKind(searchOptions.kind);
      const found = await searchKind(session, query, searchOptions);
      const hits = found.map(({ id, score, text, value, source, metadata }) => ({
        id,
        score,
        text,
        value,
        source,
        metadata,
      }));
      return { query: questionOf(query), kind: searchOptions.kind, hits };
    },
    augment: (query, augmentOptions) => enrich(session, query, augmentOptions),
    call: (tool, args, callOptions) => callIndexed(session, tool, args, callOptions),
    ask: (query, askOptions) => ask(session, query, askOptions),
    write: (text, writeOptions) => write(session, text, writeOptions),
    status: () => statusOf(session),
    delete: async (kind, ids) => {
      checkKind(kind);
      return await session.inTurn(() => deleteRecords(session, kind, ids));
    },
    reindex: (reindexOptions) => session.inTurn(() => reindex(session, encoders, reindexOptions)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Encoders {
  open(model: string): Promise<Encoder>;
  /** Closes those that this index opened. */
  close(): Promise<void>;
}

function createEncoders({ encoder: settings = {}, onNotice, signal }: OpenOptions): Encoders {
  const opened: Encoder[] = [];
  return {
    open: async (model) => {
      const encoder = await openEncoder(model, {
        ...(isEncoder(settings) ? {} : settings),
        ...(onNotice === undefined ? {} : { onNotice }),
        ...(signal === undefined ? {} : { signal }),
      });
      opened.push(encoder);
      return encoder;
    },
    close: async () => {
      await Promise.all(opened.splice(0).map((encoder) => encoder.close()));
    },
  };
}

function isEncoder(given: Encoder | EncoderSettings | string): given is Encoder {
  return typeof given === "object" && "encodeQueries" in given;
}

async function statusOf({ folder }: Session): Promise<IndexStatus> {
  const kinds: Partial<Record<KindName, KindStatus>> = {};
  const infos = folder.list();
  for (const kind of kindNames) {
    const info = infos.find(({ name }) => name === kind);
    const collection = info === undefined ? undefined : await folder.collection(kind);
    if (info === undefined || collection === undefined) continue;
    const { records, documents } = await collection.count();
    kinds[kind] = { records, documents, task: info.task };
  }
  const { model } = folder;
  return {
    index: folder.path,
    ...(model === undefined ? {} : { model }),
    bytes: await folder.bytes(),
    kinds,
  };
}

async function reindex(
  { folder }: Session,
  encoders: Encoders,
  { model, onProgress, signal }: ReindexOptions,
): Promise<ReindexReport> {
  const start = performance.now();
  const encoder = isEncoder(model) ? model : await encoders.open(model);
  const { documents } = await folder.reindex(encoder, {
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { model: encoder.name, documents, seconds: secondsSince(start) };
}
