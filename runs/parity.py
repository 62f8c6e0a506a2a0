"""Takes the steps of runs/parity.mjs with PyTorch in float32 and compares every loss.

    node runs/parity.mjs OUT.json && python runs/parity.py OUT.json      # torch 2.15, transformers 5.23

Exits with 1 unless losses agree to 1e-3 while the loss falls by 30 %, means of the first and the last four steps.
"""

import json
import sys

import torch
from torch.nn import functional as F
from transformers import AutoModel, get_linear_schedule_with_warmup

run = json.load(open(sys.argv[1]))
settings, pool, log = run["settings"], run["pool"], run["log"]
model = AutoModel.from_pretrained(settings["model"], dtype=torch.float32, add_pooling_layer=False).eval()


def embed(rows: list[list[int]]) -> torch.Tensor:
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    kept = mask.unsqueeze(-1).float()
    return F.normalize((hidden * kept).sum(1) / kept.sum(1))


plain = lambda name: name.endswith(".bias") or "LayerNorm" in name
named = list(model.named_parameters())
optimizer = torch.optim.AdamW([
    {"params": [parameter for name, parameter in named if not plain(name)], "weight_decay": settings["weightDecay"]},
    {"params": [parameter for name, parameter in named if plain(name)], "weight_decay": 0.0},
], lr=settings["learningRate"])
schedule = get_linear_schedule_with_warmup(optimizer, settings["warmupSteps"], settings["steps"])

losses, worst = [], 0.0
for step, ours in enumerate(log):
    groups = pool[step % len(pool)]
    optimizer.zero_grad()
    queries = embed([group["query"] for group in groups])
    keys = embed([key for group in groups for key in group["keys"]])
    scores = queries @ keys.T / settings["temperature"]
    loss = F.cross_entropy(scores, torch.arange(len(groups)) * settings["groupSize"])
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clip"]).item()
    optimizer.step()
    schedule.step()
    losses.append(loss.item())
    worst = max(worst, abs(loss.item() - ours["loss"]))
    print(f"{step + 1:2}  PyTorch {loss.item():.6f}  ours {ours['loss']:.6f}  gradients {norm:.4f} {ours['norm']:.4f}")

first, last = sum(losses[:4]) / 4, sum(losses[-4:]) / 4
print(f"largest difference {worst:.2e}; the loss falls from {first:.4f} to {last:.4f} ({1 - last / first:.0%})")
sys.exit(0 if worst < 1e-3 and last < 0.7 * first else 1)
