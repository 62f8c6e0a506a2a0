/**
 * Long-range language modelling: how well far-away chunks of a long text predict its end.
 *
 * Protocol of LLM-Embedder: chunks of 128 tokens of the language model; the last 1,024 tokens are predicted chunk by chunk;
 * the window of the last 2,048, which holds them, always stands; the query is the chunk before the one that is predicted; of
 * all chunks before the window but the last, eight are found, each with its next one, and stand before the window in the
 * order of the text (`concat`), or in the place of its oldest chunks (`replace`). A chunk that two hits bring stands once;
 * the reference code repeats it.
 */

import { type CachedModel, spread } from "../../dataset/index.ts";
import { RetrieveError } from "../../std/index.ts";
import type { Benchmark, Item, PoolRecord } from "./benchmark.ts";
import { fitPrompt, longest, tooLong } from "./fit.ts";
import { type LongText, readLongTexts } from "./long-texts.ts";
import { perplexity } from "./perplexity.ts";

/** Characters of a text that are read, and tokens of these that are kept from the end. */
const readCharacters = 160_000;
const keptTokens = 32_768;

interface Cut {
  readonly window: number;
  readonly target: number;
  readonly chunk: number;
}

export const lrlm: Benchmark = {
  name: "lrlm",
  task: "lrlm",
  methods: ["none", "random", "recency", "bm25", "dense", "hybrid"],
  needsModel: true,
  open: async (folder, options) => {
    const {
      k = 8,
      window = 2048,
      target = 1024,
      chunk = 128,
      integrate = "concat",
      split = "test",
    } = options;
    const { model, maxQueries } = options;
    if (model === undefined)
      throw new RetrieveError("invalid_argument", "benchmark lrlm: wants a language model");
    const cut = checked({ window, target, chunk });
    const texts = await readLongTexts(folder, split);
    const perText = target / chunk;
    const chosen = spread(texts, maxQueries === undefined ? undefined : Math.ceil(maxQueries / perText));
    const plans: Plan[] = [];
    for (const text of chosen) plans.push(planOf(text, await chunksOf(text, model, chunk), cut));
    const long = plans.filter(({ items }) => items.length > 0);
    const asked = new Map(
      long.flatMap((plan) => plan.items.map(({ id }, at) => [id, { plan, at }] as const)),
    );
    const short = plans.length - long.length;
    return {
      ...{
        split,
        items: long.flatMap(({ items }) => items),
        records: long.flatMap(({ records }) => records),
      },
      source: chosen.map(({ text }) => text),
      excluded: short > 0 ? { "texts too short": short } : {},
      ...{ retrieval: [], depth: k, headline: "perplexity", compared: "nll", lowerIsBetter: true },
      config: { k, window, target, chunk, integrate },
      recencyStep: 2, // each brings its next one
      measure: async ({ id }, found, language) => {
        const { plan, at = 0 } = asked.get(id) ?? {};
        if (plan === undefined) return { leftOut: "unknown" };
        const { chunks, first } = plan;
        const predicted = first.target + at;
        const expected = chunks[predicted] ?? "";
        const places = found.slice(0, k).map(({ place = 0 }) => place);
        const dropped = integrate === "replace" ? withNext(places).length : 0;
        const recent = chunks.slice(Math.min(first.window + dropped, predicted - 1), predicted).join("");
        const prompt = await fitPrompt(
          language,
          places.map(String),
          (kept) =>
            `${withNext(kept.map(Number))
              .map((place) => chunks[place] ?? "")
              .join("")}${recent}`,
          { tokens: language.window, reserved: await longest(language, [expected]) },
        );
        if (prompt === undefined) return tooLong;
        const [score] = await language.likelihoods(prompt, [expected]);
        return { metrics: { nll: score === undefined ? 0 : -score.sum / score.tokens } };
      },
      summarise: perplexity,
    };
  },
};

function checked({ window, target, chunk }: Cut): Cut {
  if (target % chunk === 0 && window % chunk === 0 && target < window) return { window, target, chunk };
  throw new RetrieveError(
    "invalid_argument",
    `lrlm: got window ${window}, target ${target}, chunk ${chunk}; wanted window and target as multiples of the chunk, the target shorter than the window`,
  );
}

/** Each place and the one after it, once, in the order of the text. */
function withNext(places: readonly number[]): number[] {
  return [...new Set(places.flatMap((place) => [place, place + 1]))].sort((left, right) => left - right);
}

/** A text as it is asked: one item for each chunk that is predicted. */
interface Plan {
  readonly chunks: readonly string[];
  readonly first: { readonly window: number; readonly target: number };
  readonly items: readonly Item[];
  readonly records: readonly PoolRecord[];
}

function planOf({ id, group }: LongText, chunks: readonly string[], { window, target, chunk }: Cut): Plan {
  const first = { window: chunks.length - window / chunk, target: chunks.length - target / chunk };
  // The last chunk before the window is no key: the next one of it would be in the window.
  const keys = chunks.slice(0, Math.max(0, first.window - 1));
  if (keys.length === 0) return { chunks, first, items: [], records: [] };
  return {
    chunks,
    first,
    items: chunks.slice(first.target).map((_, at) => ({
      ...{ id: `${id}#${first.target + at}`, pool: id, query: chunks[first.target + at - 1] ?? "" },
      ...(group !== undefined && { group }),
    })),
    records: keys.map((text, place) => ({ id: `${id}#${place}`, pool: id, place, text })),
  };
}

/** Pieces of `size` tokens of the model; what is left over at the end is no chunk. */
async function chunksOf({ text }: LongText, model: CachedModel, size: number): Promise<string[]> {
  const read = text.slice(0, readCharacters);
  const chunks: string[] = [];
  for (let start = 0; start < read.length; ) {
    const piece = await nextPiece(read, start, model, size);
    if (piece === undefined) break;
    chunks.push(piece);
    start += piece.length;
  }
  return chunks.slice(-Math.floor(keptTokens / size));
}

/** Characters that surely hold a token each are many; a slice that is too short is taken longer. */
async function nextPiece(
  text: string,
  start: number,
  model: CachedModel,
  size: number,
): Promise<string | undefined> {
  for (let length = size * 8; ; length *= 2) {
    const slice = text.slice(start, start + length);
    const piece = await model.cut(slice, size);
    if (piece.length > 0 && piece.length < slice.length) return piece;
    if (start + length >= text.length) return undefined;
  }
}
