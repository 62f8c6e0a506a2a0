/** What a Llama-shaped model is called in GGUF: keys of its metadata, names and shapes of its tensors. */

/** Kinds of tokens. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, byte: 6 };

/** `tokenizer`: its part of the metadata, as `sentencePiece` and `bytePairs` give it. */
export function metadataOf(name, { width, hidden, layers, heads, keyHeads, window }, tokenizer) {
  const [, tokens] = tokenizer["tokenizer.ggml.tokens"];
  return {
    "general.architecture": ["string", "llama"],
    "general.name": ["string", name],
    "llama.context_length": ["u32", window],
    "llama.embedding_length": ["u32", width],
    "llama.block_count": ["u32", layers],
    "llama.feed_forward_length": ["u32", hidden],
    "llama.rope.dimension_count": ["u32", width / heads],
    "llama.attention.head_count": ["u32", heads],
    "llama.attention.head_count_kv": ["u32", keyHeads],
    "llama.attention.layer_norm_rms_epsilon": ["f32", 1e-5],
    "llama.vocab_size": ["u32", tokens.length],
    ...tokenizer,
  };
}

/** `vocabulary`: a list of `{ text, score, type }`; tokens 0, 1 and 2 are unknown, beginning and end. */
export function sentencePiece(vocabulary) {
  return {
    "tokenizer.ggml.model": ["string", "llama"],
    "tokenizer.ggml.tokens": [["string"], vocabulary.map(({ text }) => text)],
    "tokenizer.ggml.scores": [["f32"], vocabulary.map(({ score }) => score)],
    "tokenizer.ggml.token_type": [["i32"], vocabulary.map(({ type }) => type)],
    "tokenizer.ggml.unknown_token_id": ["u32", 0],
    "tokenizer.ggml.bos_token_id": ["u32", 1],
    "tokenizer.ggml.eos_token_id": ["u32", 2],
    "tokenizer.ggml.add_bos_token": ["bool", true],
    "tokenizer.ggml.add_eos_token": ["bool", false],
    "tokenizer.ggml.add_space_prefix": ["bool", true],
  };
}

/** Tensors of layer `at`, as name, part of a llama2.c checkpoint, and shape. */
export function layerTensors({ width, hidden, heads, keyHeads }, at) {
  const keys = (width / heads) * keyHeads;
  return [
    { name: `blk.${at}.attn_norm.weight`, part: "attentionNorm", shape: [width] },
    { name: `blk.${at}.attn_q.weight`, part: "query", shape: [width, width] },
    { name: `blk.${at}.attn_k.weight`, part: "key", shape: [width, keys] },
    { name: `blk.${at}.attn_v.weight`, part: "value", shape: [width, keys] },
    { name: `blk.${at}.attn_output.weight`, part: "output", shape: [width, width] },
    { name: `blk.${at}.ffn_norm.weight`, part: "feedForwardNorm", shape: [width] },
    { name: `blk.${at}.ffn_gate.weight`, part: "gate", shape: [width, hidden] },
    { name: `blk.${at}.ffn_down.weight`, part: "down", shape: [hidden, width] },
    { name: `blk.${at}.ffn_up.weight`, part: "up", shape: [width, hidden] },
  ];
}
