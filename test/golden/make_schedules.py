"""Writes schedules.json: learning-rate factors at each step of short runs, from `transformers` itself.

    pip install torch transformers && python test/golden/make_schedules.py
"""

import json
import pathlib

import torch
from transformers import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

MAKERS = {
    "constant": lambda optimizer, warmup, steps: get_constant_schedule_with_warmup(optimizer, warmup),
    "linear": get_linear_schedule_with_warmup,
    "cosine": get_cosine_schedule_with_warmup,
}


def factors(schedule, warmup, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = MAKERS[schedule](optimizer, warmup, steps)
    (factor,) = scheduler.lr_lambdas
    return [factor(step) for step in range(steps)]


def main():
    runs = [
        {"schedule": schedule, "warmupSteps": warmup, "steps": steps, "factors": factors(schedule, warmup, steps)}
        for schedule in MAKERS
        for warmup, steps in [(0, 10), (3, 10), (10, 10), (1, 1), (40, 200)]
    ]
    text = json.dumps(runs, separators=(",", ":"))
    pathlib.Path(__file__).with_name("schedules.json").write_text(text + "\n")


main()
