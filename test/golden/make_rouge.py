"""ROUGE-L of the packages `rouge` and `rouge-score` for test/eval/rouge.test.ts.

    pip install rouge==1.0.1 rouge-score==0.1.2 && python test/golden/make_rouge.py > test/golden/rouge.json

An empty text is given a line break, as LLM-Embedder's evaluation does, because `rouge` refuses it otherwise.
"""

import json
import random

from rouge import Rouge
from rouge_score import rouge_scorer

pairs = [
    ("", "the cat sat"),
    ("the cat sat", "the cat sat"),
    ("cat", "dog"),
    ("The cat sat on the mat.", "the cat sat on the mat"),
    ("the cat. sat on. the mat", "the mat. the cat sat"),
    ("a a a b", "a b b a"),
    ("to be or not to be", "to be is to do. to do is to be"),
    ("naïve café über", "cafe naïve"),
    ("price is 3.14 euro", "price is 3.14"),
    ("...", "a. b."),
    ("a...b", "a . . . b"),
    ("  many   spaces\there ", "many spaces here"),
    ("don't stop", "do not stop"),
    ("中文 文本", "中文 文本 好"),
    ("x. x. x.", "x"),
    ("one two three four", "four three two one"),
    ("find . -name '*.class' -print0 | xargs -0", "find . -type f -name '*.class' | xargs"),
    ("UPPER lower", "upper LOWER"),
    ("a b c d e f g", "a x b y c z d"),
    ("", ""),
    ("the cat sat", ""),
    ("\n", "."),
    ("cat", "cat"),
    ("Cat.", "cat"),
    ("cat dog", "cat"),
    ("the the the the", "the"),
    ("A dog ran. A cat ran. A bird ran.", "A bird ran. A dog ran."),
    ("it ended. ", "it ended."),
    ("first line\nsecond line", "first line second line"),
    ("no\u00a0break thin\u2009space next\u0085line", "no break thin space next line"),
    ("unit\x1fseparated\x1ctext", "unit separated text"),
    ("\ufeffmark at the start", "mark at the start"),
    ("😀 smile 😀", "😀 smile"),
    ("İstanbul ſo \u212a", "istanbul so k"),
    ("snake_case co-operate e.g. U.S.A", "snake case co operate eg USA"),
    ("the quick brown fox jumps over the lazy dog", "the lazy dog sleeps. the quick fox runs over"),
]
generator = random.Random(5)
words = ["a", "b", "c", "d", "the", "The", "of.", "of", "x,", "."]
for _ in range(40):
    pairs.append(tuple(" ".join(generator.choices(words, k=generator.randint(1, 14))) for _ in range(2)))

google = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
filled = lambda text: text + "\n" if text.strip(" .") == "" else text
cases = []
for written, wanted in pairs:
    try:
        first = Rouge(metrics=["rouge-l"]).get_scores(filled(written), filled(wanted))[0]["rouge-l"]["f"]
    except ValueError:
        first = None
    cases.append({
        "written": written,
        "wanted": wanted,
        "rouge": first,
        "rouge_score": google.score(wanted, written)["rougeL"].fmeasure,
    })
print(json.dumps({"cases": cases}, ensure_ascii=False))
