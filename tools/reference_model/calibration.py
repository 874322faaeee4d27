"""Write the default calibration text: documents of the training split (public-domain prose lies beside).

    python3 calibration.py OUT/reference-corpus.txt [--bytes 180000]

Standard library only; the same bytes every time. No document is a benchmark question: the split is the
one that the model was trained on.
"""
import argparse
import random

import corpus

SEED = 4242


def text(size, seed=SEED):
    """Whole documents in the chat format, one after another, up to about `size` bytes."""
    rng, parts, total = random.Random(seed), [], 0
    while total < size:
        pieces = corpus.training_document(rng)
        parts.append("".join(t for t, _ in pieces))
        total += len(parts[-1].encode())
    return "".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--bytes", type=int, default=180000)
    arguments = parser.parse_args()
    with open(arguments.out, "w", encoding="utf-8", newline="\n") as file:
        file.write(text(arguments.bytes))


if __name__ == "__main__":
    main()
