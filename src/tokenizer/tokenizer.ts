/** Text to token ids, with the instruction, the special tokens and the length limit accounted for. */

/** A text as the encoder sees it: special tokens included, cut on the right to the limit. */
export interface Tokens {
  readonly ids: Int32Array;
  /** Share of the tokens, specials aside, that are the unknown token: 0 to 1. */
  readonly unknownShare: number;
  /**
   * Share of the tokens that are one letter within a word, 0 to 1: high where a vocabulary has the letters of a script
   * and none of its words. Told of WordPiece vocabularies alone; 0 for others.
   */
  readonly spelledShare: number;
  /** Whether the text was longer than the limit. */
  readonly truncated: boolean;
}

export interface Tokenizer {
  /** Ids with special tokens, at most `maxTokens` of them. */
  encode(text: string, maxTokens: number): Tokens;
  /** How many tokens `text` has by itself, special tokens not counted. */
  count(text: string): number;
  /**
   * Spans of `text` of at most `maxTokens` tokens each (special tokens not counted), cut at token boundaries, in
   * order, covering the text: `text.slice(start, end)`.
   */
  split(text: string, maxTokens: number): { readonly start: number; readonly end: number }[];
}
