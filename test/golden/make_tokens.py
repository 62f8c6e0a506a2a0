"""Golden token ids by Hugging Face `tokenizers` (Rust) for texts that break tokenizers.

    python test/golden/make_tokens.py BERT_WORDPIECE_FOLDER

Writes test/golden/tokens.json: {texts: [...], ids: {tokenizer: [[id, ...] per text]}}, special tokens included.
The real BERT tokenizer is not in the repository; the tiny ones are.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

here = Path(__file__).parent

texts = [
    "",
    " ",
    " \t\r\n ",
    "Hello, world!",
    "The quick brown fox jumps over the lazy dog.",
    "  leading, trailing and   repeated   spaces  ",
    "line one\nline two\r\n\tline three",
    "naïve café résumé Ångström İstanbul straße ﬁne ①②",
    "nai\u0308ve cafe\u0301 \u0301alone",
    "我喜欢机器学习,还有自然语言处理。",
    "東京タワーは高い。カタカナ ひらがな",
    "한국어 문장을 토큰화합니다",
    "Привет, как дела? Δοκιμή ΟΔΟΣ οδός",
    "مرحبا بالعالم שלום עולם हिन्दी भाषा ภาษาไทย",
    "emoji 😀 👨‍👩‍👧‍👦 🇩🇪 👍🏽 ok",
    "rare han 𠀀𠀁 and 𝒳 math 𝔘𝔫𝔦",
    "control \u0000 \u0001 \u000b \u000c \u001f \u007f \u0085 \u00a0 \u00ad \u200b \u200d \u2028 \u3000 \ufeff \ufffd end",
    "in\u000bside con\u0001trol zero\u200bwidth bom\ufeffmark nb\u00a0space soft\u00adhyphen",
    "unassigned \u0378 private \ue000 noncharacter \uffff",
    "[CLS] special [SEP] tokens [MASK] [UNK] [PAD] <s> </s> <mask> <unk> <pad>",
    "a[MASK]b [mask] <s>x</s>",
    "https://example.org/a/b?c=d&e=%20f#g user@example.org C:\\path\\file.txt",
    "{\"json\": [1, 2.5, -3e10], 'it''s': \"don't\", `code_block`: $x^2 + y_1 <= 10%}",
    "3.14159 1,000,000 0xFF 2023-11-23T19:04:00Z",
    "“curly” ‘quotes’ – en — em … ellipsis • bullet ™ © ½ ² ﷺ",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "x" * 99,
    "x" * 100,
    "x" * 101,
    "word" * 40 + " end",
    "ZA̡͊͠͝LGO text i̇s H̵̛͕̞̦̰̜͍̰̥̟͆̏͂̌͑ͅä̷͔̟͓̬̯̟͍̭͉͈̮͙̣̯̬͚̞̭̍̀̾͠m̴̡̧̛̝̯̹̗̹̤̲̺̟̥̈̏͊̔̑̍͆̌̀̚͝͝b̴̢̢̫̝̠̗̼̬̻̮̺̭͔̘͑̆̎̚",
    ("The history of the city reaches back to 1237; " * 230)[:10_000],
    "漢字" * 500,
]

tokenizers = {name: here / name for name in ("tiny-bert", "tiny-roberta", "tiny-xlmr")}
tokenizers["bert_wordpiece"] = Path(sys.argv[1])

ids = {}
for name, folder in tokenizers.items():
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids[name] = [tokenizer.encode(text).ids for text in texts]

(here / "tokens.json").write_text(json.dumps({"texts": texts, "ids": ids}, separators=(",", ":")) + "\n")
