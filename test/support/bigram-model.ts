/** A language model whose probabilities are counts of a small text: each token depends on the one before it. */

import type { GenerateEvent, LanguageModel } from "#src/llm/index.js";

const corpus = `The capital of France is Paris. The capital of Italy is Rome, and the capital of France is Paris.
One, two, three, four, five. Once upon a time, there was a little dog. A little dog is a dog.
She opened the door and the dog is there. The quick brown fox jumps over the lazy dog. The dog is lazy.`;

/** Beginning of a text. */
const start = "<s>";

/** A word with the space before it, or a single other character: a prompt that ends within a word merges with what follows. */
export function tokenize(text: string): string[] {
  return text.match(/ ?[A-Za-z]+|[^A-Za-z]/gu) ?? [];
}

const counts = new Map<string, Map<string, number>>();
const known = [...new Set(tokenize(corpus))];
let last = start;
for (const token of tokenize(corpus)) {
  const after = counts.get(last) ?? new Map<string, number>();
  counts.set(last, after.set(token, (after.get(token) ?? 0) + 1));
  last = token;
}

/** ln of (count + 1/2) / (all + (known tokens + 1) / 2), where all unknown tokens are one. */
export function logProbability(before: string | undefined, token: string): number {
  const after = counts.get(before ?? start) ?? new Map<string, number>();
  const all = [...after.values()].reduce((sum, count) => sum + count, 0);
  return Math.log(((after.get(token) ?? 0) + 0.5) / (all + (known.length + 1) / 2));
}

/** The known tokens by falling probability, equals by name. */
export function likeliest(before: string | undefined): string[] {
  return [...known].sort(
    (one, other) => logProbability(before, other) - logProbability(before, one) || (one < other ? -1 : 1),
  );
}

/** Log-probability of each token of a text. */
export function logProbabilities(tokens: readonly string[]): number[] {
  return tokens.map((token, index) => logProbability(tokens[index - 1], token));
}

/** The model as this package sees one. It has a window of `contextLength` tokens and generates until that or a full stop. */
export function bigramModel(contextLength = 200): LanguageModel {
  async function* generate(
    ...[input, options = {}]: Parameters<LanguageModel["generate"]>
  ): AsyncGenerator<GenerateEvent> {
    const text = "prompt" in input ? input.prompt : input.messages.map(({ content }) => content).join("\n");
    const tokens = tokenize(text);
    const promptTokens = tokens.length;
    const limit = Math.min(options.maxTokens ?? 20, contextLength - promptTokens);
    let written = "";
    const end = (reason: "stop" | "length"): GenerateEvent => ({
      type: "end",
      reason,
      usage: { promptTokens, outputTokens: tokens.length - promptTokens },
    });
    while (tokens.length - promptTokens < limit) {
      options.signal?.throwIfAborted();
      const [token = ""] = likeliest(tokens.at(-1));
      written += token;
      if (options.stop?.some((stop) => written.endsWith(stop)) === true) return yield end("stop");
      tokens.push(token);
      yield { type: "text", text: token };
      if (token === ".") return yield end("stop");
      await new Promise(setImmediate);
    }
    yield end("length");
  }
  return {
    name: "bigram",
    contextLength,
    parallel: 2,
    generate,
    score: async (prompt, continuations) =>
      continuations.map((continuation) => {
        const tokens = tokenize(prompt + continuation);
        const all = logProbabilities(tokens);
        let end = 0;
        const first = tokens.findIndex((token) => {
          end += token.length;
          return end > prompt.length;
        });
        return first < 0
          ? { tokens: [], logProbabilities: [] }
          : { tokens: tokens.slice(first), logProbabilities: all.slice(first) };
      }),
    countTokens: async (text) => tokenize(text).length,
    close: async () => {},
  };
}
