"""How GPT-2's tokenizer cuts texts: byte-pairs.json, from the Rust library of Hugging Face.

    pip install tokenizers==0.23.3
    python test/golden/make_byte_pairs.py ../shared/models/gpt2_bpe > test/golden/byte-pairs.json

`tokens` counts those of the whole text, `own` those that end behind the prompt.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

CASES = [
    ("Question: who is it?\n\nAnswer:", " Paris"),
    ("Question: who is it?\n\nAnswer:", "Paris"),
    ("Question: who is it?\n\nAnswer: ", "Paris"),
    ("The answ", "er is 42."),
    ("It was na", "\u00efve of 10,000 people"),
    ("\n\nKnowledge:\n", "\n  x = 1\n\treturn x"),
    ("He said \"don't", "\" and they've"),
    ("\u6771\u4eac is", " \u6771\u4eac \U0001f98a!"),
]

tokenizer = Tokenizer.from_file(str(Path(sys.argv[1]) / "tokenizer.json"))
cases = []
for prompt, continuation in CASES:
    whole = tokenizer.encode(prompt + continuation)
    own = sum(end > len(prompt) for _, end in whole.offsets)
    cases.append({"prompt": prompt, "continuation": continuation, "tokens": len(whole.ids), "own": own})
print(json.dumps(cases, indent=2))
