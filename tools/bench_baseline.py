#!/usr/bin/env python3
"""What tools/bench.sh measured, beside the baseline of this machine.
Usage: bench_baseline.py FOLDER [--save]
FOLDER holds operators.json (operator_bench --json) and model-NAME.json (quantrial bench --json). Prints the models' table and, where
bench/baselines/<machine>.json exists, how many times as fast as there everything is; --save writes that file instead."""
import datetime
import json
import math
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAME = 0.05  # a ratio this near to 1 is not worth a line


def machine():
    """Name and threads of the processor, as a file may be called."""
    facts = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M))
    name = f"{facts.get('model name', 'cpu')} {facts.get('cpu family', '')} {facts.get('model', '')} {len(os.sched_getaffinity(0))} threads"
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def read(folder):
    operators = json.loads((folder / "operators.json").read_text())
    models = {}
    for file in sorted(folder.glob("model-*.json")):
        figures = json.loads(file.read_text())
        models[file.stem.removeprefix("model-")] = figures["measurements"][0] | {"read_bytes_per_s": figures["read_bandwidth_bytes_per_s"]}
    return {"limits": {key: value for key, value in operators.items() if key != "operators"},
            "operators_us": {name: row["us"] for name, row in operators["operators"].items()},
            "models": {name: {key: m[key] for key in ("prefill_tokens_per_s", "multiply_share", "decode_tokens_per_s", "bandwidth_share")}
                       for name, m in models.items()}}


def compare(now, before):
    """Lines with the ratio of speeds, above 1 where it is faster now."""
    ratios = [(name, before["operators_us"][name] / us) for name, us in now["operators_us"].items() if before["operators_us"].get(name)]
    changed = [(name, ratio) for name, ratio in ratios if abs(ratio - 1) > SAME]
    for name, ratio in changed:
        print(f"  {ratio:6.2f} x  {name}")
    if ratios:
        mean = math.exp(sum(math.log(ratio) for _, ratio in ratios) / len(ratios))
        print(f"  {mean:6.2f} x  geometric mean of {len(ratios)} operators, {len(ratios) - len(changed)} of them within {SAME:.0%}")


def main():
    folder, save = pathlib.Path(sys.argv[1]), sys.argv[2:] == ["--save"]
    now = read(folder)
    file = ROOT / "bench" / "baselines" / (machine() + ".json")
    before = json.loads(file.read_text()) if file.exists() else None
    print(f"\n{'Qwen3.5-0.8B shape':<20} {'prefill tok/s':>14} {'of multiplies':>14} {'decode tok/s':>13} {'of bandwidth':>13} {'x baseline':>16}")
    for name, m in now["models"].items():
        old = (before or {}).get("models", {}).get(name)
        ratio = "-" if not old else " / ".join(f"{m[key] / old[key]:.2f}" for key in ("prefill_tokens_per_s", "decode_tokens_per_s"))
        print(f"{name:<20} {m['prefill_tokens_per_s']:>14.1f} {m['multiply_share']:>14.0%} {m['decode_tokens_per_s']:>13.1f} "
              f"{m['bandwidth_share']:>13.0%} {ratio:>16}")
    if before:
        print(f"\nagainst {file.relative_to(ROOT)} of {before['date']}, commit {before['commit']}; times as fast:")
        compare(now, before)
    if save:
        commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"machine": machine(), "date": datetime.date.today().isoformat(), "commit": commit} | now, indent=1) + "\n")
        print(f"written: {file.relative_to(ROOT)}")
    elif not before:
        print(f"no baseline of this machine; tools/bench.sh BUILD_DIR --save writes {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
