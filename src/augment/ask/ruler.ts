/** Texts measured in the tokens of a language model, exactly where it counts and by their bytes where it does not. */

import type { LanguageModel } from "../../llm/index.ts";
import type { OnNotice } from "../../std/index.ts";

export interface Ruler {
  /** Tokens by the model's own count; where it has none, {@link Ruler.estimate}. */
  count(text: string): Promise<number>;
  /** At once: bytes times the most tokens a byte that any text counted here had. */
  estimate(text: string): number;
  /** The first `limit` tokens at most, cut at a space where one is near. */
  head(text: string, limit: number): Promise<string>;
  /** The last `limit` tokens at most. */
  tail(text: string, limit: number): Promise<string>;
}

/** English has about 4 bytes a token, a Chinese character is 3 bytes and about one token. */
const bytesPerToken = 3;

/** Shorter texts say little of how a model counts. */
const tellingBytes = 64;

/** A ruler for `llm`; a model that cannot count is told once. */
export function createRuler(llm: LanguageModel, onNotice?: OnNotice): Ruler {
  const isBlind = llm.countTokens === undefined;
  let tokensPerByte = isBlind ? 1 / bytesPerToken : 0;
  if (isBlind) {
    onNotice?.(`${llm.name} does not count tokens; lengths are estimated at ${bytesPerToken} bytes a token`);
  }
  const estimate = (text: string): number => Math.ceil(Buffer.byteLength(text) * tokensPerByte);
  const count = async (text: string): Promise<number> => {
    if (text === "") return 0;
    const tokens = await llm.countTokens?.(text);
    if (tokens === undefined) return estimate(text);
    const bytes = Buffer.byteLength(text);
    if (bytes >= tellingBytes || tokensPerByte === 0) {
      tokensPerByte = Math.max(tokensPerByte, tokens / bytes);
    }
    return tokens;
  };
  const shorten = async (text: string, limit: number, part: (length: number) => string): Promise<string> => {
    if (limit < 1) return "";
    const roughly = estimate(text);
    let length = roughly > 2 * limit ? Math.ceil((text.length * 2 * limit) / roughly) : text.length;
    for (;;) {
      const taken = length >= text.length ? text : part(length);
      const tokens = await count(taken);
      if (tokens <= limit) return taken;
      length = Math.min(length - 1, Math.floor(length * (limit / tokens)));
    }
  };
  return {
    count,
    estimate,
    head: async (text, limit) => {
      const given = (await llm.truncate?.(text, Math.max(0, limit))) ?? text;
      return shorten(given, limit, (length) => beginning(text, length));
    },
    tail: (text, limit) => shorten(text, limit, (length) => ending(text, length)),
  };
}

/** How far a cut is moved to a space. */
const nearby = 40;

function beginning(text: string, length: number): string {
  const space = text.lastIndexOf(" ", length);
  const end = space > Math.max(0, length - nearby) ? space : length;
  return text.slice(0, isInsidePair(text, end) ? end - 1 : end);
}

function ending(text: string, length: number): string {
  const from = text.length - length;
  const space = text.indexOf(" ", from);
  const start = space >= 0 && space < Math.min(from + nearby, text.length - 1) ? space + 1 : from;
  return text.slice(isInsidePair(text, start) ? start + 1 : start);
}

/** Whether a cut before `at` parts the two units of one character. */
function isInsidePair(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit <= 0xdfff;
}
