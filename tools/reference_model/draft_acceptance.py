"""How often the MTP head's likeliest token is the token that was then sampled, by quantrial's logits.

    python3 draft_acceptance.py --quantrial build/quantrial --model models/reference
        --samples SAMPLES.jsonl [--per-level 4]

SAMPLES.jsonl comes from score_with_engine.py; the first sample of the first questions of every level of
the default mix is run through `quantrial logits --mtp` again. This is the acceptance of a greedy draft,
as evaluate.py counts it; the engine's own drafts are drawn with the noise of the token that they
predict and are accepted more often. Standard library only.
"""
import argparse
import array
import collections
import json
import math
import os
import struct
import subprocess
import tempfile

BATCH = 10                   # sequences a call, to bound the size of the file of logits


def chosen_samples(path, per_level):
    with open(path, encoding="utf-8") as file:
        samples = [json.loads(line) for line in file]
    return sorted((s for s in samples if s["mix"] and int(s["id"][-3:]) < per_level),
                  key=lambda s: s["id"])


def mtp_tokens(path, count):
    """For each prompt the likeliest token of every row of mtp_logits."""
    with open(path, "rb") as file:
        head = struct.unpack("<Q", file.read(8))[0]
        entries = json.loads(file.read(head))
        for i in range(count):
            entry = entries[f"mtp_logits.{i}"]
            rows, width = entry["shape"]
            file.seek(8 + head + entry["data_offsets"][0])
            best = []
            for _ in range(rows):
                row = array.array("f", file.read(4 * width))
                best.append(row.index(max(row)))
            yield best


def count_accepted(arguments, samples, folder):
    """(family, accepted, drafted) of each sample."""
    sequences = [s["prompt_ids"] + s["ids"] for s in samples]
    tokens, logits = os.path.join(folder, "tokens.json"), os.path.join(folder, "logits.safetensors")
    with open(tokens, "w", encoding="utf-8") as file:
        json.dump({"prompts": sequences}, file)
    subprocess.run([arguments.quantrial, "--quiet", "logits", arguments.model, "--tokens", tokens,
                    "-o", logits, "--precision", "native", "--mtp"], check=True)
    for sample, ids, best in zip(samples, sequences, mtp_tokens(logits, len(samples))):
        # Row t drafts token t + 2; the first generated token is never drafted.
        places = range(len(sample["prompt_ids"]) + 1, len(ids))
        yield sample["family"], sum(best[p - 2] == ids[p] for p in places), len(places)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quantrial", default="build/quantrial")
    parser.add_argument("--model", default="models/reference")
    parser.add_argument("--samples", required=True)
    parser.add_argument("--per-level", type=int, default=4)
    arguments = parser.parse_args()
    samples = chosen_samples(arguments.samples, arguments.per_level)
    families = collections.defaultdict(lambda: [0, 0])
    with tempfile.TemporaryDirectory() as folder:
        for i in range(0, len(samples), BATCH):
            for family, accepted, drafted in count_accepted(arguments, samples[i:i + BATCH], folder):
                for name in (family, "all"):
                    families[name][0] += accepted
                    families[name][1] += drafted
    shares = {name: round(a / d, 4) for name, (a, d) in families.items()}
    half = 1.96 * math.sqrt(shares["all"] * (1 - shares["all"]) / families["all"][1])
    print(json.dumps({"samples": len(samples), "drafted": families["all"][1],
                      "acceptance": shares, "half_if_tokens_were_independent": round(half, 4)}))


if __name__ == "__main__":
    main()
