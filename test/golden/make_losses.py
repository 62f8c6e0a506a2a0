"""Writes losses.json: random batches with the values and gradients that PyTorch gives.

    pip install torch && python test/golden/make_losses.py

Each loss is written here as its definition reads: masks, a cross entropy for each rank, KL divergence by torch's own
function, autograd in float64. Inputs are float32 numbers, so that both sides start from the same ones.
"""

import json
import pathlib

import torch
from torch.nn import functional as F

OUT = torch.finfo(torch.float64).min


def case(generator, groups, dimensions, *, foreign=0, ignored=False, unit=True, rewards=1.0):
    count = sum(groups) + foreign
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    queries, keys = draw(len(groups), dimensions), draw(count, dimensions)
    if unit:
        queries, keys = F.normalize(queries, dim=1), F.normalize(keys, dim=1)
    decimals = lambda tensor: tensor.mul(1e4).round().div(1e4).tolist()
    # Rewards of one decimal, so that some are equal.
    teacher = (draw(count).mul(10).round() / 10 * rewards).tolist()
    starts = torch.tensor([0, *groups]).cumsum(0).tolist()
    batch = {
        "queries": decimals(queries),
        "keys": decimals(keys),
        "starts": starts,
        "teacher": [round(value, 4) for value in teacher],
    }
    if ignored:  # own keys too: they must stay
        batch["ignored"] = (torch.rand(len(groups), count, generator=generator) < 0.3).int().flatten().tolist()
    return batch


class Batch:
    def __init__(self, batch):
        f32 = lambda values: torch.tensor(values, dtype=torch.float32).double()
        self.queries = f32(batch["queries"]).requires_grad_()
        self.keys = f32(batch["keys"]).requires_grad_()
        self.teacher = f32(batch["teacher"])
        self.starts = batch["starts"]
        shape = (len(batch["queries"]), len(batch["keys"]))
        self.own = torch.zeros(shape, dtype=torch.bool)
        for query, (start, end) in enumerate(zip(self.starts, self.starts[1:])):
            self.own[query, start:end] = True
        ignored = torch.tensor(batch.get("ignored", [0] * self.own.numel()), dtype=torch.bool).view(shape)
        self.seen = self.own | ~ignored

    def groups(self):
        return enumerate(zip(self.starts, self.starts[1:]))


def scores(queries, keys, temperature):
    return queries @ keys.T / temperature


def contrastive(batch, queries, keys, temperature, inBatch=True):
    seen = batch.seen if inBatch else batch.own
    masked = scores(queries, keys, temperature).masked_fill(~seen, OUT)
    return F.cross_entropy(masked, torch.tensor(batch.starts[:-1]))


def distillation(batch, queries, keys, temperature, teacherTemperature, studentTemperature):
    all_scores = scores(queries, keys, temperature)
    total = 0
    for query, (start, end) in batch.groups():
        student = F.log_softmax(all_scores[query, start:end] / studentTemperature, dim=0)
        teacher = F.softmax(batch.teacher[start:end] / teacherTemperature, dim=0)
        total = total + F.kl_div(student, teacher, reduction="sum")
    return total / len(queries)


def stabilised(batch, queries, keys, temperature, alpha, order, inBatch=True):
    all_scores = scores(queries, keys, temperature)
    total = 0
    for query, (start, end) in batch.groups():
        reward = batch.teacher[start:end]
        weight = F.softmax(reward / alpha, dim=0)
        fixed = [0] if order == "reference" else []
        rest = sorted(range(len(fixed), end - start), key=lambda own: -reward[own].item())
        out = ~(batch.seen if inBatch else batch.own)[query]
        for own in fixed + rest:
            row = all_scores[query].masked_fill(out, OUT)
            total = total + weight[own] * F.cross_entropy(row[None], torch.tensor([start + own]))
            out = out.clone()
            out[start + own] = True
    return total / len(queries)


def marginMse(batch, queries, keys, temperature):
    all_scores = scores(queries, keys, temperature)
    total = 0
    for query, (start, end) in batch.groups():
        if end - start > 1:
            student = all_scores[query, start] - all_scores[query, start + 1 : end]
            teacher = batch.teacher[start] - batch.teacher[start + 1 : end]
            total = total + F.mse_loss(student, teacher)
    return total / len(queries) + 0 * all_scores.sum()


def weighted(batch, queries, keys, parts):
    return sum(part["weight"] * evaluate(batch, queries, keys, part["loss"]) for part in parts)


def matryoshka(batch, queries, keys, loss, parts):
    shorten = lambda rows, dimensions: F.normalize(rows[:, :dimensions], dim=1)
    return sum(
        part["weight"]
        * evaluate(batch, shorten(queries, part["dimensions"]), shorten(keys, part["dimensions"]), loss)
        for part in parts
    )


def evaluate(batch, queries, keys, loss):
    return globals()[loss["name"]](batch, queries, keys, **loss["options"])


def losses(temperature):
    named = lambda name, **options: {"name": name, "options": options}
    graded = lambda **options: named("stabilised", temperature=temperature, **options)
    kl = lambda teacher, student: named(
        "distillation", temperature=temperature, teacherTemperature=teacher, studentTemperature=student
    )
    info = named("contrastive", temperature=temperature)
    return [
        info,
        named("contrastive", temperature=temperature, inBatch=False),
        kl(0.1, 1),
        kl(2, 0.5),
        graded(alpha=1, order="reward"),
        graded(alpha=0.1, order="reference"),
        graded(alpha=2, order="reward", inBatch=False),
        named("marginMse", temperature=temperature),
        named("weighted", parts=[{"loss": info, "weight": 0.2}, {"loss": kl(1, 1), "weight": 1}]),
        named(
            "matryoshka",
            loss=graded(alpha=1, order="reward"),
            parts=[{"dimensions": 2, "weight": 1}, {"dimensions": 4, "weight": 0.5}],
        ),
    ]


def answers(batch, temperature):
    table = []
    for loss in losses(temperature):
        tensors = Batch(batch)
        value = evaluate(tensors, tensors.queries, tensors.keys, loss)
        gradients = torch.autograd.grad(value, [tensors.queries, tensors.keys])
        flat = [[float(f"{number:.8g}") for number in gradient.flatten().tolist()] for gradient in gradients]
        table.append({"loss": loss, "value": value.item(), "queryGradient": flat[0], "keyGradient": flat[1]})
    return table


def main():
    generator = torch.Generator().manual_seed(20231011)
    cases = {
        "groups of 3, temperature 1": (1.0, case(generator, [3, 3], 4, unit=False)),
        "single keys": (0.05, case(generator, [1, 1, 1, 1, 1], 5)),
        "groups of 8, ignored": (0.05, case(generator, [8, 8, 8], 6, ignored=True)),
        "sizes 1, 3, 8, 2, others' keys, ignored": (0.1, case(generator, [1, 3, 8, 2], 6, foreign=4, ignored=True)),
        "one query": (0.02, case(generator, [8], 5)),
        "temperature 0.01, large rewards": (0.01, case(generator, [3, 8], 6, foreign=2, rewards=1000.0)),
    }
    written = {
        name: {"batch": batch, "losses": answers(batch, temperature)} for name, (temperature, batch) in cases.items()
    }
    text = json.dumps(written, separators=(",", ":"))
    pathlib.Path(__file__).with_name("losses.json").write_text(text + "\n")


main()
