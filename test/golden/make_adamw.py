"""Steps of torch.optim.AdamW, with and without decay, clipping and groups: python make_adamw.py > adamw.json

Initial parameters and gradients are float32. Each case runs twice: in float64, which shows what the formula gives, and
in float32, which shows how far PyTorch's own roundings lead away from it.
"""

import json

import torch

SHAPES = {"dense.weight": [5, 7], "dense.bias": [7], "LayerNorm.weight": [3]}
CASES = [
    {"name": "defaults", "rates": [1e-3] * 8, "gradient": 1.0},
    {"name": "a schedule", "rates": [1e-2, 2e-2, 0.0, 5e-3, 1e-3], "decay": 0.3, "gradient": 1.0},
    {"name": "clipped", "rates": [3e-3] * 6, "clip": 1.0, "gradient": 4.0},
    {"name": "within the clip", "rates": [3e-3] * 3, "clip": 100.0, "gradient": 1.0},
    {"name": "other betas", "rates": [1e-3] * 6, "betas": [0.8, 0.95], "eps": 1e-3, "gradient": 1e-3},
    {"name": "a slow bias", "rates": [1e-2] * 5, "decay": 0.1, "scale": {"dense.bias": 0.25}, "gradient": 1.0},
    {"name": "tiny gradients", "rates": [2e-5] * 5, "clip": 1.0, "gradient": 1e-9},
]


def run(case, start, gradients, dtype):
    parameters = {name: torch.nn.Parameter(value.to(dtype, copy=True)) for name, value in start.items()}
    scale = case.get("scale", {})
    decay = case.get("decay", 0.01)
    groups = [
        {"params": [parameter], "weight_decay": decay if name == "dense.weight" else 0.0}
        for name, parameter in parameters.items()
    ]
    options = {"betas": tuple(case.get("betas", (0.9, 0.999))), "eps": case.get("eps", 1e-8)}
    optimizer = torch.optim.AdamW(groups, foreach=False, **options)
    norms, steps = [], []
    for rate, gradient in zip(case["rates"], gradients, strict=True):
        for group, name in zip(optimizer.param_groups, parameters, strict=True):
            group["lr"] = rate * scale.get(name, 1.0)
            parameters[name].grad = gradient[name].to(dtype, copy=True)
        limit = case.get("clip", float("inf"))
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), limit).item())
        optimizer.step()
        steps.append({name: numbers(parameter) for name, parameter in parameters.items()})
    states = [optimizer.state[parameter] for parameter in parameters.values()]
    moments = {
        name: {key: numbers(state[key]) for key in ("exp_avg", "exp_avg_sq")}
        for name, state in zip(parameters, states, strict=True)
    }
    return {"norms": norms, "steps": steps, "moments": moments}


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def main():
    generator = torch.Generator().manual_seed(7)
    random = lambda scale: {  # noqa: E731
        name: scale * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()
    }
    cases = []
    for case in CASES:
        start, gradients = random(1.0), [random(case["gradient"]) for _ in case["rates"]]
        exact = run(case, start, gradients, torch.float64)
        rounded = run(case, start, gradients, torch.float32)
        given = {
            "start": {name: numbers(value) for name, value in start.items()},
            "gradients": [{name: numbers(value) for name, value in each.items()} for each in gradients],
        }
        cases.append({**case, **given, "exact": exact, "rounded": {"last": rounded["steps"][-1]}})
    print(json.dumps({"shapes": SHAPES, "cases": cases}))


main()
