"""Lists of texts as Python prints them, and JSON as `json.dumps` prints it, for test/dataset/python-text.test.ts.

    python test/golden/make_python_text.py > test/golden/python-text.json

`lists` holds what `repr` and hand-written literals say with the texts that `ast.literal_eval` reads there; `objects` holds JSON as
others write it (compact, spread over lines, not escaped) with what `json.dumps` prints for each field.
"""

import ast
import json
import random

random.seed(5)
alphabet = ["a", "b", " ", "'", '"', "\\", "\n", "\t", "\r", "\x00", "\x07", "\x7f", "\xa0", "é", "中", "👋", "[", "]", ",", "u", "x", "0"]


def text():
    return "".join(random.choice(alphabet) for _ in range(random.randint(0, 9)))


literals = [
    "[]",
    " [ ] ",
    "['a',]",
    "[ 'a' ,\n \"b\" ]",
    r"""['\x41\u00e9\U0001f44b\101\7', 'back\\slash', "it\'s", '\a\b\f\v']""",
    r"""['\q stays', '\X41', '\
joined']""",
]
literals += [repr([text() for _ in range(random.randint(0, 4))]) for _ in range(60)]


def value(depth):
    kind = random.randint(0, 8 if depth > 0 else 5)
    if kind < 2:
        return text()
    if kind == 2:
        return random.choice([0, -7, 10**20, 1.0, 0.1, 1e300, -2.5e-9])
    if kind < 6:
        return random.choice([True, False, None])
    if kind == 6:
        return [value(depth - 1) for _ in range(random.randint(0, 3))]
    return {text(): value(depth - 1) for _ in range(random.randint(0, 3))}


objects = []
for number in range(60):
    made = {f"{text()}{at}": value(3) for at in range(random.randint(0, 4))}
    style = number % 3
    written = json.dumps(
        made,
        ensure_ascii=style == 0,
        indent=2 if style == 1 else None,
        separators=(",", ":") if style == 2 else None,
    )
    objects.append({"json": written, "fields": [[name, json.dumps(own)] for name, own in made.items()]})

lists = [{"list": one, "texts": ast.literal_eval(one.strip())} for one in literals]
print(json.dumps({"lists": lists, "objects": objects}))
