"""BM25 scores by the textbook sum over a small corpus: python3 make_bm25.py > bm25.json

Robertson and Zaragoza (2009) with the idf of Lucene, ln(1 + (N - df + 0.5) / (df + 0.5)), and tf / (tf + k1 (1 - b + b
|d| / avg|d|)) without the constant factor k1 + 1. A query term counts once.
"""

import json
import math
import re

corpus = {
    "a": "The cat sat on the mat. The cat purred.",
    "b": "A dog chased the cat across the garden, past the shed and over the wall, barking all the while.",
    "c": "Gardens need water, light and patience",
    "d": "Cat cat cat cat cat",
    "e": "the the the the",
    "f": "Water the garden in the evening; water it again at dawn when the summer is dry and the soil is light.",
    "g": "light",
}
queries = ["the cat", "water water garden", "light in the garden shed", "unicorn", "unicorn light", "dog barking at dawn"]
settings = [{"k1": 0.9, "b": 0.4}, {"k1": 1.2, "b": 0.75}, {"k1": 2.0, "b": 0.0}]


def terms(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def score(query, document, k1, b):
    average = sum(len(terms(text)) for text in corpus.values()) / len(corpus)
    total = 0.0
    for term in set(terms(query)):
        df = sum(term in terms(text) for text in corpus.values())
        idf = math.log(1 + (len(corpus) - df + 0.5) / (df + 0.5))
        tf = terms(document).count(term)
        total += idf * tf / (tf + k1 * (1 - b + b * len(terms(document)) / average))
    return total


cases = []
for setting in settings:
    for query in queries:
        scores = {name: score(query, text, **setting) for name, text in corpus.items()}
        ranked = sorted((name for name in scores if scores[name] > 0), key=lambda name: (-scores[name], name))
        cases.append({**setting, "query": query, "hits": [[name, scores[name]] for name in ranked]})
print(json.dumps({"corpus": corpus, "cases": cases}, indent=1))
