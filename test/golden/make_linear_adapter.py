"""A linear adapter and its gradient by torch.autograd in float64: python make_linear_adapter.py > linear-adapter.json

y = normalize(q + q Wᵀ + b), and without normalize; the loss is sum(cotangent * y).
"""

import json

import torch

ROWS, WIDTH = 5, 7


def run(given, normalize):
    weight, bias = (given[name].double().requires_grad_() for name in ("weight", "bias"))
    q = given["q"].double()
    y = q + q @ weight.T + bias
    if normalize:
        y = torch.nn.functional.normalize(y, dim=-1)
    (given["cotangent"].double() * y).sum().backward()
    results = {"y": y.detach(), "weight": weight.grad, "bias": bias.grad}
    return {name: tensor.flatten().tolist() for name, tensor in results.items()}


def main():
    generator = torch.Generator().manual_seed(11)
    shapes = {"weight": (WIDTH, WIDTH), "bias": (WIDTH,), "q": (ROWS, WIDTH), "cotangent": (ROWS, WIDTH)}
    given = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    given["q"] = torch.nn.functional.normalize(given["q"], dim=-1)
    given["weight"], given["bias"] = 0.3 * given["weight"], 0.1 * given["bias"]
    cases = {name: run(given, name == "normalized") for name in ("normalized", "plain")}
    numbers = {name: tensor.flatten().tolist() for name, tensor in given.items()}
    print(json.dumps({"rows": ROWS, "width": WIDTH, "given": numbers, **cases}))


main()
