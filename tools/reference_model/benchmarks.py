"""Freeze the benchmarks: held-out questions with level, gold answer and grader data, and a manifest.

    python3 benchmarks.py OUT [--seed 20261124]

Writes OUT/<family>.jsonl (tracking beyond level 5: tracking-long.jsonl.xz) and OUT/manifest.json with
seed, counts, default mix and SHA-256 of every file. Standard library only; the same bytes every time.
"""
import argparse
import hashlib
import json
import lzma
import os
import random

import corpus

PER_LEVEL = 40
LONG_PER_LEVEL = 16
LONG_LIMIT_TOKENS = 8192 + 256   # prompt and output of a long question together
# Levels of the default mix. Facts start at two hops: single facts are in the training data.
MIX = {family: [4, 5, 6, 7, 8] for family in corpus.FAMILIES} | {"tracking": [1, 2, 3, 4, 5],
                                                                "logic": [8, 9, 10, 11, 12],
                                                                "facts": [5, 6, 7, 8, 9]}


def is_long(item):
    """Tracking beyond level 5: prompts of 1,500 to 8,200 tokens."""
    return item["family"] == "tracking" and item["level"] > 5


def of_families(items, names):
    """The items of comma-separated families; all of them without names."""
    families = names.split(",") if names else list(corpus.FAMILIES)
    for family in families:
        if family not in corpus.FAMILIES:
            raise SystemExit(f"--families {family}: none of {','.join(corpus.FAMILIES)}")
    return [i for i in items if i["family"] in families]


def longest_first(items):
    """So that the last workers do not wait for one long question; a level is worth 200 characters."""
    return sorted(items, key=lambda i: -len(i["question"]) - 200 * i["level"])


def question(family, level, number, rng):
    problem = corpus.generate(rng, family, level, split="held-out")
    return {"id": f"{family}-{level}-{number:03d}", "family": family, "level": level,
            "mix": level in MIX[family], "question": problem.question, "answer": problem.answer,
            **corpus.grader_data(problem, rng)}


def questions(family, seed):
    """All questions of a family; no problem twice."""
    rng, seen, items = random.Random(f"{seed} {family}"), set(), []
    for level in corpus.LEVELS + corpus.BEYOND.get(family, ()):
        if family == "facts" and level == 1:
            continue
        count = LONG_PER_LEVEL if family == "tracking" and level > 5 else PER_LEVEL
        number = 0
        while number < count:
            item = question(family, level, number, rng)
            if item["question"] not in seen:
                seen.add(item["question"])
                items.append(item)
                number += 1
    return items


def lines(items):
    return "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in items).encode()


def read(path):
    opened = lzma.open(path) if path.endswith(".xz") else open(path, "rb")
    with opened as file:
        return [json.loads(line) for line in file]


def read_all(folder):
    with open(f"{folder}/manifest.json", encoding="utf-8") as file:
        names = json.load(file)["files"]
    return [item for name in names for item in read(f"{folder}/{name}")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=20261124)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    files = {}
    for family in corpus.FAMILIES:
        items = questions(family, arguments.seed)
        long = [i for i in items if is_long(i)]
        parts = {f"{family}.jsonl": lines([i for i in items if not is_long(i)])}
        if long:
            parts["tracking-long.jsonl.xz"] = lzma.compress(lines(long), preset=9)
        for name, data in parts.items():
            with open(f"{arguments.out}/{name}", "wb") as file:
                file.write(data)
            files[name] = {"questions": len(long) if name.endswith("xz") else len(items) - len(long),
                           "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {"seed": arguments.seed, "held_out": f"crc32(family:key) % {corpus.HELD_OUT} == 0",
                "mix": MIX, "files": files}
    with open(f"{arguments.out}/manifest.json", "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1)
        file.write("\n")
    print(sum(f["questions"] for f in files.values()), "questions,",
          sum(f["bytes"] for f in files.values()), "bytes")


if __name__ == "__main__":
    main()
