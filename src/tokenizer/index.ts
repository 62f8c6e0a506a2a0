export type { Tokenizer, Tokens } from "./tokenizer.ts";
