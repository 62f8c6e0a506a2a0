"""Gradients of whole encoders by every parameter, by torch.autograd in float64.

    python test/golden/make_encoder_gradients.py [FOLDER_OF_ALL_MINILM_L6_V2]   # torch 2.15, transformers 5.23

The loss is sum(cotangent * embedding), where embeddings are pooled and of length 1. Writes for tiny-bert, tiny-roberta
and tiny-xlmr, whose weights make_tiny_models.py makes:
  MODEL/gradients.safetensors     input_ids, attention_mask int64 [B, T], padding on the right; cotangent [B, H];
                                  mean/NAME, cls/NAME: the gradient by the parameter NAME, by pooling
  tiny-bert/dropout.safetensors   the same inputs, with mean pooling and the masks of dropout, 0 or 1 / (1 - p):
                                  dropout.embeddings [B, T, H], dropout.LAYER.attention [B, N, T, T],
                                  dropout.LAYER.attention.output and dropout.LAYER.output [B, T, H]
and with the folder of all-MiniLM-L6-v2
  minilm-gradients.json           input_ids, attention_mask, cotangent, and for each parameter the norm and the sum of
                                  its gradient and its values at 16 flat positions, for mean pooling
"""

import json
import sys
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModel

HERE = Path(__file__).parent
LENGTHS = [9, 5, 12, 3]
DROPPED = 0.25


def load(folder: Path):
    return AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float64, add_pooling_layer=False)


def pooled(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    if pooling == "cls":
        return hidden[:, 0]
    kept = mask.unsqueeze(-1).double()
    return (hidden * kept).sum(1) / kept.sum(1)


def gradients(model, batch: dict, pooling: str) -> dict:
    model.zero_grad(set_to_none=True)
    ids, mask = batch["input_ids"], batch["attention_mask"]
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    embedding = torch.nn.functional.normalize(pooled(hidden, mask, pooling))
    (batch["cotangent"].double() * embedding).sum().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def make_batch(config, generator: torch.Generator) -> dict:
    """Random ids, special ones and repeated ones among them."""
    width = max(LENGTHS)
    ids = torch.randint(3, 40, (len(LENGTHS), width), generator=generator)
    mask = torch.tensor([[1] * length + [0] * (width - length) for length in LENGTHS])
    cotangent = torch.randn(len(LENGTHS), config.hidden_size, generator=generator)
    ids = torch.where(mask == 1, ids, torch.tensor(config.pad_token_id))
    return {"input_ids": ids, "attention_mask": mask, "cotangent": cotangent}


def make_masks(config, generator: torch.Generator) -> dict:
    """In the order in which the model drops out."""
    batch, width = len(LENGTHS), max(LENGTHS)
    tokens, pairs = (batch, width, config.hidden_size), (batch, config.num_attention_heads, width, width)
    sites = [("embeddings", tokens)]
    for layer in range(config.num_hidden_layers):
        sites += [(f"{layer}.attention", pairs), (f"{layer}.attention.output", tokens), (f"{layer}.output", tokens)]
    keep = lambda shape: (torch.rand(shape, generator=generator) >= DROPPED).float() / (1 - DROPPED)
    return {f"dropout.{site}": keep(shape) for site, shape in sites}


@contextmanager
def dropping(model, masks: dict):
    """Training mode, in which each dropout multiplies by the next mask."""
    original, pending = torch.nn.functional.dropout, list(masks.values())

    def dropout(x, *_, **__):
        mask = pending.pop(0)
        assert mask.shape == x.shape, (mask.shape, x.shape)
        return x * mask

    torch.nn.functional.dropout = dropout
    model.train()
    yield
    torch.nn.functional.dropout = original
    model.eval()
    assert not pending


def named(prefix: str, found: dict) -> dict:
    return {f"{prefix}/{name}": gradient.float().contiguous() for name, gradient in found.items()}


def make_tiny(name: str, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    model = load(HERE / name).eval()
    batch = make_batch(model.config, generator)
    means, firsts = (named(pooling, gradients(model, batch, pooling)) for pooling in ("mean", "cls"))
    save_file({**batch, **means, **firsts}, HERE / name / "gradients.safetensors")
    if name == "tiny-bert":
        masks = make_masks(model.config, generator)
        with dropping(model, masks):
            dropped = gradients(model, batch, "mean")
        save_file({**batch, **masks, **named("mean", dropped)}, HERE / name / "dropout.safetensors")


def sample(gradient: torch.Tensor, generator: torch.Generator) -> dict:
    """16 positions among those that are not 0: most rows of a table are looked up by no token."""
    flat = gradient.flatten()
    touched = flat.nonzero().flatten()
    at = touched[torch.randint(0, len(touched), (16,), generator=generator)].tolist()
    digits = lambda value: float(f"{value:.9g}")
    return {"norm": digits(flat.norm().item()), "sum": digits(flat.sum().item()), "at": at,
            "values": [digits(flat[i].item()) for i in at]}


def make_minilm(folder: Path) -> None:
    generator = torch.Generator().manual_seed(5)
    model = load(folder).eval()
    texts = json.loads((HERE / "minilm.json").read_text())
    rows = [texts[i]["ids"] for i in (0, 1, 5, 7)]
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    cotangent = torch.randn(len(rows), model.config.hidden_size, generator=generator)
    found = gradients(model, {"input_ids": ids, "attention_mask": mask, "cotangent": cotangent}, "mean")
    written = {
        "input_ids": ids.tolist(),
        "attention_mask": mask.tolist(),
        "cotangent": [[float(f"{v:.9g}") for v in row] for row in cotangent.tolist()],
        "gradients": {name: sample(gradient, generator) for name, gradient in found.items()},
    }
    (HERE / "minilm-gradients.json").write_text(json.dumps(written, separators=(",", ":")) + "\n")


for seed, name in enumerate(["tiny-bert", "tiny-roberta", "tiny-xlmr"]):
    make_tiny(name, seed)
if len(sys.argv) > 1:
    make_minilm(Path(sys.argv[1]))
