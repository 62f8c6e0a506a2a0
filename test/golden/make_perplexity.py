"""Perplexity of replies in chats, by stories260K in float64 with NumPy alone, for test/eval/benchmark/perplexity.test.ts.

    python test/golden/make_perplexity.py STORIES260K.bin TOK512.bin > test/golden/perplexity.json

exp of the mean over replies of the mean negative log-probability of a reply's tokens (arXiv 2310.07554, section 5), after the
last utterance alone (`none`) and after the newest pair of turns before it (`recency`).
"""

import json
import sys

import numpy as np
from make_stories import case, read_checkpoint, read_vocabulary

CHATS = [
    {"history": ["Speaker 1: I have a big dog.\nSpeaker 2: I like dogs.", "Speaker 1: We went to the park.\nSpeaker 2: Was it fun?"],
     "query": "Yes, we saw a cat.", "answers": ["What did the cat do?"]},
    {"history": ["Speaker 1: Tom is sad.\nSpeaker 2: Why is he sad?"],
     "query": "He lost his ball.", "answers": ["Let us look for the ball."]},
    {"history": ["Speaker 1: Look at the sun.\nSpeaker 2: It is hot."],
     "query": "I want to swim.", "answers": ["Mom said we can go to the lake."]},
]

if __name__ == "__main__":
    model = read_checkpoint(sys.argv[1])
    pieces, scores = read_vocabulary(sys.argv[2], 512)
    golden = {"chats": CHATS}
    for method in ("none", "recency"):
        losses = []
        for chat in CHATS:
            found = chat["history"][-1] + "\n" if method == "recency" else ""
            prompt = f"{found}Speaker 1: {chat['query']}\nSpeaker 2:"
            logs = case(prompt, " " + chat["answers"][0], model, pieces, scores)["logProbabilities"]
            losses.append(-float(np.mean(logs)))
        golden[method] = {"losses": losses, "perplexity": float(np.exp(np.mean(losses)))}
    print(json.dumps(golden, ensure_ascii=False))
