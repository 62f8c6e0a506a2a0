/** Opens an encoder by the name of a bundled model, a folder, or a hub id. */

import { type OnNotice, RetrieveError } from "../std/index.ts";
import type { Tokens } from "../tokenizer/index.ts";
import { adaptRunner } from "./adapted-runner.ts";
import { type AdapterFolder, locateBase, readAdapter } from "./adapter.ts";
import type { EncodeOptions, Encoder, OpenEncoderOptions, Side, TaskName } from "./encoder.ts";
import { type ModelFolder, readModelFolder } from "./folder.ts";
import { instructionOf, resolveInstructions } from "./instructions.ts";
import { locateModel } from "./locate.ts";
import { type LoadedModel, loadModel, sideFingerprint } from "./model.ts";
import { createRunner } from "./runner.ts";
import { encodeStream } from "./stream.ts";

/**
 * Opens `model`: a bundled name (`mini`), a folder in the layout of Hugging Face, or a hub id (`owner/name@revision`),
 * which is downloaded once into the cache folder. Sessions start with the first text. A folder may hold an adapter of the
 * query side: documents are encoded by its base, queries by both.
 *
 * Throws `not_found`, `invalid_data` or `unsupported` with file and remedy; `offline` or `network` for a hub model;
 * `fingerprint_mismatch` for an adapter whose base is not what it was trained for.
 *
 * @example
 * await using encoder = await openEncoder("mini");
 * const [vector] = await encoder.encodeQueries(["Who keeps the light?"]);   // Float32Array(384), length 1
 */
export async function openEncoder(model: string, options: OpenEncoderOptions = {}): Promise<Encoder> {
  const located = await locateModel(model, options);
  const adapter = await readAdapter(located.folder);
  const { folder: path, hubId } = adapter === undefined ? located : await locateBase(adapter, options);
  const folder = await readModelFolder(path, hubId);
  const loaded = await loadModel(folder, options.precision);
  if (options.instructions === undefined)
    for (const said of folder.settings.assumed) options.onNotice?.(said);
  if (loaded.kept.length > 0) {
    const names = loaded.kept.join(", ");
    options.onNotice?.(
      `${model}: ${loaded.kept.length} matrices stay float32, int8 would cost too much: ${names}`,
    );
  }
  return createEncoder({ name: model, folder, adapter }, loaded, options);
}

interface Parts {
  readonly name: string;
  readonly folder: ModelFolder;
  readonly adapter: AdapterFolder | undefined;
}

function createEncoder(
  { name, folder, adapter }: Parts,
  loaded: LoadedModel,
  options: OpenEncoderOptions,
): Encoder {
  const { config, settings, tokenizer } = folder;
  const { maxTokens } = settings;
  const { weightsHash, precision } = loaded;
  const identity = { weightsHash, precision }; // and not the model's bytes, which the runner lets go
  const own = adapter?.instructions ?? settings.instructions;
  const instructions =
    options.instructions === undefined ? own : resolveInstructions(options.instructions, own);
  const fingerprint = (task: TaskName, side: Side = "document"): string => {
    const instruction = instructionOf(instructions, task, side);
    const ofQuery = { side: "query", ...(adapter !== undefined && { adapter: adapter.hash }) } as const;
    return sideFingerprint(folder, identity, instruction, side === "query" ? ofQuery : undefined);
  };
  if (adapter !== undefined) checkBase(adapter, folder, fingerprint);
  const runner = createRunner(loaded, config.hidden, config.paddingId, options);
  const queries = adapter === undefined ? runner : adaptRunner(adapter, { folder, runner }, options);
  const watchUnknown = unknownWatch(name, options.onNotice);

  const encode = (
    side: Side,
    texts: AsyncIterable<string> | Iterable<string>,
    { task = "qa", signal, onProgress }: EncodeOptions = {},
  ): AsyncGenerator<Float32Array> => {
    const instruction = instructionOf(instructions, task, side);
    return encodeStream(texts, {
      tokenize: (text) => tokenizer.encode(instruction + text, maxTokens[side]),
      runner: side === "query" ? queries : runner,
      signal,
      onProgress,
      total: Array.isArray(texts) ? texts.length : undefined,
      onTokens: watchUnknown,
    });
  };
  const collect = async (side: Side, texts: readonly string[], given?: EncodeOptions) => {
    const vectors: Float32Array[] = [];
    for await (const vector of encode(side, texts, given)) vectors.push(vector);
    return vectors;
  };
  const close = async (): Promise<void> => {
    await Promise.all([runner.close(), queries.close()]);
  };
  return {
    name,
    dimensions: config.hidden,
    tokenizer,
    maxTokens,
    tasks: Object.keys(instructions),
    fingerprint,
    encode,
    encodeQueries: (texts, given) => collect("query", texts, given),
    encodeDocuments: (texts, given) => collect("document", texts, given),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** An adapter is accepted where its documents live and nowhere else. */
function checkBase(
  { path, base, fingerprints }: AdapterFolder,
  folder: ModelFolder,
  fingerprint: (task: TaskName) => string,
): void {
  for (const [task, wanted] of Object.entries(fingerprints)) {
    const got = fingerprint(task);
    if (got === wanted) continue;
    throw new RetrieveError(
      "fingerprint_mismatch",
      `${path}: was trained for documents as ${base} encoded them (${wanted.slice(0, 16)}…, task ${task}), got ` +
        `${folder.path}, which encodes them otherwise (${got.slice(0, 16)}…); give it the base, precision and document ` +
        "instructions that it was trained with, or train it again",
    );
  }
}

/** Share of unknown tokens in a set of texts from which on its vectors mean little. */
const muchUnknown = 0.2;
/** The same of single letters within words: with English vocabularies 0.6 to 0.8 in other scripts, to 0.35 in Latin. */
const muchSpelled = 0.5;

/** Tells once when much of a window of texts is unknown to the vocabulary, or spelled out letter by letter. */
function unknownWatch(name: string, onNotice: OnNotice | undefined): (tokens: readonly Tokens[]) => void {
  let told = onNotice === undefined;
  return (tokens) => {
    if (told) return;
    let [unknown, spelled, all] = [0, 0, 0];
    for (const { ids, unknownShare, spelledShare } of tokens) {
      unknown += unknownShare * ids.length;
      spelled += spelledShare * ids.length;
      all += ids.length;
    }
    if (all === 0 || (unknown < muchUnknown * all && spelled < muchSpelled * all)) return;
    told = true;
    onNotice?.(
      `${Math.round((100 * (unknown + spelled)) / all)} % of the tokens of these texts are unknown to ${name} or ` +
        "single letters: it hardly covers their script; search them with bm25 or hybrid, or open a multilingual encoder " +
        "(intfloat/multilingual-e5-small, BAAI/bge-m3)",
    );
  };
}
