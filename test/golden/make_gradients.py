"""Gradients of single operators by torch.autograd in float64, at operands that float32 holds exactly.

    python test/golden/make_gradients.py      # torch 2.15

Writes test/golden/gradients.json: a list of
  operator, attributes      as in src/graph/table.ts
  operands                  {dtype, shape, values}
  cotangent                 {shape, values}: the gradient of the loss by the result, of the result's shape
  gradients                 by each operand: its values in row-major order, or null for integers
"""

import json
from pathlib import Path

import torch

generator = torch.Generator().manual_seed(11)
rows = []


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=generator).double()


def positive(*shape: int) -> torch.Tensor:
    return (torch.rand(shape, generator=generator) * 3 + 0.25).float().double()


def whole(high: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, high, shape, generator=generator)


def values(tensor: torch.Tensor) -> list:
    return [int(v) if tensor.dtype == torch.int64 else float(f"{v:.9g}") for v in tensor.flatten().tolist()]


def add(operator: str, function, *operands: torch.Tensor, **attributes) -> None:
    floats = [operand.requires_grad_() for operand in operands if operand.dtype == torch.float64]
    result = function(*operands)
    cotangent = normal(*result.shape)
    found = dict(zip(map(id, floats), torch.autograd.grad(result, floats, cotangent)))
    rows.append({
        "operator": operator,
        "attributes": attributes,
        "operands": [
            {"dtype": "int64" if operand.dtype == torch.int64 else "float32", "shape": list(operand.shape),
             "values": values(operand.detach())}
            for operand in operands
        ],
        "cotangent": {"shape": list(result.shape), "values": values(cotangent)},
        "gradients": [values(found[id(operand)]) if id(operand) in found else None for operand in operands],
    })


def layer_norm(epsilon: float):
    return lambda x, weight, bias: torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, epsilon)


add("add", torch.add, normal(2, 3, 4), normal(3, 1))
add("sub", torch.sub, normal(4), normal(2, 1, 4))
add("mul", torch.mul, normal(2, 1, 3), normal(4, 1))
add("div", torch.div, normal(2, 3), positive(2, 1))
add("maximum", torch.maximum, normal(3, 4), normal(4))
add("maximum", torch.maximum, torch.tensor([1.0, 2, 3, -1]).double(), torch.tensor([1.0, 3, 3, -2]).double())
add("neg", torch.neg, normal(5))
add("exp", torch.exp, normal(2, 3))
add("log", torch.log, positive(2, 3))
add("sqrt", torch.sqrt, positive(2, 3))
add("erf", torch.erf, normal(3, 4))
add("tanh", torch.tanh, normal(3, 4))
add("relu", torch.relu, torch.tensor([-2.0, 0, 1.5, -0.0, 1e-6, 3]).double())
add("gelu", torch.nn.functional.gelu, 2 * normal(4, 5), approximate="none")
add("gelu", lambda x: torch.nn.functional.gelu(x, approximate="tanh"), 2 * normal(4, 5), approximate="tanh")
add("gelu", torch.nn.functional.gelu, torch.tensor([-30.0, -6, 0, 6, 30]).double(), approximate="none")
add("gelu", lambda x: torch.nn.functional.gelu(x, approximate="tanh"), torch.tensor([-30.0, -6, 0, 6, 30]).double(),
    approximate="tanh")
add("cast", torch.clone, normal(2, 2), to="float32")

add("matmul", torch.matmul, normal(3, 4), normal(4, 2))
add("matmul", torch.matmul, normal(2, 3, 4), normal(4, 5))  # [B, T, K] x [K, N]
add("matmul", torch.matmul, normal(2, 2, 3, 4), normal(2, 2, 4, 3))  # [B, N, T, D] x [B, N, D, T]
add("matmul", torch.matmul, normal(2, 1, 3, 4), normal(3, 4, 2))  # batches that broadcast
add("matmul", torch.matmul, normal(3, 4), normal(2, 4, 2))
add("gather", lambda data, places: data[places], normal(5, 3), whole(5, 2, 4), axis=0)
add("gather", lambda data, places: data[:, places], normal(2, 5, 3), whole(5, 2, 3), axis=1)
add("gather", lambda data, place: data[..., place], normal(2, 3, 4), whole(4), axis=-1)
add("gatherElements", lambda data, places: data.gather(0, places), normal(3, 2), whole(3, 4, 2), axis=0)
add("gatherElements", lambda data, places: data.gather(1, places), normal(2, 4, 2), whole(4, 2, 3, 2), axis=1)
add("scatterAdd", lambda data, places, updates: data.scatter_add(0, places, updates), normal(3, 2), whole(3, 5, 2),
    normal(5, 2), axis=0)
add("scatterAdd", lambda data, places, updates: data.scatter_add(-1, places, updates), normal(2, 3), whole(3, 2, 4),
    normal(2, 4), axis=-1)

add("reshape", lambda x: x.reshape(3, 4), normal(2, 3, 2), shape=[3, 4])
add("transpose", lambda x: x.permute(1, 2, 0), normal(2, 3, 4), permutation=[1, 2, 0])
add("transpose", lambda x: x.permute(0, 2, 1, 3), normal(2, 3, 2, 2), permutation=[0, 2, 1, 3])
add("unsqueeze", lambda x: x.reshape(1, 3, 1, 2), normal(3, 2), axes=[0, -2])
add("squeeze", lambda x: x.reshape(3, 2), normal(1, 3, 1, 2), axes=[-2, 0])
add("concat", lambda a, b: torch.cat([a, b], 0), normal(2, 3), normal(1, 3), axis=0)
add("concat", lambda a, b: torch.cat([a, b], -1), normal(2, 3), normal(2, 2), axis=-1)

add("reduceSum", lambda x: x.sum([0, 2]), normal(2, 3, 4), axes=[0, -1], keep=False)
add("reduceMean", lambda x: x.mean([0, 2]), normal(2, 3, 4), axes=[0, 2], keep=False)
add("reduceMean", lambda x: x.mean([1, 2], keepdim=True), normal(2, 3, 4), axes=[-2, -1], keep=True)
add("reduceMax", lambda x: x.amax(1), normal(2, 5), axes=[1], keep=False)
add("reduceMax", lambda x: x.amax([0, 1], keepdim=True), torch.tensor([[1.0, 3, 2], [3, 0, 3]]).double(), axes=[0, 1],
    keep=True)
add("reduceMin", lambda x: x.amin(1), normal(2, 5), axes=[1], keep=False)
add("reduceMin", lambda x: x.amin([0, 1], keepdim=True), torch.tensor([[1.0, 3, 2], [3, 1, 3]]).double(), axes=[0, 1],
    keep=True)
add("cumulativeSum", lambda x: x.cumsum(1), normal(2, 5, 2), axis=1)
add("cumulativeSum", lambda x: x.cumsum(-1), normal(2, 5), axis=-1)
add("softmax", lambda x: x.softmax(-1), 2 * normal(2, 3, 5), axis=-1)
add("softmax", lambda x: x.softmax(1), 2 * normal(2, 5, 3), axis=1)
add("layerNorm", layer_norm(1e-5), normal(2, 3, 8), positive(8), normal(8), epsilon=1e-5)
add("layerNorm", layer_norm(1e-12), 3 + 2 * normal(4, 6), normal(6), normal(6), epsilon=1e-12)

text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
(Path(__file__).parent / "gradients.json").write_text(f"[\n{text}\n]\n")
