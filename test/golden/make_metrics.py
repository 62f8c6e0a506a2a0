"""Writes metrics.json: runs and judgements with trec_eval's own answers.

    pip install pytrec-eval-terrier numpy && python test/golden/make_metrics.py

Ties, graded, zero and negative judgements, unjudged documents, more relevant than k, fewer found than k, scores that
tie only as 32-bit floats, ids outside the basic plane, and queries that the run lacks. pytrec_eval leaves out a query
that the run lacks; it is given an empty ranking's zeros here, as `trec_eval -c` does. MRR@k is trec_eval's recip_rank
over the first k of its own order.
"""

import json
import pathlib

import numpy
import pytrec_eval

CUTS = [1, 3, 5, 10, 100]
MEASURES = {
    "nDCG": ("ndcg_cut", CUTS),
    "Recall": ("recall", CUTS),
    "Precision": ("P", CUTS),
    "Success": ("success", CUTS),
}


def random_case(generator, documents, queries, levels, ties):
    names = [f"d{index}" for index in range(documents)]
    qrels, run = {}, {}
    for query in range(queries):
        judged = generator.choice(names, size=min(documents, 25), replace=False)
        qrels[f"q{query}"] = {str(name): int(generator.choice(levels)) for name in judged}
        # Every query keeps gold: means are over those that have some.
        qrels[f"q{query}"][str(judged[0])] = max(levels)
        if query % 7 == 3:
            continue
        found = generator.choice(names, size=generator.integers(1, documents), replace=False)
        score = (lambda: float(generator.integers(0, 5))) if ties else (lambda: float(generator.random()))
        run[f"q{query}"] = {str(name): score() for name in found}
    return {"qrels": qrels, "run": run}


def hand_cases():
    return {
        "float ties": {
            "qrels": {"q": {"a": 1, "b": 2, "c": 1}},
            "run": {"q": {"a": 1.0, "b": 1.00000001, "c": 1.0000001, "x": 0.99999999}},
        },
        "ids beyond the basic plane": {
            "qrels": {"q": {"\U0001f600": 1}},
            "run": {"q": {"\U0001f600": 1.0, "\uffee": 1.0, "\u4e2d": 1.0, "d": 1.0}},
        },
        "prefix ids": {"qrels": {"q": {"d1": 1, "d10": 3}}, "run": {"q": {"d1": 2.0, "d10": 2.0, "d": 2.0}}},
        "negative scores": {"qrels": {"q": {"a": 1}}, "run": {"q": {"a": -1.5, "b": -1.25, "c": 0.0}}},
        "negative gain on top": {
            "qrels": {"q": {"a": -1, "b": 2, "c": 0, "e": -2}},
            "run": {"q": {"a": 5.0, "e": 4.0, "b": 3.0, "c": 2.0}},
        },
        "nothing relevant found": {"qrels": {"q": {"a": 1}}, "run": {"q": {"b": 1.0, "c": 0.5}}},
        "empty ranking": {"qrels": {"q": {"a": 1}, "p": {"b": 1}}, "run": {"q": {}, "p": {"b": 1.0}}},
    }


def answers(case):
    qrels = case["qrels"]
    wanted = {f"{name}.{','.join(map(str, cuts))}" for name, cuts in MEASURES.values()} | {"map"}
    found = pytrec_eval.RelevanceEvaluator(qrels, wanted).evaluate(case["run"])
    cut_runs = {k: first(case["run"], k) for k in CUTS}
    reciprocal = {
        k: pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(run) for k, run in cut_runs.items()
    }
    table = {}
    for query in qrels:
        row = found.get(query, {})
        values = {
            f"{ours}@{k}": row.get(f"{theirs}_{k}", 0.0) for ours, (theirs, cuts) in MEASURES.items() for k in cuts
        }
        values["MAP"] = row.get("map", 0.0)
        values |= {f"MRR@{k}": reciprocal[k].get(query, {}).get("recip_rank", 0.0) for k in CUTS}
        table[query] = values
    return table


def first(run, k):
    """The first k of each ranking in trec_eval's order: score as float32, then id, both falling."""
    order = lambda item: (numpy.float32(item[1]), item[0].encode())
    return {query: dict(sorted(found.items(), key=order, reverse=True)[:k]) for query, found in run.items()}


def main():
    generator = numpy.random.default_rng(20231011)
    cases = {
        "binary": random_case(generator, 40, 12, [0, 1], ties=False),
        "binary with ties": random_case(generator, 40, 12, [0, 1], ties=True),
        "graded with ties": random_case(generator, 150, 12, [0, 1, 2, 3], ties=True),
        "graded, zero and negative": random_case(generator, 40, 12, [-2, -1, 0, 1, 2, 3], ties=True),
        "more relevant than any k but 100": random_case(generator, 40, 6, [1, 2], ties=False),
        **hand_cases(),
    }
    for case in cases.values():
        case["expected"] = answers(case)
    text = json.dumps(cases, ensure_ascii=True, separators=(",", ":"))
    pathlib.Path(__file__).with_name("metrics.json").write_text(text + "\n")


main()
