#!/usr/bin/env python3
"""Copies the published benchmarks into benchmarks/data (xz) and their licences into
benchmarks/licences, and prints the sha256 of each unpacked text, for the YAML files.

    tools/import_benchmarks.py SOURCE [--into benchmarks]

SOURCE holds one folder a benchmark, as its authors publish it: gsm8k/test.jsonl, bbh/*.json,
mmlu_redux2/mmlu_redux2.jsonl, cruxeval/cruxeval.jsonl, humaneval/HumanEval.jsonl.gz,
humaneval_plus/HumanEvalPlus.jsonl.gz, mbpp_plus/MbppPlus.jsonl.gz, ifeval/input_data.jsonl, each
with its LICENSE. The text is copied byte for byte, but for humaneval-plus and mbpp-plus
(python_suites.py), bbh (27 files become one, with a field `task`) and mmlu-redux (a field
`subject`: 57 subjects in alphabetical order, 100 questions each).
"""

import argparse
import gzip
import hashlib
import json
import lzma
from pathlib import Path

from python_suites import plus_rows

# Alphabetical, as in MMLU (Hendrycks et al. 2021).
SUBJECTS = """abstract_algebra anatomy astronomy business_ethics clinical_knowledge college_biology
college_chemistry college_computer_science college_mathematics college_medicine college_physics
computer_security conceptual_physics econometrics electrical_engineering elementary_mathematics
formal_logic global_facts high_school_biology high_school_chemistry high_school_computer_science
high_school_european_history high_school_geography high_school_government_and_politics
high_school_macroeconomics high_school_mathematics high_school_microeconomics high_school_physics
high_school_psychology high_school_statistics high_school_us_history high_school_world_history
human_aging human_sexuality international_law jurisprudence logical_fallacies machine_learning
management marketing medical_genetics miscellaneous moral_disputes moral_scenarios nutrition
philosophy prehistory professional_accounting professional_law professional_medicine
professional_psychology public_relations security_studies sociology us_foreign_policy virology
world_religions""".split()


def plain(path):
    return path.read_bytes()


def unzipped(path):
    return gzip.decompress(path.read_bytes())


def plus(path):
    return lines(plus_rows(json.loads(line) for line in unzipped(path).splitlines()))


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def bbh(folder):
    rows = []
    for path in sorted(folder.glob("*.json")):
        rows += [{"task": path.stem, **row} for row in json.loads(path.read_text())["examples"]]
    return lines(rows)


def mmlu_redux(path):
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len(rows) == 100 * len(SUBJECTS) and all(r["row"] == i for i, r in enumerate(rows))
    return lines({"subject": SUBJECTS[row["row"] // 100], **row} for row in rows)


SETS = {  # name: (folder, file, how it is read)
    "gsm8k": ("gsm8k", "test.jsonl", plain),
    "bbh": ("bbh", "", bbh),
    "mmlu-redux": ("mmlu_redux2", "mmlu_redux2.jsonl", mmlu_redux),
    "cruxeval": ("cruxeval", "cruxeval.jsonl", plain),
    "humaneval": ("humaneval", "HumanEval.jsonl.gz", unzipped),
    "humaneval-plus": ("humaneval_plus", "HumanEvalPlus.jsonl.gz", plus),
    "mbpp-plus": ("mbpp_plus", "MbppPlus.jsonl.gz", plus),
    "ifeval": ("ifeval", "input_data.jsonl", plain),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--into", type=Path, default=Path(__file__).parents[1] / "benchmarks")
    options = parser.parse_args()
    for folder in ("data", "licences"):
        (options.into / folder).mkdir(exist_ok=True)
    for name, (folder, file, read) in SETS.items():
        text = read(options.source / folder / file)
        packed = lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
        (options.into / "data" / f"{name}.jsonl.xz").write_bytes(packed)
        licence = (options.source / folder / "LICENSE").read_bytes()
        (options.into / "licences" / f"{name}.txt").write_bytes(licence)
        rows = sum(1 for line in text.splitlines() if line.strip())
        print(f"{name}: rows: {rows}, sha256: {hashlib.sha256(text).hexdigest()}, "
              f"{len(packed)} bytes")


if __name__ == "__main__":
    main()
