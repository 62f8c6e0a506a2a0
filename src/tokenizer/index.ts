/** Text to token ids, by a Hugging Face `tokenizer.json`. Knows no files and no vectors. */

export { createTokenizer } from "./definition.ts";
export type { Tokenizer, Tokens } from "./tokenizer.ts";
