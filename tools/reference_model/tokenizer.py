"""Train the byte-level BPE tokenizer: 2048 entries, Qwen3.5's pre-tokenizer regex.

    python3 tokenizer.py OUT/tokenizer.json [--documents 20000]

Needs the `tokenizers` package. The special tokens take the last eleven ids.
"""
import argparse
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import trainers

import corpus

VOCABULARY = 2048
# Qwen3.5's pre-tokenizer: letters with their marks, every digit alone, punctuation, white space.
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|"
         r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
           "<|image_pad|>", "<|video_pad|>", "<tool_call>", "</tool_call>", "<think>", "</think>")
VISIBLE = ("<tool_call>", "</tool_call>", "<think>", "</think>")    # kept when special ones are skipped


def texts(count, seed):
    rng = random.Random(seed)
    for i in range(count):
        pieces = corpus.training_document(rng) if i % 50 else corpus.long_document(rng)
        text = "".join(t for t, _ in pieces)
        for token in SPECIAL:
            text = text.replace(token, "\n")
        yield text


def train(count, seed=0):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - len(SPECIAL), min_frequency=10,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    tokenizer.train_from_iterator(texts(count, seed), trainer)
    for token in SPECIAL:
        special = token not in VISIBLE
        added = AddedToken(token, special=special, normalized=False)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([added])
    if tokenizer.get_vocab_size() > VOCABULARY:
        raise SystemExit(f"vocabulary has {tokenizer.get_vocab_size()} entries, expected {VOCABULARY}")
    return tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--documents", type=int, default=20000)
    arguments = parser.parse_args()
    tokenizer = train(arguments.documents)
    tokenizer.save(arguments.out)
    print(tokenizer.get_vocab_size(), {t: tokenizer.token_to_id(t) for t in SPECIAL})


if __name__ == "__main__":
    main()
