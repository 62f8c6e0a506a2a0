/** Texts as tokens of a llama.cpp model, and the place where a continuation begins among them. */

import type { LlamaModel, Token } from "node-llama-cpp";

/** The tokens of a whole text, with the mark of the beginning where the model wants one. Special tokens in it are plain text. */
export function tokensOf(model: LlamaModel, text: string): Token[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  const tokens = model.tokenize(text, false);
  return bos !== null && shouldPrependBosToken ? [bos, ...tokens] : tokens;
}

/**
 * The first token of `whole` that ends behind the prompt. A tokenizer may join the end of the prompt with the begin of the
 * continuation: the joined token counts to the continuation, those that spell the rest of the prompt do not, even where they
 * are other ones than in the prompt alone.
 */
export function boundaryOf(
  model: LlamaModel,
  prompt: string,
  start: readonly Token[],
  whole: readonly Token[],
): number {
  const different = start.findIndex((token, at) => token !== whole[at]);
  let at = different === -1 ? start.length : different;
  while (at < whole.length && spelled(model, whole.slice(0, at + 1), prompt) <= prompt.length) at++;
  return at;
}

/** Length of what tokens spell; SentencePiece puts a space in front that the prompt may not have. */
function spelled(model: LlamaModel, tokens: readonly Token[], prompt: string): number {
  const text = model.detokenize(tokens, false);
  return text.length - Number(text.startsWith(" ") && !prompt.startsWith(" "));
}

/** The text of each of some tokens that stand behind `before`. Bytes of an unfinished character come out as U+FFFD. */
export function textsOf(model: LlamaModel, before: readonly Token[], tokens: readonly Token[]): string[] {
  return tokens.map((token, at) =>
    model.detokenize([token], false, [...before, ...tokens.slice(0, at)].slice(-4)),
  );
}
