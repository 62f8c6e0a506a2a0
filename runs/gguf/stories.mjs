/** A llama2.c checkpoint (version 0, github.com/karpathy/llama2.c, `export.py` and `run.c`) as GGUF. */

import { readFileSync } from "node:fs";
import { layerTensors, metadataOf, sentencePiece, tokenTypes } from "./llama.mjs";
import { writeGguf } from "./write.mjs";

/** Parts of the checkpoint in their order; the norms of a layer stand alone, its matrices are [out, in] by rows. */
const order = ["attentionNorm", "query", "key", "value", "output", "feedForwardNorm", "gate", "down", "up"];

export function convertStories(checkpoint, vocabularyFile, out) {
  const bytes = readFileSync(checkpoint);
  const [width, hidden, layers, heads, keyHeads, tokens, window] = new Int32Array(bytes.buffer.slice(0, 28));
  if (tokens < 0)
    throw new Error(`${checkpoint}: has an output matrix of its own; wanted one that shares the embedding`);
  const shape = { width, hidden, layers, heads, keyHeads, window };
  const weights = new Float32Array(
    bytes.buffer.slice(bytes.byteOffset + 28, bytes.byteOffset + bytes.length),
  );
  let at = 0;
  const take = (count) => {
    at += count;
    return weights.subarray(at - count, at);
  };

  const tensors = [];
  const add = (name, dimensions, values) =>
    tensors.push({ name, shape: dimensions, type: "f32", bytes: () => values });
  add("token_embd.weight", [width, tokens], take(width * tokens));
  const parts = new Map(
    order.map((part) => {
      const { shape: dimensions } = layerTensors(shape, 0).find((tensor) => tensor.part === part);
      const size = dimensions.reduce((product, length) => product * length, 1);
      return [part, Array.from({ length: layers }, () => take(size))];
    }),
  );
  for (let layer = 0; layer < layers; layer++) {
    for (const { name, part, shape: dimensions } of layerTensors(shape, layer)) {
      add(name, dimensions, parts.get(part)[layer]);
    }
  }
  add("output_norm.weight", [width], take(width));
  // Two tables of sines and cosines follow, which llama.cpp computes itself.
  writeGguf(
    out,
    metadataOf("stories260K", shape, sentencePiece(vocabularyIn(vocabularyFile, tokens))),
    tensors,
  );
}

/** `tokenizer.bin` of llama2.c: the length of the longest token, then score, length and bytes of each. */
function vocabularyIn(path, count) {
  const bytes = readFileSync(path);
  let at = 4;
  return Array.from({ length: count }, (_, token) => {
    const score = bytes.readFloatLE(at);
    const length = bytes.readInt32LE(at + 4);
    const text = bytes.subarray(at + 8, at + 8 + length).toString();
    at += 8 + length;
    return { score, ...pieceOf(text, token) };
  });
}

/** llama2.c writes spaces for SentencePiece's mark and puts line ends around the marks of beginning and end. */
function pieceOf(text, token) {
  if (token === 0) return { text: "<unk>", type: tokenTypes.unknown };
  if (token < 3) return { text: text.trim(), type: tokenTypes.control };
  if (/^<0x[0-9A-F]{2}>$/.test(text)) return { text, type: tokenTypes.byte };
  return { text: text.replaceAll(" ", "\u2581"), type: tokenTypes.normal };
}
