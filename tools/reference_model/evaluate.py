"""Score checkpoints on the benchmarks: accuracy, pass@k, voting, tokens, retries, draft acceptance, KL.

    python3 evaluate.py --model WEIGHTS.safetensors --tokenizer T.json --benchmarks DIR --out OUT.json
        [--recipes bf16,nvfp4] [--samples 8] [--per-level 40] [--all-levels] [--kl 5000]

Recipes are fake-quantized (quantize.py). Sampling: temperature 0.8, top-p 0.95, thinking on.
"""
import argparse
import json
import random
import time

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

import benchmarks
import corpus
import decoder
import model
import quantize
import scoring

LONG_SLOTS = 256                 # long sequences at once: a cache of 8k tokens each


def config_of(weights):
    """The shapes say which configuration it is (the shipped one or a test's toy)."""
    names = [n for n in weights if n.startswith(model.BODY + "layers.")]
    layers = 1 + max(int(n[len(model.BODY + "layers."):].split(".")[0]) for n in names)
    a, f = model.BODY + "layers.0.linear_attn.", model.BODY + "layers.3.self_attn."
    size_v, head = len(weights[a + "norm.weight"]), len(weights[f + "q_norm.weight"])
    heads = len(weights[a + "A_log"])
    keys = (len(weights[a + "in_proj_qkv.weight"]) - heads * size_v) // 2
    return model.Config(
        vocab_size=len(weights["lm_head.weight"]), hidden_size=weights["lm_head.weight"].shape[1],
        num_hidden_layers=layers, head_dim=head,
        intermediate_size=len(weights[model.BODY + "layers.0.mlp.up_proj.weight"]),
        num_attention_heads=weights[f + "o_proj.weight"].shape[1] // head,
        num_key_value_heads=len(weights[f + "k_proj.weight"]) // head,
        linear_num_key_heads=keys // size_v, linear_num_value_heads=heads,
        linear_key_head_dim=size_v, linear_value_head_dim=size_v)


def sample_benchmark(dec, tokenizer, items, samples, seed, graph):
    """(scores of every item, {id: text} of every 37th item as examples)"""
    stop = tokenizer.token_to_id("<|im_end|>")
    items = benchmarks.longest_first(items)
    prompts = [tokenizer.encode(corpus.prompt(i["question"]), add_special_tokens=False).ids
               for i in items for _ in range(samples)]
    ids, accepted, drafted = decoder.generate(dec, prompts, stop, seed=seed, graph=graph)
    texts = tokenizer.decode_batch(ids, skip_special_tokens=False)
    graded = [{"text": text, "tokens": len(x), "cut": not x or x[-1] != stop, "accepted": a, "drafted": d}
              for text, x, a, d in zip(texts, ids, accepted, drafted)]
    scores = [scoring.score_question(item, graded[n * samples:(n + 1) * samples])
              for n, item in enumerate(items)]
    return scores, {items[n]["id"]: texts[n * samples] for n in range(0, len(items), 37)}


def held_out_documents(tokenizer, tokens, seed=77):
    """Documents of levels 3-6 of the held-out split with about so many answer tokens."""
    rng, chosen, count = random.Random(seed), [], 0
    families = [f for f in corpus.FAMILIES]
    while count < tokens:
        problem = corpus.generate(rng, families[len(chosen) % len(families)], rng.randint(3, 6),
                                  split="held-out")
        if problem.family == "tracking" and problem.level > 4:
            continue
        pieces = corpus.document(problem)
        prompt = tokenizer.encode(pieces[0][0], add_special_tokens=False).ids
        whole = tokenizer.encode("".join(t for t, _ in pieces), add_special_tokens=False).ids
        if len(whole) <= 640:
            chosen.append((whole, len(prompt)))
            count += len(whole) - len(prompt)
    return chosen


@torch.no_grad()
def log_probabilities(config, weights, rounding, documents, device):
    """FP32 log probabilities of every answer token's position, documents side by side."""
    length = max(len(ids) for ids, _ in documents)
    dec = decoder.Decoder(config, weights, rounding, len(documents), length, device, torch.float32)
    ids = torch.zeros(len(documents), length, dtype=torch.long)
    use = torch.zeros(len(documents), length, dtype=torch.bool)
    for i, (whole, prompt) in enumerate(documents):
        ids[i, :len(whole)] = torch.tensor(whole)
        use[i, prompt - 1:len(whole) - 1] = True
    ids, use = ids.to(device), use.to(device)
    rows, targets = [], []
    for t in range(length - 1):
        logits, _ = dec.step(ids[:, t], torch.full((len(documents),), t, device=device))
        rows.append(logits[use[:, t]].log_softmax(-1))
        targets.append(ids[:, t + 1][use[:, t]])
    return torch.cat(rows), torch.cat(targets)


def divergence(base, other, targets):
    kl = (base.exp() * (base - other)).sum(-1)
    return {"kl": float(kl.mean()), "kl_half": float(1.96 * kl.std() / len(kl) ** 0.5),
            "flips": float((base.argmax(-1) != other.argmax(-1)).float().mean()),
            "nll": float(-other.gather(1, targets[:, None]).mean()), "tokens": len(targets)}


def chosen_items(arguments):
    """(short questions, long ones): they are sampled apart, since a slot's cache has one length."""
    items = benchmarks.of_families(benchmarks.read_all(arguments.benchmarks), arguments.families)
    items = [i for i in items if (arguments.all_levels or i["mix"])
             and int(i["id"][-3:]) < arguments.per_level]
    return ([i for i in items if not benchmarks.is_long(i)],
            [i for i in items if benchmarks.is_long(i)])


def sampled(arguments, tokenizer, weights, rounding):
    """The report of one recipe: every chosen question sampled and graded."""
    cuda = arguments.device != "cpu"
    short, long = chosen_items(arguments)
    scores, examples = [], {}
    for items, slots, length in ((short, arguments.slots, arguments.length),
                                 (long, LONG_SLOTS, benchmarks.LONG_LIMIT_TOKENS)):
        if not items:
            continue
        dec = decoder.Decoder(config_of(weights), weights, rounding,
                              min(slots, len(items) * arguments.samples), length, arguments.device,
                              torch.bfloat16 if cuda else torch.float32, cuda)
        more, shown = sample_benchmark(dec, tokenizer, items, arguments.samples, arguments.seed, cuda)
        scores += more
        examples |= shown
        del dec                          # its cache must go before the next one comes
    return scoring.report(scores) | {"examples": examples}


def evaluate(arguments):
    """{recipe: figures}, written to the output file after every recipe."""
    tokenizer = Tokenizer.from_file(arguments.tokenizer)
    weights = load_file(arguments.model)
    documents = held_out_documents(tokenizer, arguments.kl) if arguments.kl else None
    result, base = {}, None
    for recipe in arguments.recipes.split(","):
        started = time.time()
        rounded, rounding = quantize.quantized(weights, recipe)
        entry = result.setdefault(recipe, {})
        if documents:
            logs, targets = log_probabilities(config_of(weights), rounded, rounding, documents,
                                              arguments.device)
            base = logs if base is None else base
            entry["divergence"] = divergence(base, logs, targets)
        if arguments.samples:
            entry |= sampled(arguments, tokenizer, rounded, rounding)
        entry["seconds"] = round(time.time() - started, 1)
        print(recipe, json.dumps({k: entry[k] for k in ("mix", "divergence", "seconds") if k in entry}),
              flush=True)
        with open(arguments.out, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("model", "tokenizer", "benchmarks", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--recipes", default="bf16",
                        help="comma-separated; the first is what the divergence compares with")
    parser.add_argument("--families", default="")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--per-level", type=int, default=1000)
    parser.add_argument("--all-levels", action="store_true", help="not only the default mix")
    parser.add_argument("--kl", type=int, default=0, help="answer tokens for the divergence")
    parser.add_argument("--slots", type=int, default=1024, help="sequences at once")
    parser.add_argument("--length", type=int, default=2048, help="tokens of a sequence, prompt included")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for recipe in arguments.recipes.split(","):
        if recipe not in quantize.RECIPES:
            parser.error(f"--recipes {recipe}: none of {','.join(quantize.RECIPES)}")
    torch._dynamo.config.cache_size_limit = 64
    torch.set_float32_matmul_precision("highest")
    evaluate(arguments)


if __name__ == "__main__":
    main()
