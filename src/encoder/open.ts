/** Opens an encoder by the name of a bundled model, a folder, or a hub id. */

import type { OnNotice } from "../std/index.ts";
import type { Tokens } from "../tokenizer/index.ts";
import type { EncodeOptions, Encoder, OpenEncoderOptions, Side } from "./encoder.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { type ModelFolder, readModelFolder } from "./folder.ts";
import { instructionOf, resolveInstructions } from "./instructions.ts";
import { locateModel } from "./locate.ts";
import { type LoadedModel, loadModel } from "./model.ts";
import { createRunner } from "./runner.ts";
import { encodeStream } from "./stream.ts";

/**
 * Opens `model`: a bundled name (`mini`), a folder in the layout of Hugging Face, or a hub id (`owner/name@revision`),
 * which is downloaded once into the cache folder. Sessions start with the first text.
 *
 * Throws `not_found`, `invalid_data` or `unsupported` with file and remedy; `offline` or `network` for a hub model.
 *
 * @example
 * await using encoder = await openEncoder("mini");
 * const [vector] = await encoder.encodeQueries(["Who keeps the light?"]);   // Float32Array(384), length 1
 */
export async function openEncoder(model: string, options: OpenEncoderOptions = {}): Promise<Encoder> {
  const { folder: path, hubId } = await locateModel(model, options);
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
  return createEncoder(model, folder, loaded, options);
}

function createEncoder(
  name: string,
  { config, settings, tokenizer, tokenizerHash }: ModelFolder,
  loaded: LoadedModel,
  options: OpenEncoderOptions,
): Encoder {
  const { maxTokens, pooling, normalize } = settings;
  const { weightsHash, precision } = loaded; // and not the model's bytes, which the runner lets go
  const instructions =
    options.instructions === undefined
      ? settings.instructions
      : resolveInstructions(options.instructions, settings.instructions);
  const runner = createRunner(loaded, config.hidden, config.paddingId, options);
  const watchUnknown = unknownWatch(name, options.onNotice);

  const encode = (
    side: Side,
    texts: AsyncIterable<string> | Iterable<string>,
    { task = "qa", signal, onProgress }: EncodeOptions = {},
  ): AsyncGenerator<Float32Array> => {
    const instruction = instructionOf(instructions, task, side);
    return encodeStream(texts, {
      tokenize: (text) => tokenizer.encode(instruction + text, maxTokens[side]),
      runner,
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
  return {
    name,
    dimensions: config.hidden,
    tokenizer,
    maxTokens,
    tasks: Object.keys(instructions),
    fingerprint: (task) =>
      fingerprintOf({
        weights: weightsHash,
        precision,
        tokenizer: tokenizerHash,
        config,
        pooling,
        normalize,
        maxTokens: maxTokens.document,
        instruction: instructionOf(instructions, task, "document"),
      }),
    encode,
    encodeQueries: (texts, given) => collect("query", texts, given),
    encodeDocuments: (texts, given) => collect("document", texts, given),
    close: runner.close,
    [Symbol.asyncDispose]: runner.close,
  };
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
