/** Where the tokens that a server names stand in the text that it was sent. */

/**
 * The end of each token in `text`, in UTF-16 units; undefined where the tokens do not spell the text.
 *
 * Reads the texts of the tokens and not the offsets that servers send: vLLM sums the lengths of the tokens as decoded
 * one by one (vllm/entrypoints/openai/completion/serving.py, `_create_completion_logprobs`), llama-cpp-python counts code
 * points of the decoded text before a token (llama_cpp/llama.py, `_create_completion`); both drift in their own way where
 * a token is a part of a character or stands for none, and neither counts as JavaScript does.
 *
 * Read from the end, because what is odd stands at the beginning: marks such as `<s>`, an unknown first token
 * (undefined), a space that a tokenizer put before the first word or decoding took away before each. Tokens that decode to
 * nothing or to U+FFFD are parts of characters: where there are as many as the characters have bytes each is a byte, else
 * they all end where the characters end.
 */
export function tokenEnds(text: string, tokens: readonly (string | undefined)[]): number[] | undefined {
  const ends = new Array<number>(tokens.length).fill(0);
  let end = text.length;
  for (let index = tokens.length - 1; index >= 0; ) {
    const token = tokens[index];
    if (isPartial(token)) {
      const first = firstOfRun(tokens, index);
      const start = first === 0 ? 0 : endOfBefore(text, tokens[first - 1] ?? "", end);
      if (start < 0) return undefined;
      placeRun(text, tokens, ends, { first, last: index, start, end });
      end = start;
      index = first - 1;
      continue;
    }
    const place = placeOf(text, token, end);
    if (place === undefined) return undefined;
    ends[index] = place.end;
    end = place.start;
    index--;
  }
  // Decoding a token by itself loses the space at its beginning in SentencePiece tokenizers.
  return text.slice(0, end).trim() === "" ? ends : undefined;
}

function isPartial(token: string | undefined): token is undefined | string {
  return token === undefined || token === "" || token.includes("\uFFFD") || /^<0x[\dA-F]{2}>$/.test(token);
}

function firstOfRun(tokens: readonly (string | undefined)[], last: number): number {
  let first = last;
  while (first > 0 && isPartial(tokens[first - 1])) first--;
  return first;
}

/** Where the whole token before a run of parts ends; marks before the text end at its beginning. */
function endOfBefore(text: string, token: string, limit: number): number {
  const written = token.replaceAll("▁", " ");
  for (const form of [token, written, written.trimStart()]) {
    const found = form === "" || form.length > limit ? -1 : text.lastIndexOf(form, limit - form.length);
    if (found >= 0) return found + form.length;
  }
  return isMark(token) ? 0 : -1;
}

interface Run {
  readonly first: number;
  readonly last: number;
  readonly start: number;
  readonly end: number;
}

function placeRun(
  text: string,
  tokens: readonly (string | undefined)[],
  ends: number[],
  { first, last, start, end }: Run,
): void {
  const byteEnds = [...text.slice(start, end)].flatMap((character, index, all) => {
    const until = start + all.slice(0, index + 1).join("").length;
    return new Array<number>(Buffer.byteLength(character)).fill(until);
  });
  // More tokens than bytes can only be marks, which stand at the beginning.
  const marks = first === 0 ? Math.max(last - first + 1 - byteEnds.length, 0) : 0;
  const own = tokens.slice(first + marks, last + 1);
  const isBytes = byteEnds.length === own.length && !own.includes(undefined);
  for (let index = first; index <= last; index++) {
    const byteEnd = index < first + marks ? start : byteEnds[index - first - marks];
    ends[index] = isBytes ? (byteEnd ?? end) : end;
  }
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** The token at the end of `text` up to `end`, give or take white space. */
function placeOf(text: string, token: string, end: number): Place | undefined {
  const written = token.replaceAll("▁", " ");
  const place = placeOfForm(text, token, end) ?? placeOfForm(text, written, end);
  if (place !== undefined) return place;
  return text.slice(0, end).trim() === "" && isMark(token) ? { start: 0, end: 0 } : undefined;
}

function placeOfForm(text: string, form: string, end: number): Place | undefined {
  if (text.endsWith(form, end)) return { start: end - form.length, end };
  if (end > 0 && form.trimStart() === text.slice(0, end)) return { start: 0, end };
  for (let before = end; /\s/.test(text[before - 1] ?? ""); ) {
    before--;
    if (text.endsWith(form, before)) return { start: before - form.length, end: before };
  }
  return undefined;
}

/** `<s>`, `<|begin_of_text|>`, `[CLS]`: a token that stands for no text; or the space of an empty first word. */
function isMark(token: string): boolean {
  return /^(<[^<>]+>|\[[A-Za-z]+\])$/.test(token) || token.trim() === "" || token === "▁";
}
