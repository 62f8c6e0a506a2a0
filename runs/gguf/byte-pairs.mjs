/** The byte-level BPE of GPT-2, whose kind the tokenizers of Llama 3 and Qwen are, as metadata of GGUF. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tokenTypes } from "./llama.mjs";

const end = "<|endoftext|>";

/** From a folder with vocab.json and merges.txt; like Qwen's, without a mark of the beginning. */
export function bytePairs(folder) {
  const ids = Object.entries(JSON.parse(readFileSync(join(folder, "vocab.json"), "utf8")));
  const tokens = ids.toSorted(([, left], [, right]) => left - right).map(([text]) => text);
  const merges = readFileSync(join(folder, "merges.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#version"));
  const types = tokens.map((text) => (text === end ? tokenTypes.control : tokenTypes.normal));
  return {
    "tokenizer.ggml.model": ["string", "gpt2"],
    "tokenizer.ggml.pre": ["string", "gpt-2"],
    "tokenizer.ggml.tokens": [["string"], tokens],
    "tokenizer.ggml.token_type": [["i32"], types],
    "tokenizer.ggml.merges": [["string"], merges],
    "tokenizer.ggml.bos_token_id": ["u32", tokens.indexOf(end)],
    "tokenizer.ggml.eos_token_id": ["u32", tokens.indexOf(end)],
    "tokenizer.ggml.add_bos_token": ["bool", false],
  };
}
