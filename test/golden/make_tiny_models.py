"""Makes tiny-bert, tiny-roberta and tiny-xlmr: complete Hugging Face model folders with random weights and the values
that transformers and sentence-transformers compute from them.

    python test/golden/make_tiny_models.py      # torch 2.15, transformers 5.23, tokenizers 0.23, sentence-transformers 6.2

Each folder holds config.json, model.safetensors, tokenizer.json, the sentence-transformers files, and
  expected.json          texts and their token ids (special tokens included, cut to 32)
  expected.safetensors   input_ids, attention_mask [B, T], hidden [B, T, H], cls, mean, last [B, H] (not normalised),
                         sentence [B, H] (what sentence-transformers returns for the texts)
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, RobertaConfig, RobertaForMaskedLM, XLMRobertaConfig, XLMRobertaModel

HERE = Path(__file__).parent
LIMIT = 32
SHAPE = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
TRAINING = [
    "the quick brown fox jumps over the lazy dog", "a retriever finds knowledge, memory, examples and tools",
    "who wrote the letters of the old lighthouse keeper?", "one plus one is two; two plus two is four.",
    "Die Katze sitzt auf dem Dach und schläft.", "Où est la bibliothèque, s'il vous plaît?",
    "the weather in Paris is mild in spring and cold in winter", "日本語の文章です。", "Привет, как дела?",
    "function add(a, b) { return a + b; }", "https://example.org/path?query=value&other=1",
]
TEXTS = [
    "the quick brown fox", "Who keeps the lighthouse?", "", "a", "naïve café, s'il vous plaît", "日本語 and Привет",
    "one plus one is two; " * 12, "tools 🛠️ & memory", "  spaces\tand\nlines  ",
]


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(TRAINING, trainers.WordPieceTrainer(vocab_size=320, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def byte_bpe() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(TRAINING, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(TRAINING, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights large enough that each layer changes the result; norms and biases away from one and zero."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        with torch.no_grad():
            parameter.copy_(1 + 0.1 * noise if name.endswith("LayerNorm.weight") else 0.15 * noise)


def write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_sentence_transformers(folder: Path, pooling: str, normalize: bool) -> None:
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")] + ([("2_Normalize", "Normalize")] if normalize else [])
    write_json(folder / "modules.json", [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ])
    write_json(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": SHAPE["hidden_size"],
        "pooling_mode_cls_token": pooling == "cls",
        "pooling_mode_mean_tokens": pooling == "mean",
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    })
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": LIMIT, "do_lower_case": False})


def make(name: str, model, tokenizer: Tokenizer, seed: int, pooling: str, normalize: bool, special: dict) -> None:
    folder = HERE / name
    model.eval()
    randomise(model, seed)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json",
               {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": LIMIT, **special})
    write_sentence_transformers(folder, pooling, normalize)

    pad = model.config.pad_token_id
    tokenizer.enable_truncation(LIMIT)
    ids = [tokenizer.encode(text).ids for text in TEXTS]
    length = max(map(len, ids))
    input_ids = torch.tensor([row + [pad] * (length - len(row)) for row in ids])
    attention_mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids])
    base = getattr(model, "roberta", model)
    with torch.no_grad():
        hidden = base(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    kept = attention_mask.unsqueeze(-1).float()
    last = attention_mask.sum(1) - 1
    expected = {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "hidden": hidden * kept,  # rows of padding mean nothing and are stored as zeros
        "cls": hidden[:, 0].contiguous(),
        "mean": (hidden * kept).sum(1) / kept.sum(1),
        "last": hidden[torch.arange(len(ids)), last].contiguous(),
        "sentence": SentenceTransformer(str(folder), device="cpu").encode(TEXTS, convert_to_tensor=True).cpu(),
    }
    save_file(expected, folder / "expected.safetensors")
    write_json(folder / "expected.json", [{"text": text, "ids": row} for text, row in zip(TEXTS, ids)])
    print(name, "vocabulary", tokenizer.get_vocab_size(), "ids", tuple(input_ids.shape))


def main() -> None:
    bert = wordpiece()
    make("tiny-bert", BertModel(BertConfig(vocab_size=bert.get_vocab_size(), max_position_embeddings=64, **SHAPE)),
         bert, 1, "mean", True,
         dict(unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]"))
    angle = dict(bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", unk_token="<unk>",
                 pad_token="<pad>", mask_token="<mask>")
    fairseq = dict(max_position_embeddings=66, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
                   layer_norm_eps=1e-5)
    bpe = byte_bpe()
    # The masked-language-model form: its file has the `roberta.` prefix and a head that an encoder leaves out.
    make("tiny-roberta", RobertaForMaskedLM(RobertaConfig(vocab_size=bpe.get_vocab_size(), **fairseq, **SHAPE)),
         bpe, 2, "cls", False, angle)
    multilingual = unigram()
    make("tiny-xlmr", XLMRobertaModel(XLMRobertaConfig(vocab_size=multilingual.get_vocab_size(), **fairseq, **SHAPE)),
         multilingual, 3, "mean", True, angle)


if __name__ == "__main__":
    main()
