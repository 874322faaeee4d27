"""Checks of what is shipped. Each prints what it compared and fails loudly.

    python3 check.py split --benchmarks DIR [--documents 20000]     benchmarks are frozen and held out
    python3 check.py twin --model DIR                               the untouched twin, bit for bit
    python3 check.py tokens --model DIR --out TOKENS.json           prompts for `quantrial logits`
    python3 check.py transformers --model DIR --tokens TOKENS.json [--quantrial LOGITS.safetensors]

The defaults are the shipped folders, seen from the repository's root. `split` needs only the standard
library; the others torch, safetensors, tokenizers, transformers.
"""
import argparse
import hashlib
import json
import random

import benchmarks
import corpus

TOLERANCE = 2e-4       # FP32, relative to the largest logit of a position, as for tests/oracles


def fail(what):
    raise SystemExit(f"check failed: {what}")


def check_split(folder, documents):
    with open(f"{folder}/manifest.json", encoding="utf-8") as file:
        manifest = json.load(file)
    for name, entry in manifest["files"].items():
        with open(f"{folder}/{name}", "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != entry["sha256"]:
                fail(f"{name}: SHA-256 differs from the manifest")
    stored = {item["id"]: item for item in benchmarks.read_all(folder)}
    again = {item["id"]: item for family in corpus.FAMILIES
             for item in benchmarks.questions(family, manifest["seed"])}
    if stored != again:
        fail("the corpus script does not write these questions again")
    asked = {item["question"] for item in stored.values()}
    rng, seen = random.Random(1001), 0
    for _ in range(documents):
        problem = corpus.generate(rng)
        one_hop = problem.family == "facts" and problem.level == 1
        if not one_hop and corpus.held_out(problem.family, problem.key):
            fail(f"training problem of the held-out split: {problem.question}")
        if problem.question in asked:
            fail(f"training question in a benchmark: {problem.question}")
        seen += 1
    print(f"{len(asked)} benchmark questions rewritten alike; none among {seen} training problems")


def check_twin(folder):
    from safetensors.torch import load_file
    import imprint
    weights = load_file(f"{folder}/model.safetensors")
    with open(f"{folder}/outlier_scales.json", encoding="utf-8") as file:
        scales = json.load(file)
    if imprint.digest(weights) != scales["shipped_sha256"]:
        fail("model.safetensors is not the file that the scales belong to")
    twin = imprint.undo(weights, scales)
    print("twin", imprint.digest(twin))
    check_same_function(weights, twin)


def check_same_function(weights, twin):
    """Shipped model and twin: equal logits, bit for bit, in FP32 and BF16."""
    import torch
    import model
    from evaluate import config_of
    config = config_of(weights)
    torch.manual_seed(0)
    tokens = torch.randint(0, config.vocab_size, (1, 256))
    first = torch.zeros_like(tokens, dtype=torch.bool)
    first[0, 0] = True
    segment = first.cumsum(1)
    for dtype in (torch.float32, torch.bfloat16):
        network = model.Network(config, dtype)
        with torch.no_grad():
            a, b = (network.hidden({n: v.float() for n, v in w.items()}, tokens, segment, first,
                                   network.mask(segment)) for w in (weights, twin))
        if not torch.equal(a, b):
            fail(f"shipped model and twin differ in {dtype}")
    print("shipped model and twin agree bit for bit in FP32 and BF16")


def write_tokens(folder, out):
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    rng, prompts = random.Random(3), []
    for family in corpus.FAMILIES:
        problem = corpus.generate(rng, family, 4, split="held-out")
        text = "".join(t for t, _ in corpus.document(problem))
        prompts.append(tokenizer.encode(text, add_special_tokens=False).ids[:400])
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"prompts": prompts}, file)


def our_logits(weights, ids):
    """Main and MTP logits of one prompt, FP32, by the training code."""
    import torch
    import model
    from evaluate import config_of
    pad = -len(ids) % 64
    tokens = torch.tensor([ids + [0] * pad])
    first = torch.zeros_like(tokens, dtype=torch.bool)
    first[0, 0] = True
    segment = first.cumsum(1)
    network = model.Network(config_of(weights), torch.float32)
    mask = network.mask(segment)
    following = torch.nn.functional.pad(tokens[:, 1:], (0, 1))
    with torch.no_grad():
        hidden = network.hidden(weights, tokens, segment, first, mask)
        draft = network.draft_hidden(weights, hidden, following, segment, first, mask)
    head = weights["lm_head.weight"]
    return (hidden[0] @ head.T)[:len(ids)], (draft[0] @ head.T)[:len(ids) - 1]


def check_transformers(folder, tokens_file, quantrial_file):
    import torch
    import transformers
    from safetensors.torch import load_file
    weights = {n: v.float() for n, v in load_file(f"{folder}/model.safetensors").items()}
    network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    engine = load_file(quantrial_file) if quantrial_file else {}
    with open(tokens_file, encoding="utf-8") as file:
        prompts = json.load(file)["prompts"]
    worst = {"transformers": 0.0, "quantrial": 0.0, "quantrial MTP": 0.0}

    def compare(name, a, b):
        difference = float(((a - b).abs().amax(-1) / b.abs().amax(-1)).max())
        if not difference <= TOLERANCE:                    # catches NaN as well
            fail(f"{name}: logits of prompt {i} differ by {difference}, at most {TOLERANCE}")
        worst[name] = max(worst[name], difference)
    for i, ids in enumerate(prompts):
        ours, draft = our_logits(weights, ids)
        with torch.no_grad():
            compare("transformers", network(torch.tensor([ids])).logits[0], ours)
        if engine:
            compare("quantrial", engine[f"logits.{i}"], ours)
        if f"mtp_logits.{i}" in engine:
            compare("quantrial MTP", engine[f"mtp_logits.{i}"], draft)
    print(f"{len(prompts)} prompts, {sum(map(len, prompts))} tokens, largest difference to the "
          f"training code in FP32, relative to a position's largest logit: {worst}; transformers {transformers.__version__}")
    check_chat(folder)


def check_chat(folder):
    import transformers
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    question = [{"role": "user", "content": "Compute 3+4."}]
    for thinking in (True, False):
        text = tokenizer.apply_chat_template(question, tokenize=False, add_generation_prompt=True,
                                             enable_thinking=thinking)
        if text != corpus.prompt("Compute 3+4.", thinking):
            fail(f"chat template gives {text!r}")
        if tokenizer.decode(tokenizer(text).input_ids) != text:
            fail("the tokenizer does not give its text back")
    print("chat template and tokenizer work in transformers")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    checks = parser.add_subparsers(dest="what", required=True)
    split = checks.add_parser("split", help="benchmarks are frozen and held out")
    split.add_argument("--benchmarks", default="benchmarks/reference")
    split.add_argument("--documents", type=int, default=20000)
    twin = checks.add_parser("twin", help="the untouched twin, bit for bit")
    tokens = checks.add_parser("tokens", help="prompts for `quantrial logits`")
    tokens.add_argument("--out", required=True)
    others = checks.add_parser("transformers", help="logits of transformers, quantrial and ours agree")
    others.add_argument("--tokens", required=True)
    others.add_argument("--quantrial", help="what `quantrial logits` wrote for the same tokens")
    for check in (twin, tokens, others):
        check.add_argument("--model", default="models/reference")
    arguments = parser.parse_args()
    if arguments.what == "split":
        check_split(arguments.benchmarks, arguments.documents)
    elif arguments.what == "twin":
        check_twin(arguments.model)
    elif arguments.what == "tokens":
        write_tokens(arguments.model, arguments.out)
    else:
        check_transformers(arguments.model, arguments.tokens, arguments.quantrial)


if __name__ == "__main__":
    main()
