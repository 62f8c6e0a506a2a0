"""Opens a trained folder with sentence-transformers and FlagEmbedding and compares their vectors with ours.

    pip install sentence-transformers FlagEmbedding "transformers<5"      # FlagEmbedding 1.4 wants the 4th
    python runs/open-in-python.py MODEL [TASK, default qa]

Ours come from `node dist/cli/main.js encode`. Exits with 1 when a number differs by more than 1e-5, or when neither
package is installed; one that is missing is told.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy

MAIN = Path(__file__).parent.parent / "dist/cli/main.js"
TEXTS = [
    "who keeps the old lighthouse?", "a retriever finds knowledge, memory, examples and tools", "naïve café, s'il vous plaît",
    "日本語 and Привет", "one plus one is two; " * 3, "a",
]


def ours(model: str, task: str, side: str) -> numpy.ndarray:
    command = ["node", str(MAIN), "encode", "--model", model, "--task", task, "--side", side, "--quiet"]
    done = subprocess.run(command, input="\n".join(TEXTS) + "\n", capture_output=True, text=True, check=True)
    return numpy.array([json.loads(line)["embedding"] for line in done.stdout.splitlines()])


def instructed(model: str, task: str, side: str) -> list[str]:
    """Neither package reads retrieve.json, so that they are given the instruction with the text."""
    instructions = json.loads((Path(model) / "retrieve.json").read_text())["instructions"]
    return [instructions.get(task, {}).get(side, "") + text for text in TEXTS]


def sentence_transformers(model: str, settings: dict):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model, device="cpu").encode


def flag_embedding(model: str, settings: dict):
    from FlagEmbedding import FlagModel

    opened = FlagModel(model, use_fp16=False, devices="cpu", pooling_method=settings["pooling"],
                       normalize_embeddings=settings["normalize"])
    # It reads no maximum length from the folder: its own is 512 tokens.
    return lambda texts: opened.encode(texts, max_length=settings["maxTokens"]["document"])


def main(model: str, task: str = "qa") -> int:
    settings = json.loads((Path(model) / "retrieve.json").read_text())
    worst, opened = 0.0, 0
    for opener in (sentence_transformers, flag_embedding):
        try:
            encode = opener(model, settings)
        except ImportError as error:
            print(f"{opener.__name__}: not installed ({error})")
            continue
        opened += 1
        for side in ("query", "document"):
            theirs = numpy.asarray(encode(instructed(model, task, side)))
            difference = float(numpy.abs(theirs - ours(model, task, side)).max())
            worst = max(worst, difference)
            print(f"{opener.__name__}, {side}: {theirs.shape}, largest difference {difference:.1e}")
    return 0 if opened > 0 and worst <= 1e-5 else 1


sys.exit(main(*sys.argv[1:]))
