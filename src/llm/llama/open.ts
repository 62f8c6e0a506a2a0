/** A GGUF model in this process, through llama.cpp. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Llama, LlamaContext, LlamaModel } from "node-llama-cpp";
import { messageOf, type OnNotice, RetrieveError, systemCode } from "../../std/index.ts";
import { interrupted } from "../interrupted.ts";
import type { GenerateInput, LanguageModel } from "../language-model.ts";
import { chatTokens, continueChat } from "./chat.ts";
import { continueText } from "./continue-text.ts";
import { loadPackage, type Package, startLlama } from "./package.ts";
import { type LlamaContextOf, likeliestAfter, scoreContinuations } from "./score.ts";
import { openSequences } from "./sequences.ts";
import { tokensOf } from "./tokens.ts";

export interface LlamaOptions {
  /** Tokens of prompt and output. Default what the model was trained for, at most 4096: memory grows with it. */
  readonly contextLength?: number;
  /** Texts that are read side by side, each with a window of its own. Default 4. */
  readonly parallel?: number;
  /** Default one less than the machine's cores: with a thread for each, any other work on the machine slows all down tenfold. */
  readonly threads?: number;
  /** Precision of keys and values. `F32` doubles their memory and gives scores to 1e-4 instead of 5e-3. Default `F16`. */
  readonly cache?: "F16" | "F32";
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

/**
 * Opens a GGUF file. Its name is that of the file with a hash of its bytes, which are read once for that, about a second a
 * gigabyte, and the precision of keys and values unless it is the usual one.
 *
 * Throws `missing_package` without `node-llama-cpp`, `not_found`, `invalid_data` for a file that is no GGUF, and `unsupported`
 * for a model that llama.cpp cannot load here.
 */
export async function openLlama(path: string, options: LlamaOptions = {}): Promise<LanguageModel> {
  const { signal, parallel = 4 } = options;
  await checkFile(path);
  const [llamaPackage, hash] = await Promise.all([loadPackage(), hashOf(path, signal)]);
  await checkKind(llamaPackage, path);
  const llama = await startLlama(llamaPackage);
  const model = await loadModel(llama, path, signal);
  try {
    const context = await createContext(model, { ...options, parallel });
    const sequences = openSequences(context, parallel);
    const precision = options.cache === "F32" ? ",f32" : ""; // scores differ by it
    const name = `llama:${basename(path)}#${hash.slice(0, 12)}${precision}`;
    return languageModel(llamaPackage, { model, sequences, window: context.contextSize }, name, parallel);
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** As many as servers give. */
const topTokens = 20;

function languageModel(
  llamaPackage: Package,
  context: LlamaContextOf,
  name: string,
  parallel: number,
): LanguageModel {
  const { model, window } = context;
  return {
    name,
    contextLength: window,
    parallel,
    generate: (input, given = {}) =>
      "messages" in input
        ? continueChat(llamaPackage, context, input.messages, given)
        : continueText(context, input.prompt, given),
    score: (prompt, continuations, given = {}) => scoreContinuations(context, prompt, continuations, given),
    topTokens: (input, given = {}) =>
      likeliestAfter(context, inputTokens(llamaPackage, model, input), topTokens, given),
    countTokens: async (text) => model.tokenize(text, false).length,
    truncate: async (text, limit) => truncate(model, text, limit),
    close: () => model.dispose(),
  };
}

/** A chat in the model's template, up to where its reply begins. */
function inputTokens({ resolveChatWrapper }: Package, model: LlamaModel, input: GenerateInput) {
  if ("prompt" in input) return tokensOf(model, input.prompt);
  return chatTokens(resolveChatWrapper(model), model, input.messages);
}

function truncate(model: LlamaModel, text: string, limit: number): string {
  const tokens = model.tokenize(text, false);
  if (tokens.length <= limit) return text;
  const cut = model.detokenize(tokens.slice(0, limit), false);
  // A tokenizer may put a space in front, and the cut may go through a character.
  const shown = text.startsWith(" ") ? cut : cut.replace(/^ /, "");
  let end = 0;
  while (end < shown.length && shown[end] === text[end]) end++;
  return text.slice(0, end);
}

async function checkFile(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isFile())
      throw new RetrieveError("invalid_data", `${path}: is no file; wanted a GGUF model`);
    const file = await open(path);
    try {
      const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
      if (buffer.toString("latin1") === "GGUF") return;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    throw new RetrieveError("not_found", `${path}: no such file; wanted a GGUF model`, { cause: error });
  }
  throw new RetrieveError("invalid_data", `${path}: does not begin with GGUF; wanted a GGUF model`);
}

/** Architectures that give vectors of texts and no next token: asked for logits, llama.cpp ends the process. */
const encoders = /bert|^t5encoder$|embed/;

async function checkKind({ readGgufFileInfo }: Package, path: string): Promise<void> {
  const architecture = await readGgufFileInfo(path, { readTensorInfo: false, logWarnings: false }).then(
    ({ metadata }) => metadata.general?.architecture ?? "",
    // What is wrong with the file, loading it will tell.
    () => "",
  );
  if (!encoders.test(architecture)) return;
  throw new RetrieveError(
    "unsupported",
    `${path}: is an encoder (${architecture}), which gives no logits; wanted a model that generates text`,
  );
}

async function hashOf(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { ...(signal && { signal }) });
  return hash.digest("hex");
}

async function loadModel(llama: Llama, path: string, signal: AbortSignal | undefined): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath: path, ...(signal && { loadSignal: signal }) });
  } catch (cause) {
    if (signal?.aborted) throw interrupted(signal);
    throw new RetrieveError("unsupported", `${path}: llama.cpp cannot load it: ${messageOf(cause)}`, {
      cause,
    });
  }
}

const usualWindow = 4096;

async function createContext(
  model: LlamaModel,
  { contextLength, parallel = 4, threads, cache = "F16", signal }: LlamaOptions,
): Promise<LlamaContext> {
  const trained = model.trainContextSize;
  if (contextLength !== undefined && contextLength > trained) {
    throw new RetrieveError(
      "invalid_argument",
      `window: got ${contextLength} tokens, the model was trained for ${trained}`,
    );
  }
  try {
    return await model.createContext({
      contextSize: contextLength ?? Math.min(trained, usualWindow),
      sequences: parallel,
      threads: threads ?? Math.max(1, availableParallelism() - 1),
      // Flash attention rounds keys and values to 16 bits whatever the cache holds.
      ...(cache === "F32" && {
        flashAttention: false,
        experimentalKvCacheKeyType: "F32",
        experimentalKvCacheValueType: "F32",
      }),
      ...(signal && { createSignal: signal }),
    });
  } catch (cause) {
    if (signal?.aborted) throw interrupted(signal);
    throw new RetrieveError(
      "unsupported",
      `no room for ${parallel} windows of ${contextLength ?? Math.min(trained, usualWindow)} tokens: ${messageOf(cause)}; ask for fewer or shorter ones`,
      { cause },
    );
  }
}
