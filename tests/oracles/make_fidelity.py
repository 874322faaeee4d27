"""Fidelity figures by scipy and numpy, for tests of evals/fidelity/.

  make_fidelity.py ENGINE_ORACLES fidelity.json      (scipy 1.17.1, numpy 2.4.6, safetensors 0.8.0)

`case`: random logits of two models along three texts, with every figure of fidelity_statistics.h.
`oracles`: the same figures between transformers' float32 logits of tiny/text and those of four checkpoints of
the reference tools with weights as stored and activations not quantized, prompts p64 and p7 (the unpacked
engine.tar.xz). scipy.special.rel_entr and log_softmax, numpy.percentile; nothing of quantrial runs here.
"""
import json
import sys

import numpy as np
import scipy
from safetensors.numpy import load_file
from scipy.special import log_softmax, rel_entr

SEGMENTS = ["text", "prompt", "thinking", "think_end", "answer"]
SAMPLING = {"temperature": .7, "top_k": 5, "top_p": .9, "min_p": .02}  # of the random case
TINY = {"temperature": 1.0, "top_k": 20, "top_p": .95, "min_p": 0.0}    # of tiny/text's generation_config.json
POSITIONS = [(0, 1024, "0-1k"), (1024, 4096, "1k-4k"), (4096, 16384, "4k-16k"), (16384, 65536, "16k-64k"), (65536, np.inf, "64k-")]
CONFIDENCES = [(0, .25, "0-.25"), (.25, .5, ".25-.5"), (.5, .75, ".5-.75"), (.75, .95, ".75-.95"), (.95, np.inf, ".95-1")]


def drawable(logits, temperature, top_k, top_p, min_p):
    """What vLLM's sampler draws from: min-p, then top-k (ties kept), then top-p, as sampling_parameters.h states."""
    kept = np.full(len(logits), -np.inf)
    p = np.exp(log_softmax(logits / temperature))
    chosen = (p >= min_p * p.max() * (1 - 1e-12))
    if 0 < top_k < len(logits):
        chosen &= logits >= np.sort(logits[chosen])[-min(top_k, chosen.sum())]
    order = [i for i in np.argsort(-logits, kind="stable") if chosen[i]]
    q = np.exp(log_softmax(logits[order] / temperature))
    order = order[: int(np.searchsorted(np.cumsum(q), top_p - 1e-12)) + 1]
    kept[order] = logits[order] / temperature
    return np.exp(log_softmax(kept))


def compare(base, model, following, sampling):
    log_p, log_q = log_softmax(base.astype(np.float64), axis=1), log_softmax(model.astype(np.float64), axis=1)
    p, q, rows = np.exp(log_p), np.exp(log_q), np.arange(len(following))
    return {"kl": rel_entr(p, q).sum(axis=1), "tv": np.abs(p - q).sum(axis=1) / 2,
            "sampled": np.array([np.abs(drawable(b, **sampling) - drawable(m, **sampling)).sum() / 2
                                 for b, m in zip(base.astype(np.float64), model.astype(np.float64))]), "base_nll": -log_p[rows, following],
            "model_nll": -log_q[rows, following], "confidence": p.max(axis=1), "same": (base.argmax(axis=1) == model.argmax(axis=1)) * 1.0}


def estimate(values, sequences):
    """Mean and its standard error with sequences as clusters: evaluation.md 2.2."""
    values, mean = np.asarray(values), np.mean(values)
    groups = np.unique(sequences)
    if len(groups) < 2:
        return {"value": mean, "error": None}
    sums = np.array([(values - mean)[sequences == g].sum() for g in groups])
    return {"value": mean, "error": np.sqrt(len(groups) / (len(groups) - 1) * (sums ** 2).sum()) / len(values)}


def exponential(e):
    return {"value": np.exp(e["value"]), "error": None if e["error"] is None else np.exp(e["value"]) * e["error"]}


def summary(tokens):
    sequences, kl = tokens["sequence"], tokens["kl"]
    change = np.exp(-tokens["model_nll"]) - np.exp(-tokens["base_nll"])
    quantiles = np.percentile(kl, [50, 90, 99, 99.9, 100])
    return {"tokens": len(kl), "sequences": len(np.unique(sequences)),
            "kl": {"mean": estimate(kl, sequences), **dict(zip(("median", "p90", "p99", "p99.9", "max"), quantiles))},
            "total_variation": estimate(tokens["tv"], sequences),
            "sampled_variation": estimate(tokens["sampled"], sequences), "same_top": estimate(tokens["same"], sequences),
            "probability_change": {"mean": estimate(change, sequences), "rms": np.sqrt((change ** 2).mean())},
            "perplexity": {"base": exponential(estimate(tokens["base_nll"], sequences)),
                           "model": exponential(estimate(tokens["model_nll"], sequences)),
                           "log_ratio": estimate(tokens["model_nll"] - tokens["base_nll"], sequences)}}


def part(tokens, chosen):
    return {k: v[chosen] for k, v in tokens.items()}


def breakdown(tokens):
    by = {"all": summary(tokens), "by_position": {}, "by_confidence": {}, "by_segment": {}}
    for low, high, name in POSITIONS:
        chosen = (tokens["position"] >= low) & (tokens["position"] < high)
        if chosen.any():
            by["by_position"][name] = summary(part(tokens, chosen))
    for low, high, name in CONFIDENCES:
        chosen = (tokens["confidence"] >= low) & (tokens["confidence"] < high)
        if chosen.any():
            by["by_confidence"][name] = summary(part(tokens, chosen))
    for i, name in enumerate(SEGMENTS):
        if (tokens["segment"] == i).any():
            by["by_segment"][name] = summary(part(tokens, tokens["segment"] == i))
    return by


def joined(texts):
    return {k: np.concatenate([t[k] for t in texts]) for k in texts[0]}


def random_case(rng):
    texts, stored = [], []
    for sequence, (T, first) in enumerate([(9, 1), (14, 1020), (20, 65530)]):
        base = (rng.normal(size=(T, 12)) * rng.choice([.5, 2, 6], size=(T, 1))).round(3).astype(np.float32)
        model = (base + rng.normal(size=base.shape) * rng.choice([.05, .5, 3], size=(T, 1))).round(3).astype(np.float32)
        base[0, 3] = base[0, 7] = base[0].max() + 1                   # a tie: the lowest id counts
        following = rng.integers(12, size=T)
        segment = rng.integers(5, size=T)
        texts.append(compare(base, model, following, SAMPLING) | {"sequence": np.full(T, sequence),
                                                        "position": first + np.arange(T), "segment": segment})
        stored.append({"base": base.round(3), "model": model.round(3), "next": following.tolist(),
                       "first_position": first, "segments": segment.tolist()})
    return {"texts": stored, "expected": breakdown(joined(texts)), "kl": joined(texts)["kl"]}


def oracle(folder, name):
    reference, quantized = load_file(f"{folder}/tiny/ref_logits.safetensors"), load_file(f"{folder}/{name}/ref/logits.safetensors")
    prompts = json.load(open(f"{folder}/tiny/prompts.json"))
    texts = []
    for sequence, prompt in enumerate(("p64", "p7")):
        T = len(prompts[prompt]) - 1
        texts.append(compare(reference[f"{prompt}.logits"][:T], quantized[f"{prompt}.logits.weight_only"][:T], np.array(prompts[prompt][1:]), TINY)
                     | {"sequence": np.full(T, sequence), "position": 1 + np.arange(T), "segment": np.zeros(T, int)})
    return breakdown(joined(texts))


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return plain(value.item()) if isinstance(value, np.generic) else value


folder, out = sys.argv[1:]
rng = np.random.default_rng(6)
names = ["autoround_int4", "awq_int4_g32", "fp8_hf_block128", "nvfp4_llmc"]
result = {"made_by": f"make_fidelity.py, scipy {scipy.__version__}, numpy {np.__version__}",
          "case": random_case(rng), "oracles": {name: oracle(folder, name) for name in names}}
json.dump(plain(result), open(out, "w"))
