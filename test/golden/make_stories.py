"""Log-probabilities of continuations by stories260K, evaluated in float64 with NumPy alone, straight from the checkpoint.

    python test/golden/make_stories.py STORIES260K.bin TOK512.bin > test/golden/stories.json

Nothing here knows GGUF or llama.cpp: the checkpoint is read as llama2.c writes it (github.com/karpathy/llama2.c), the
tokenizer merges pieces by their scores as SentencePiece does.
"""

import json
import struct
import sys

import numpy as np

CASES = [
    ("Once upon a time", ", there was a little girl named Lily."),
    ("Once upon a time", " the green engine ate seven clouds."),
    ("Once upon a time, there was a little", " girl"),
    ("Once upon a time, there was a little", " dragon"),
    ("Tom had a big red ball. Tom liked to", " play with the ball."),
    ("Tom had a big red ball. Tom liked to", " eat the moon."),
    # The end of the prompt and the begin of the continuation make one token.
    ("The cat sat on the ma", "t and went to sleep."),
    ("Once upon a tim", "e"),
    # Characters that the vocabulary has no pieces for are bytes.
    ("She said", " naïve \u2615!"),
    ("", "One day a boy named Tim went to the park."),
    ("One day, Lily went to the park with her mom. They saw a dog. The dog was big and brown. " * 3, "Lily was happy."),
    ("\n\nThe end", ".\n"),
]


def read_checkpoint(path):
    raw = open(path, "rb").read()
    dim, hidden, layers, heads, kv_heads, vocab, _ = struct.unpack("7i", raw[:28])
    values = np.frombuffer(raw[28:], dtype=np.float32).astype(np.float64)
    at = 0

    def take(*shape):
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return values[at - size:at].reshape(shape)

    head = dim // heads
    w = {"embedding": take(vocab, dim), "attention_norm": take(layers, dim), "q": take(layers, dim, dim),
         "k": take(layers, kv_heads * head, dim), "v": take(layers, kv_heads * head, dim), "o": take(layers, dim, dim),
         "ffn_norm": take(layers, dim), "w1": take(layers, hidden, dim), "w2": take(layers, dim, hidden),
         "w3": take(layers, hidden, dim), "norm": take(dim)}
    return w, layers, heads, kv_heads, head


def read_vocabulary(path, count):
    raw = open(path, "rb").read()
    pieces, scores, at = [], [], 4
    for _ in range(count):
        score, length = struct.unpack("fi", raw[at:at + 8])
        pieces.append(raw[at + 8:at + 8 + length])
        scores.append(score)
        at += 8 + length
    return pieces, scores


def encode(text, pieces, scores):
    ids = {piece: number for number, piece in enumerate(pieces) if number > 2 and not piece.startswith(b"<0x")}
    tokens = []
    for char in " " + text if text else "":
        piece = char.encode()
        tokens += [ids[piece]] if piece in ids else [byte + 3 for byte in piece]
    while True:
        merges = [(scores[ids[pair]], -at) for at in range(len(tokens) - 1)
                  if (pair := pieces[tokens[at]] + pieces[tokens[at + 1]]) in ids]
        if not merges:
            return [1] + tokens
        at = -max(merges)[1]
        tokens[at:at + 2] = [ids[pieces[tokens[at]] + pieces[tokens[at + 1]]]]


def norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight


def rotate(x, positions):
    head = x.shape[-1]
    angles = positions[:, None] / 10000 ** (np.arange(0, head, 2) / head)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def log_probabilities(tokens, model):
    """ln p of tokens[1:], each given those before it."""
    w, layers, heads, kv_heads, head = model
    n, positions = len(tokens), np.arange(len(tokens))
    x = w["embedding"][tokens]
    mask = np.triu(np.full((n, n), -np.inf), 1)
    for layer in range(layers):
        a = norm(x, w["attention_norm"][layer])
        q = rotate((a @ w["q"][layer].T).reshape(n, heads, head), positions)
        k = rotate((a @ w["k"][layer].T).reshape(n, kv_heads, head), positions)
        v = (a @ w["v"][layer].T).reshape(n, kv_heads, head)
        k, v = (np.repeat(t, heads // kv_heads, axis=1) for t in (k, v))
        scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(head) + mask
        x = x + np.einsum("hij,jhd->ihd", softmax(scores), v).reshape(n, -1) @ w["o"][layer].T
        f = norm(x, w["ffn_norm"][layer])
        gate = f @ w["w1"][layer].T
        x = x + (gate / (1 + np.exp(-gate)) * (f @ w["w3"][layer].T)) @ w["w2"][layer].T
    logits = norm(x, w["norm"]) @ w["embedding"].T
    logs = logits - logits.max(-1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(-1, keepdims=True))
    return logs[np.arange(n - 1), tokens[1:]]


def case(prompt, continuation, model, pieces, scores):
    whole, start = encode(prompt + continuation, pieces, scores), encode(prompt, pieces, scores)
    shared = next((at for at, (a, b) in enumerate(zip(whole, start)) if a != b), min(len(whole), len(start)))
    logs = log_probabilities(whole, model)
    return {"prompt": prompt, "continuation": continuation, "tokens": whole, "from": shared,
            "logProbabilities": [round(float(value), 8) for value in logs[shared - 1:]]}


if __name__ == "__main__":
    model = read_checkpoint(sys.argv[1])
    pieces, scores = read_vocabulary(sys.argv[2], 512)
    rows = [case(*pair, model, pieces, scores) for pair in CASES]
    print("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]")
