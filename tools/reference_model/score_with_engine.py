"""Score a checkpoint on the benchmarks with quantrial itself.

    python3 score_with_engine.py --quantrial build/quantrial --model models/reference
        --benchmarks benchmarks/reference --samples-out SAMPLES.jsonl --out SCORES.json
        [--samples 8] [--jobs 16] [--families facts,code] [--levels 5,9] [--seed 1]

One `quantrial generate` with one thread per question, as many at a time as --jobs says. The seed of a
question is --seed plus the CRC-32 of its id, so a part of the questions gives the same samples as all.
SAMPLES.jsonl keeps every text, the ids of the first sample and the question's scores; questions that
are already in it are not asked again.
"Draft accepted": what the engine counts at one draft a step. Standard library only.
"""
import argparse
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zlib

import benchmarks
import corpus
import scoring

GRADING_SECONDS = 20         # a program that runs longer is wrong


def token_limit(item):
    """Prompt and output together, as the model card states."""
    if item["family"] == "tracking" and item["level"] > 5:
        return 8192 + 256
    return 2048 if item["family"] == "logic" and item["level"] > 8 else 1536


def ask(item, arguments):
    """All samples of a question; the question goes through standard input."""
    seed = arguments.seed + zlib.crc32(item["id"].encode())
    command = [arguments.quantrial, "generate", arguments.model, "--json", "--quiet",
               "--samples", arguments.samples, "--context", token_limit(item), "--seed", seed,
               "--temperature", 0.8, "--top-p", 0.95, "--thinking", "on", "--draft-tokens", 1,
               "--threads", 1, "--precision", arguments.precision]
    done = subprocess.run([str(c) for c in command], input=item["question"].encode(),
                          capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{item['id']}: {done.stderr.decode(errors='replace').strip()}")
    return json.loads(done.stdout)


def too_long(number, frame):
    raise TimeoutError("the program runs too long")


def score(item, output):
    samples = output["samples"]
    texts = [s["text"] for s in samples]
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, GRADING_SECONDS, GRADING_SECONDS)
    try:
        right = [corpus.grade(item, t) for t in texts]
        scores = scoring.score_question(item, texts, [s["generated_tokens"] for s in samples],
                                        [s["finish_reason"] != "stop" for s in samples])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return scores | {"id": item["id"], "family": item["family"], "level": item["level"],
                     "mix": item["mix"], "right": right,
                     "accepted": sum(s["mtp"]["accepted_tokens"] for s in samples),
                     "drafted": sum(s["mtp"]["drafted_tokens"] for s in samples), "texts": texts,
                     "prompt_ids": output["prompt_ids"], "ids": samples[0]["tokens"]}


def ask_and_score(task):
    return score(task[0], ask(*task))


def chosen_items(arguments):
    items = benchmarks.read_all(arguments.benchmarks)
    families = arguments.families.split(",") if arguments.families else list(corpus.FAMILIES)
    levels = {int(n) for n in arguments.levels.split(",")} if arguments.levels else None
    items = [i for i in items if i["family"] in families and (not levels or i["level"] in levels)]
    # Long questions first, so that the last jobs do not wait for one of them.
    return sorted(items, key=lambda i: -len(i["question"]) - 200 * i["level"])


def read_samples(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quantrial", default="build/quantrial")
    parser.add_argument("--model", default="models/reference")
    parser.add_argument("--benchmarks", default="benchmarks/reference")
    parser.add_argument("--samples-out", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--families", default="")
    parser.add_argument("--levels", default="")
    parser.add_argument("--precision", default="native", choices=("native", "fp32"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    items = chosen_items(arguments)
    asked = {i["id"] for i in items}
    scores = [s for s in read_samples(arguments.samples_out) if s["id"] in asked]
    known = {s["id"] for s in scores}
    tasks = [(i, arguments) for i in items if i["id"] not in known]
    started = time.time()
    with multiprocessing.Pool(arguments.jobs) as pool, \
            open(arguments.samples_out, "a", encoding="utf-8") as file:
        for done, entry in enumerate(pool.imap_unordered(ask_and_score, tasks), 1):
            scores.append(entry)
            file.write(json.dumps(entry) + "\n")
            file.flush()
            if done % 200 == 0 or done == len(tasks):
                print(f"{done} of {len(tasks)} questions, {time.time() - started:.0f} s",
                      file=sys.stderr, flush=True)
    figures = scoring.report(sorted(scores, key=lambda s: s["id"]))
    with open(arguments.out, "w", encoding="utf-8") as file:
        json.dump(figures | {"seconds": round(time.time() - started, 1)}, file, indent=1)
        file.write("\n")
    print(json.dumps({"mix": figures["mix"], "macro_accuracy": figures["macro_accuracy"],
                      "levels": {k: v["accuracy"] for k, v in figures["levels"].items()}}))


if __name__ == "__main__":
    main()
