"""What transformers and sentence-transformers compute from all-MiniLM-L6-v2, for texts of many kinds.

    python test/golden/make_minilm.py FOLDER_OF_ALL_MINILM_L6_V2

Writes test/golden/minilm.json (texts, token ids cut to 256, special tokens included) and minilm.safetensors:
  pooled      float32 [texts, 384]  what SentenceTransformer.encode gives: mean of the tokens, length 1
  hidden      float32 [tokens, 384] last hidden states of the first four texts, one after the other
Both are computed one text at a time, so that no padding takes part.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer

here = Path(__file__).parent
source = sys.argv[1]

texts = [
    "Who keeps the lighthouse?",
    "The keeper trims the lamp at dusk and winds the clockwork every four hours.",
    "naïve café — résumé, Ångström & co.",
    "",
    "a",
    "How do I reverse a linked list in Python?",
    "def reverse(head):\n    prev = None\n    while head:\n        head.next, prev, head = prev, head, head.next\n    return prev",
    "The mitochondrion is the powerhouse of the cell; it makes most of the cell's supply of adenosine triphosphate.",
    "Paris is the capital of France.",
    "What is the capital of France?",
    "In 1969, Apollo 11 carried Neil Armstrong, Buzz Aldrin and Michael Collins to the Moon.",
    "Speaker 1: I adopted a cat last week.\nSpeaker 2: What is its name?",
    "GET /v1/weather?city={city}: returns the current weather of a city as JSON.",
    "SELECT name, COUNT(*) FROM orders GROUP BY name HAVING COUNT(*) > 3;",
    "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
    "我喜欢机器学习。",
    "Привет, как дела?",
    "emoji 😀 and symbols ∑∫√ © ½",
    "word " * 300,
    "The harbour was rebuilt after the flood of 1953, and a tide gate was added. " * 12,
]

tokenizer = AutoTokenizer.from_pretrained(source)
model = AutoModel.from_pretrained(source).eval()
encoder = SentenceTransformer(source, device="cpu")
encoder.max_seq_length = 256

ids = [tokenizer(text, truncation=True, max_length=256)["input_ids"] for text in texts]
with torch.no_grad():
    hidden = [model(input_ids=torch.tensor([row])).last_hidden_state[0] for row in ids[:4]]
pooled = torch.cat([encoder.encode([text], convert_to_tensor=True).cpu() for text in texts])

save_file({"pooled": pooled.contiguous(), "hidden": torch.cat(hidden).contiguous()}, here / "minilm.safetensors")
rows = [{"text": text, "ids": row} for text, row in zip(texts, ids)]
(here / "minilm.json").write_text(json.dumps(rows, ensure_ascii=False, separators=(",", ":")) + "\n")
