"""The training step of bench/train.mjs in PyTorch on the CPU.

    python train-torch.py MODEL BATCH.json [--memory]

For every line on stdin it does one step (forward, contrastive loss, backward, clipping, AdamW) and prints seconds and
loss as JSON. With --memory it does three steps and prints its peak memory in MB. Wants torch and transformers.
"""

import json
import resource
import sys
import time

import torch
from transformers import AutoModel
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
model_folder, batch_file = sys.argv[1:3]
batch = json.load(open(batch_file))
torch.set_num_threads(batch["threads"])
model = AutoModel.from_pretrained(model_folder, add_pooling_layer=False).eval()  # eval: no dropout
no_decay = [p for name, p in model.named_parameters() if name.endswith("bias") or "LayerNorm" in name]
decay = [p for name, p in model.named_parameters() if not (name.endswith("bias") or "LayerNorm" in name)]
optimizer = torch.optim.AdamW(
    [{"params": decay, "weight_decay": 0.01}, {"params": no_decay, "weight_decay": 0.0}], lr=batch["learningRate"]
)
queries = torch.tensor(batch["rows"][: batch["queries"]])
documents = torch.tensor(batch["rows"][batch["queries"] :])
labels = torch.arange(len(queries)) * (len(documents) // len(queries))


def embed(ids):
    # Rows of equal length without padding: the mean over all tokens.
    states = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    return torch.nn.functional.normalize(states.mean(dim=1), dim=-1)


def step():
    start = time.perf_counter()
    optimizer.zero_grad()
    scores = embed(queries) @ embed(documents).T / batch["temperature"]
    loss = torch.nn.functional.cross_entropy(scores, labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return {"seconds": time.perf_counter() - start, "loss": loss.item()}


if "--memory" in sys.argv:
    for _ in range(3):
        step()
    print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000))
else:
    for _ in sys.stdin:
        print(json.dumps(step()), flush=True)
