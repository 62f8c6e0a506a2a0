"""Exact match and F1 of SQuAD's evaluation script, as transformers 4.46.3 ships it: python make_answer_match.py > answer-match.json"""

import json

from transformers.data.metrics.squad_metrics import compute_exact, compute_f1, normalize_answer

PAIRS = [
    ("Paris", "Paris"),
    ("the Paris.", "paris"),
    ("Paris, France", "Paris"),
    ("The cat and the dog", "A dog and a cat"),
    ("dog dog dog", "dog dog cat"),
    ("dog", "dog dog"),
    ("", ""),
    ("", "a"),
    ("the", "an"),
    ("", "dog"),
    ("dog", ""),
    ("co-operate", "cooperate"),
    ("U.S.A.", "USA"),
    ("aña the año", "ña o"),
    ("an1 a_b 'a'", "a1"),
    ("  tabs\tand\nlines\u00a0and spaces ", "tabs and lines and spaces"),
    ("„Zürich“ – die Stadt", "zürich"),
    ("東京 です", "東京"),
    ("1,100 km", "1100 km"),
    ("theatre a-theatre", "theatre"),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
    ("$5 + 5% = `x` ~ {y} [z] ^ | \\ < > @", "5 5 x y z"),
]

print(
    json.dumps(
        [
            {
                "text": text,
                "answer": answer,
                "normal": normalize_answer(text),
                "exact": compute_exact(answer, text),
                "f1": float(compute_f1(answer, text)),
            }
            for text, answer in PAIRS
        ],
        indent=1,
        ensure_ascii=False,
    )
)
