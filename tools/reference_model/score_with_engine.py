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
    if benchmarks.is_long(item):
        return benchmarks.LONG_LIMIT_TOKENS
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
    samples = [{"text": s["text"], "tokens": s["generated_tokens"], "cut": s["finish_reason"] != "stop",
                "accepted": s["mtp"]["accepted_tokens"], "drafted": s["mtp"]["drafted_tokens"]}
               for s in output["samples"]]
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, GRADING_SECONDS, GRADING_SECONDS)
    try:
        scores = scoring.score_question(item, samples)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return scores | {"texts": [s["text"] for s in samples], "prompt_ids": output["prompt_ids"],
                     "ids": output["samples"][0]["tokens"]}


def settings(arguments):
    """What makes samples comparable: a file of samples keeps to one set of them."""
    return {"model": os.path.realpath(arguments.model), "samples": arguments.samples,
            "precision": arguments.precision, "seed": arguments.seed}


def ask_and_score(task):
    item, arguments = task
    return score(item, ask(item, arguments)) | {"settings": settings(arguments)}


def chosen_items(arguments):
    items = benchmarks.of_families(benchmarks.read_all(arguments.benchmarks), arguments.families)
    levels = {int(n) for n in arguments.levels.split(",")} if arguments.levels else None
    return benchmarks.longest_first(i for i in items if not levels or i["level"] in levels)


def read_samples(arguments, asked):
    """What an earlier run has left of the questions with these ids."""
    if not os.path.exists(arguments.samples_out):
        return []
    with open(arguments.samples_out, encoding="utf-8") as file:
        samples = [json.loads(line) for line in file]
    for s in samples:
        if s.get("settings") != settings(arguments):
            raise SystemExit(f"{arguments.samples_out}: {s['id']} was sampled with {s.get('settings')}, not "
                             f"{settings(arguments)}; name another file")
    return [s for s in samples if s["id"] in asked]


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
    scores = read_samples(arguments, {i["id"] for i in items})
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
