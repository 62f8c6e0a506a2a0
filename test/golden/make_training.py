"""What a batch does to a whole encoder: gradients of a contrastive loss by every parameter, and a loss curve.

    python test/golden/make_training.py      # torch 2.15, transformers 5.23

Encoder and loss are one computation here, differentiated by torch.autograd in float64. Texts are written as their token
ids; some stand in a batch twice, one is both a query and a key. Embeddings are of length 1. Writes
  MODEL/training.json          the groups of one batch: `task`, `query`, `keys`, the positive first
  MODEL/training.safetensors   loss/CASE and CASE/NAME, the gradient by the parameter NAME, for tiny-bert and tiny-roberta:
                               contrastive: temperature 0.05, all keys of the batch as candidates
                               mixed: the mean of the losses of the two halves of the batch, each with its own keys, and
                               queries of task b at temperature 0.2
  training-curve.json          batches and losses of 20 steps of tiny-bert: AdamW without decay of biases and norms, gradients
                               clipped to 1, the learning rate rising over 4 steps and then falling to 0
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F
from transformers import AutoModel, get_linear_schedule_with_warmup

HERE = Path(__file__).parent
TEMPERATURES = {"a": 0.05, "b": 0.2}
GROUP = 3
STEPS, WARMUP, RATE, DECAY = 20, 4, 2e-3, 0.01


def load(name: str):
    model = AutoModel.from_pretrained(HERE / name, attn_implementation="eager", dtype=torch.float64, add_pooling_layer=False)
    return model.eval()


def make_text(generator, shortest=3, longest=14) -> str:
    length = torch.randint(shortest, longest + 1, (1,), generator=generator).item()
    return " ".join(map(str, torch.randint(4, 120, (length,), generator=generator).tolist()))


def make_batch(generator, size=6) -> list[dict]:
    texts = iter([make_text(generator) for _ in range(size * (GROUP + 1))])
    return [{"task": "ab"[i % 2], "query": next(texts), "keys": [next(texts) for _ in range(GROUP)]} for i in range(size)]


def embed(model, texts: list[str], pooling: str) -> torch.Tensor:
    rows = [list(map(int, text.split())) for text in texts]
    width, pad = max(map(len, rows)), model.config.pad_token_id
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    kept = mask.unsqueeze(-1).double()
    return F.normalize(hidden[:, 0] if pooling == "cls" else (hidden * kept).sum(1) / kept.sum(1))


def loss_of(model, batch: list[dict], pooling: str, temperature=lambda group: TEMPERATURES["a"]) -> torch.Tensor:
    queries = embed(model, [group["query"] for group in batch], pooling)
    keys = embed(model, [key for group in batch for key in group["keys"]], pooling)
    divisors = torch.tensor([temperature(group) for group in batch], dtype=torch.float64).unsqueeze(1)
    return F.cross_entropy(queries @ keys.T / divisors, torch.arange(len(batch)) * GROUP)


def make_gradients(name: str, pooling: str, seed: int) -> None:
    model = load(name)
    batch = make_batch(torch.Generator().manual_seed(seed))
    batch[1]["keys"][2] = batch[0]["keys"][1]
    batch[3]["keys"][1] = batch[3]["query"]
    halves = batch[: len(batch) // 2], batch[len(batch) // 2 :]
    by_task = lambda group: TEMPERATURES[group["task"]]
    losses = {
        "contrastive": lambda: loss_of(model, batch, pooling),
        "mixed": lambda: sum(loss_of(model, half, pooling, by_task) for half in halves) / 2,
    }
    stored = {}
    for case, loss in losses.items():
        model.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        stored[f"loss/{case}"] = value.detach().float()
        for parameter_name, parameter in model.named_parameters():
            stored[f"{case}/{parameter_name}"] = parameter.grad.float().contiguous()
    (HERE / name / "training.json").write_text(json.dumps(batch, indent=1) + "\n")
    save_file(stored, HERE / name / "training.safetensors")
    print(name, {case: round(stored[f"loss/{case}"].item(), 4) for case in losses})


def make_curve() -> None:
    model = load("tiny-bert")
    generator = torch.Generator().manual_seed(7)
    pool = [make_batch(generator) for _ in range(2)]
    batches = [pool[step % len(pool)] for step in range(STEPS)]
    plain = lambda name: name.endswith(".bias") or "LayerNorm" in name
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW([
        {"params": [parameter for name, parameter in named if not plain(name)], "weight_decay": DECAY},
        {"params": [parameter for name, parameter in named if plain(name)], "weight_decay": 0.0},
    ], lr=RATE)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    losses, norms = [], []
    for batch in batches:
        optimizer.zero_grad()
        loss = loss_of(model, batch, "mean")
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    settings = {"learningRate": RATE, "weightDecay": DECAY, "warmupSteps": WARMUP, "clip": 1, "temperature": TEMPERATURES["a"]}
    written = {"settings": settings, "pool": pool, "losses": losses, "norms": norms}
    (HERE / "training-curve.json").write_text(json.dumps(written, indent=1) + "\n")
    print("curve", [round(loss, 3) for loss in losses], [round(norm, 2) for norm in norms])


make_gradients("tiny-bert", "mean", 11)
make_gradients("tiny-roberta", "cls", 12)
make_curve()
