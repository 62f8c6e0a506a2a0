/**
 * A tokenizer from the content of a Hugging Face `tokenizer.json`.
 *
 * The algorithms are those of `@huggingface/tokenizers`; here are what it leaves out: truncation that keeps the
 * special tokens, a cache of words, spans of the text. Reads no files.
 */

import { Tokenizer as Algorithm } from "@huggingface/tokenizers";
import { messageOf, RetrieveError } from "../std/index.ts";
import { splitByCount } from "./split.ts";
import type { Tokenizer, Tokens } from "./tokenizer.ts";

/** The special tokens that stand around every text. */
interface Around {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Ids that tell how well a vocabulary covers a text. */
interface TellingIds {
  readonly unknown: number | undefined;
  readonly letters: ReadonlySet<number>;
}

/** The ids of a text without special tokens. */
type ToIds = (text: string) => readonly number[];

/**
 * The tokenizer that `definition`, the parsed `tokenizer.json`, describes. Its own truncation and padding settings are
 * not used: the limit is an argument of `encode`, and padding belongs to batches.
 *
 * Throws `invalid_data` when it is not such a definition and `unsupported` when an algorithm in it is unknown.
 */
export function createTokenizer(definition: unknown): Tokenizer {
  const algorithm = createAlgorithm(definition);
  const prepare = preparation(definition);
  const whole: ToIds = (text) => algorithm.encode(prepare(text), { add_special_tokens: false }).ids;
  const toIds = wordsAreIndependent(definition) ? cacheWords(whole) : whole;
  const around = specialsAround(algorithm);
  const { before, after } = around;
  const telling = { unknown: algorithm.model?.unk_token_id, letters: innerLetters(definition) };
  const count = (text: string): number => toIds(text).length;
  return {
    count,
    split: (text, maxTokens) => splitByCount(text, maxTokens, count),
    encode(text, maxTokens) {
      const room = maxTokens - before.length - after.length;
      if (room < 1) {
        const least = before.length + after.length + 1;
        throw new RetrieveError("invalid_argument", `maxTokens is ${maxTokens}; wanted at least ${least}`);
      }
      return tokensOf(headIds(text, room, toIds), room, around, telling);
    },
  };
}

function createAlgorithm(definition: unknown): Algorithm {
  if (!isObject(definition) || !isObject(definition["model"]) || !Array.isArray(definition["added_tokens"])) {
    throw new RetrieveError(
      "invalid_data",
      "tokenizer.json: wanted an object with `model` and `added_tokens`; export it with the `tokenizers` library",
    );
  }
  try {
    return new Algorithm(definition, {});
  } catch (error) {
    throw new RetrieveError("unsupported", `tokenizer.json: ${messageOf(error)}`, { cause: error });
  }
}

/** The special tokens that the definition puts around every text, found by asking. */
function specialsAround(algorithm: Algorithm): Around {
  const bare: readonly number[] = algorithm.encode("a", { add_special_tokens: false }).ids;
  const dressed: readonly number[] = algorithm.encode("a").ids;
  const extra = dressed.length - bare.length;
  for (let start = 0; start <= extra; start++) {
    if (bare.every((id, at) => dressed[start + at] === id)) {
      return { before: dressed.slice(0, start), after: dressed.slice(start + bare.length) };
    }
  }
  throw new RetrieveError("unsupported", "tokenizer.json: its post-processor changes the tokens of the text");
}

function tokensOf(
  ids: readonly number[],
  room: number,
  { before, after }: Around,
  { unknown, letters }: TellingIds,
): Tokens {
  const kept = ids.length > room ? ids.slice(0, room) : ids;
  const share = (is: (id: number) => boolean): number =>
    kept.reduce((sum, id) => (is(id) ? sum + 1 : sum), 0) / Math.max(1, kept.length);
  return {
    ids: Int32Array.from([...before, ...kept, ...after]),
    unknownShare: share((id) => id === unknown),
    spelledShare: share((id) => letters.has(id)),
    truncated: ids.length > room,
  };
}

/** The ids of single letters within a word (`##x`) where the model is WordPiece. */
function innerLetters(definition: unknown): ReadonlySet<number> {
  const model = isObject(definition) ? definition["model"] : undefined;
  if (!isObject(model) || model["type"] !== "WordPiece" || !isObject(model["vocab"])) return new Set();
  const prefix = `${model["continuing_subword_prefix"] ?? "##"}`;
  const isLetter = (token: string): boolean =>
    token.startsWith(prefix) && /^\p{L}$|^\p{M}$/u.test(token.slice(prefix.length));
  return new Set(
    Object.entries(model["vocab"]).flatMap(([token, id]) => (isLetter(token) ? [Number(id)] : [])),
  );
}

/**
 * At least the first `room + 1` ids of a text, where it has so many, without tokenising all of a long one: windows
 * that end before a white space have the same tokens as that part of the whole.
 */
function headIds(text: string, room: number, toIds: ToIds): readonly number[] {
  for (let size = 8 * room; size < text.length; size *= 2) {
    const gap = text.slice(size).search(/\s/);
    if (gap < 0) break;
    const ids = toIds(text.slice(0, size + gap));
    if (ids.length > room) return ids;
  }
  return toIds(text);
}

/**
 * Whether the tokens of a text are those of its words one after the other: the pre-tokenizer splits at every white
 * space and drops it, and nothing before it adds to the text or spans words.
 */
function wordsAreIndependent(definition: unknown): boolean {
  if (!isObject(definition)) return false;
  const normalizers = stepsOf(definition["normalizer"], "normalizers").map(typeOf);
  const [first] = stepsOf(definition["pre_tokenizer"], "pretokenizers").map(typeOf);
  const added = Array.isArray(definition["added_tokens"]) ? definition["added_tokens"] : [];
  return (
    (first === "BertPreTokenizer" || first === "WhitespaceSplit" || first === "Whitespace") &&
    !normalizers.includes("Prepend") &&
    !added.some((token) => isObject(token) && /\s/.test(String(token["content"])))
  );
}

/** A cache by word: language repeats itself, so that most words cost a look-up. Bounded in words and their length. */
function cacheWords(toIds: ToIds): ToIds {
  const cache = new Map<string, readonly number[]>();
  const ofWord = (word: string): readonly number[] => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const ids = toIds(word);
    if (cache.size >= 50_000) cache.clear();
    if (word.length <= 32) cache.set(word, ids);
    return ids;
  };
  // Only the separators that every pre-tokenizer drops; the rarer white spaces stay inside a "word".
  return (text) => text.split(/[ \t\r\n]+/).flatMap((word) => (word === "" ? [] : ofWord(word)));
}

/**
 * What the reference's BERT normalizer does and the library's does not: capital sigma becomes σ at the end of a word
 * too (lower-casing goes letter by letter), and the ideographs beyond 16 bits are words of their own.
 */
function preparation(definition: unknown): (text: string) => string {
  const normalizers = isObject(definition) ? stepsOf(definition["normalizer"], "normalizers") : [];
  const bert = normalizers.find((step) => typeOf(step) === "BertNormalizer");
  if (!isObject(bert)) return (text) => text;
  const lowercase = bert["lowercase"] === true;
  const ideographs = bert["handle_chinese_chars"] === true;
  return (text) => {
    const lower = lowercase && text.includes("Σ") ? text.replaceAll("Σ", "σ") : text;
    return ideographs && /[\ud840-\ud87f]/.test(lower) ? lower.replace(rareIdeographs, " $& ") : lower;
  };
}

/** The planes' blocks that BERT's own code lists, from CJK Extension B on. */
const rareIdeographs = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b820}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

function stepsOf(step: unknown, listName: string): readonly unknown[] {
  if (!isObject(step)) return [];
  const steps = step[listName];
  return Array.isArray(steps) ? steps.flatMap((inner) => stepsOf(inner, listName)) : [step];
}

function typeOf(step: unknown): unknown {
  return isObject(step) ? step["type"] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
