/** A model of the shape of Llama with random weights: it knows nothing and costs what a real one costs. */

import { createRandom, normal } from "#src/std/index.js";
import { bytePairs } from "./byte-pairs.mjs";
import { layerTensors, metadataOf, sentencePiece, tokenTypes } from "./llama.mjs";
import { writeGguf } from "./write.mjs";

/** 100M is 110 million parameters, 25 million of them in the embedding. `tokens` are those of the made-up vocabulary. */
export const sizes = {
  "1M": { width: 128, hidden: 256, layers: 2, heads: 4, keyHeads: 2, window: 2048, tokens: 4000 },
  "100M": { width: 768, hidden: 2048, layers: 12, heads: 12, keyHeads: 12, window: 2048, tokens: 32_000 },
};

/** `bpe`: a folder with the vocabulary of a real tokenizer; without it one of letters is made up. */
export function writeRandom(out, size, { seed, bpe }) {
  const { tokens: count, ...shape } = sizes[size];
  const tokenizer = bpe === undefined ? sentencePiece(vocabularyOf(count)) : bytePairs(bpe);
  const [, tokens] = tokenizer["tokenizer.ggml.tokens"];
  const { width, layers } = shape;
  const random = createRandom(seed);
  const matrix = (name, dimensions) => {
    const count = dimensions.reduce((product, length) => product * length, 1);
    const scale = 1 / Math.sqrt(dimensions[0]);
    return { name, shape: dimensions, type: "f16", bytes: () => halves(count, () => normal(random) * scale) };
  };
  const norm = (name) => ({
    name,
    shape: [width],
    type: "f32",
    bytes: () => new Float32Array(width).fill(1),
  });
  const tensor = ({ name, shape: dimensions }) =>
    dimensions.length === 1 ? norm(name) : matrix(name, dimensions);
  writeGguf(out, metadataOf(`random-${size}`, shape, tokenizer), [
    matrix("token_embd.weight", [width, tokens.length]),
    ...Array.from({ length: layers }, (_, at) => layerTensors(shape, at).map(tensor)).flat(),
    norm("output_norm.weight"),
  ]);
}

/** Letters, and words that grow from them letter by letter, so that SentencePiece can merge its way to each. */
function vocabularyOf(count) {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const words = ["\u2581"];
  for (let at = 0; words.length < count; at++) words.push(...letters.map((letter) => words[at] + letter));
  return [
    { text: "<unk>", score: 0, type: tokenTypes.unknown },
    { text: "<s>", score: 0, type: tokenTypes.control },
    { text: "</s>", score: 0, type: tokenTypes.control },
    ...bytes.map((text) => ({ text, score: 0, type: tokenTypes.byte })),
    ...[...letters, ...words].map((text, at) => ({ text, score: -at, type: tokenTypes.normal })),
  ].slice(0, count);
}

/** Numbers as 16-bit floats (IEEE 754 binary16), rounded to nearest; those used here are normal numbers or 0. */
function halves(count, next) {
  const out = new Uint16Array(count);
  const [single] = [new Float32Array(1)];
  const bits = new Uint32Array(single.buffer);
  for (let at = 0; at < count; at++) {
    single[0] = next();
    const [word] = bits;
    const exponent = ((word >>> 23) & 0xff) - 112;
    const rounded = ((exponent << 10) | ((word >>> 13) & 0x3ff)) + ((word >>> 12) & 1);
    out[at] = ((word >>> 16) & 0x8000) | (exponent <= 0 ? 0 : rounded);
  }
  return out;
}
