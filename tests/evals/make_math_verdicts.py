#!/usr/bin/env python3
"""math_verdicts.jsonl.xz and math_hostile.jsonl: pairs (gold, answer) with the verdict of math-verify.

    tests/evals/make_math_verdicts.py test.jsonl     (MATH-500, of which only the golds are used)

One pair a line: [gold, answer, right, math-verify's verdict, reason]. `right` is known from how the
pair was made; where it is not, math-verify's verdict stands. A pair on which the two differ has a
reason; one without makes this script fail. Verdicts that are stored already are not asked for again.
Packages: math-verify 0.9.0 (with latex2sympy2_extended
1.11.0, sympy 1.14.0), Python 3.11."""
import json
import logging
import lzma
import re
import sys
from collections import Counter
from pathlib import Path

import math_pairs
from math_verify import parse, verify

HERE = Path(__file__).parent
FILE = "math_verdicts.jsonl.xz"
REASONS = [  # (what math-verify does, pattern of the gold answer, pattern of the given answer)
    ("reads '2 3/7' as a product or not at all", r".*", r"\d+ \d+/\d+"),
    ("does not read e-notation with a negative exponent", r".*", r"\d+\.\d+e-\d+"),
    ("compares large floats inexactly", r"\d+", r".*\\times 10\^.*"),
    ("takes small values for equal: rounds to 6 decimals", r"\d+\^\{-\d+\}|0", r".*10?\^\{-\d+\}|\d\^\{-\d+\}|e\^\{-\d+\}"),
    ("keeps degrees out of functions", r".*", r".*\^\\circ|\\frac\{1\}\{\\sqrt\{2\}\}"),
    ("does not read an inequality as an interval", r"[\[(\\x].*", r".*(\\le|\\ge|[<>]).*"),
    ("folds the case of variables", r"x", r"X"),
    ("drops the base of a number", r"\d+_\{?\d\}?", r"\d+_\{?\d\}?"),
    ("trips over a full stop behind the answer", r".*", r".*\."),
    ("trips over white space in a number or interval", r".*[\d,].*", r".*[,\d] .*"),
]
HOSTILE = "math_hostile.jsonl"
HOSTILE_REASONS = [
    ("does not read lcm", r"\d+", r"\\text\{lcm\}.*"),
    ("takes the first number, whatever words follow", r".*\d.*", r"5?\d*\\text\{.*|.*\d\\text\{ .*|\d"),
    ("keeps degrees out of functions", r".*\\circ", r".*"),
    ("reads no differences of sets", r".*\\infty\)", r"\\mathbb.*"),
    ("takes the last side of an equation, true or not", r"\d+", r".*=.*"),
    ("does not group by blanks, or reads a product", r"\d+", r"\d+( \d+)+"),
    ("reads no reversed brackets", r"[\[(]\d,\d[)\]]", r"[\[\]]\d,\d[\[\]]"),
    ("does not read set builders", r"\\\{2n.*", r"\\\{2n.*"),
    ("does not read e-notation without a point", r"10\^\{-5\}", r"1e-5"),
    ("does not read a colon in braces", r"12\{:\}30", r"12:30"),
]


def reason(gold, answer, patterns):
    for text, gold_pattern, answer_pattern in patterns:
        if re.fullmatch(gold_pattern, gold) and re.fullmatch(answer_pattern, answer):
            return text
    return math_pairs.REASONS.get((gold, answer))


def stored_verdicts(file):
    if not file.exists():
        return {}
    data = file.read_bytes()
    text = (lzma.decompress(data) if file.suffix == ".xz" else data).decode()
    return {(row[0], row[1]): row[3] for row in map(json.loads, text.splitlines())}


def write(file, pairs, patterns):
    """Returns how many disagreements have no reason."""
    stored = stored_verdicts(file)
    lines, missing, counts = [], [], Counter()
    parsed = {}
    for gold, answer, right in pairs:
        theirs = stored.get((gold, answer))
        if theirs is None:
            for text in (gold, answer):
                parsed[text] = parsed.get(text) or parse(f"$\\boxed{{{text}}}$")
            theirs = bool(verify(parsed[gold], parsed[answer], timeout_seconds=30))
        right = theirs if right is None else right
        row = [gold, answer, right, theirs]
        if right != theirs:
            row.append(reason(gold, answer, patterns))
            counts[row[-1]] += 1
            if row[-1] is None:
                missing.append(row)
        lines.append(json.dumps(row, ensure_ascii=False))
    text = "".join(line + "\n" for line in lines).encode()
    file.write_bytes(lzma.compress(text, preset=9) if file.suffix == ".xz" else text)
    print(f"{len(lines)} pairs, {sum(counts.values())} on which math-verify is wrong")
    for text, count in counts.most_common():
        print(f"{count:5}  {text}")
    for row in missing:
        print("no reason:", row)
    return len(missing)


def main():
    logging.disable(logging.CRITICAL)
    golds = sorted({json.loads(line)["answer"] for line in open(sys.argv[1])})
    missing = write(HERE / FILE, math_pairs.pairs(golds), REASONS)
    missing += write(HERE / HOSTILE, math_pairs.hostile(), HOSTILE_REASONS)
    sys.exit(missing > 0)


if __name__ == "__main__":
    main()
