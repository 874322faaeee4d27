#!/usr/bin/env python3
"""Each gold answer of MATH-500 against itself and against the box of its reference solution.

    tests/evals/check_math500.py test.jsonl build/release/tests/grade_pairs

MATH-500 is not shipped: test.jsonl is openai/prm800k's split as published (sha256 in
benchmarks/math500.yaml)."""
import json
import subprocess
import sys


def last_box(text):
    start = max(text.rfind("\\boxed"), text.rfind("\\fbox"))
    text = text[start:].split("{", 1)[1] if "{" in text[start:start + 7] else "{" + text[start:]
    depth = 1
    for i, c in enumerate(text):
        depth += {"{": 1, "}": -1}.get(c, 0) if text[i - 1:i] != "\\" else 0
        if depth == 0:
            return text[:i]
    return text


rows = [json.loads(line) for line in open(sys.argv[1])]
pairs = [(row["unique_id"], row["answer"], row["answer"]) for row in rows]
pairs += [(row["unique_id"], row["answer"], last_box(row["solution"])) for row in rows]
lines = "\n".join(json.dumps({"gold": gold, "answer": answer}) for _, gold, answer in pairs)
verdicts = subprocess.run([sys.argv[2]], input=lines, capture_output=True, text=True,
                          check=True).stdout.split()
failures = [(*pair, verdict) for pair, verdict in zip(pairs, verdicts) if verdict != "same"]
for failure in failures:
    print(*failure, sep="  |  ")
print(f"{len(pairs) - len(failures)} of {len(pairs)} the same")
sys.exit(len(failures) > 0)
