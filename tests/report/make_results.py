#!/usr/bin/env python3
"""Writes results.json.xz beside itself: MADE-UP numbers in the shape of docs/study.md, for the tests of the report alone. Nothing was
measured. Every part of the shape is there at least once, and every way for a part to be absent: a served variant, a failed one,
figures with too few requests."""
import json
import lzma
import math
import pathlib
import random

draw = random.Random(7)
BENCHMARKS = {"arith": 0.74, "lists": 0.81, "vars": 0.55}
VARIANTS = {  # loss of accuracy, ratio of tokens, KL, bytes of Linears a weight
    "bf16": (0.0, 1.0, 0.0, 2.0),
    "bf16-again": (0.004, 1.002, 0.0002, 2.0),
    "int4-autoround": (0.025, 1.03, 0.009, 0.52),
    "fp8-block128": (-0.006, 0.995, 0.0008, 1.02),
    "nvfp4": (0.19, 1.22, 0.21, 0.57),
    "nvfp4-autoround": (0.06, 1.08, 0.04, 0.57),
    "served": (0.01, 1.01, None, None),
}


def r(x):
    return float(f"{x:.4g}")


def f(value, half, low=-math.inf, high=math.inf):
    return {"value": r(value), "lo": r(max(low, value - half)), "hi": r(min(high, value + half))}


def share(value, half):
    return f(min(max(value, 0), 1), half, 0, 1)


def verdict(delta, margin):
    if delta["hi"] < 0:
        return "worse within margin" if delta["lo"] > -margin else "worse"
    return "lossless" if delta["lo"] > -margin else "undecided"


def delta_of(loss, half, margin, extra):
    d = f(-loss, half)
    p = min(1, math.exp(-(loss / half) ** 2 * 2))
    return d | {"standard_error": r(half / 2), **extra, "p": r(p), "p_holm": r(min(1, 5 * p)), "verdict": verdict(d, margin)}


def by_k(at_one, up, half):
    return {str(k): share(at_one + up * math.log2(k), half) for k in (1, 2, 4, 8)}


def benchmark(name, variant):
    loss, ratio, _, _ = VARIANTS[variant]
    accuracy = BENCHMARKS[name] - loss * (1.4 if name == "vars" else 0.8)
    tokens = 260 * ratio * (1.3 if name == "lists" else 1)
    cut = max(0, round(96 * loss * 0.5))
    budgets = [32 * 2**i for i in range(7)]
    ended = [r(1 / (1 + (tokens / t) ** 2.6)) for t in budgets]
    out = {
        "n": 24, "questions": 24, "K": 8, "samples": 8,
        "settings": {"title": f"Made-up {name}", "licence": "Apache-2.0", "majority": name != "lists", "grader": "exact 1", "thinking": True,
                     "seed": 42, "sampling": {"temperature": 0.8, "max_tokens": 1536}},
        "outcomes": {"answered": 192 - 2 * cut, "truncated_thinking": cut, "truncated_answer": cut // 3, "no_answer": cut - cut // 3,
                     "loop": cut // 2, "transport_error": 0, "sandbox_error": 0},
        "warnings": 3 if variant == "served" else 0,
        "accuracy": share(accuracy, 0.09) | {"rerun_error": 0.012, "clusters": 5, "clustered_error": 0.05},
        "scores": {"lenient": share(accuracy + 0.01, 0.09)},
        "pass_at": by_k(accuracy, 0.07, 0.08), "pass_hat": by_k(accuracy, -0.1, 0.09), "g_pass_at": by_k(accuracy, 0.02, 0.09),
        "tokens": {"prompt": f(48, 3), "thinking": f(tokens - 9, 30), "answer": f(9, 1), "generated": f(tokens, 30),
                   "lengths": {"median": f(tokens * 0.9, 15), "p90": f(tokens * 2.1, 50), "p99": None, "longest": r(tokens * 5.5),
                               "truncation_rate": share(cut / 192, 0.02), "correlation_with_right": f(-0.2, 0.1),
                               "accuracy_at_budget": [{"tokens": t, "accuracy": r(e * accuracy), "ended": e}
                                                      for t, e in zip(budgets, ended)]}},
    }
    if name != "lists":
        out["maj_at"], out["maj_tied"] = by_k(accuracy, 0.03, 0.09), by_k(0.0 if name == "arith" else 0.02, 0.015, 0.03)
    if variant == "served":
        out["thinking_seen"] = {"reasoning_content": 192}
    if variant != "bf16":
        part = loss * (1.4 if name == "vars" else 0.8)
        half = 0.015 + 0.05 * draw.random()
        out["delta"] = delta_of(part, half, 0.02, {"questions": 24, "mde": r(half * 1.4), "questions_needed": round(24 * (half / 0.02) ** 2)})
        out["flips"] = {"cross": r(0.1 + part), "lost": r(0.05 + part), "gained": 0.05, "self": 0.1, "self_base": 0.09, "excess": r(part**2 - 0.001),
                        "shared_seeds": variant != "bf16-again"}
        out["token_ratio"] = {"ratio": f(ratio, 0.03), "geometric_ratio": f(ratio * 0.995, 0.03),
                              "decomposition": {"total": r(tokens * (ratio - 1)), "right": r(tokens * (ratio - 1) * 0.4),
                                                "wrong": r(tokens * (ratio - 1) * -0.1), "failures": r(tokens * (ratio - 1) * 0.7)}}
    return out


def macro(variant):
    loss, ratio, _, _ = VARIANTS[variant]
    accuracy = sum(BENCHMARKS.values()) / 3 - loss
    out = {"benchmarks": 3, "accuracy": share(accuracy, 0.05), "tokens": f(290 * ratio, 20),
           "pass_at": by_k(accuracy, 0.07 if variant != "bf16-again" else 0.075, 0.05), "pass_hat": by_k(accuracy, -0.1, 0.05),
           "maj_at": by_k(accuracy, 0.03, 0.05), "maj_tied": by_k(0.01, 0.012, 0.02)}
    out["voted"] = {"benchmarks": 3, "pass_at": out["pass_at"]}
    if variant != "bf16":
        out["delta"] = delta_of(loss, 0.03, 0.05, {})
        out["token_ratio"] = f(ratio, 0.02)
    return out


def latency(ms, spread):
    return {"p50": f(ms, ms * 0.05), "p90": f(ms * spread, ms * 0.1), "p95": f(ms * spread * 1.2, ms * 0.2), "p99": None}


def classes(width):
    parts = {"embed_tokens": ("bf16", 1, 524288, 2), "lm_head": ("bf16", 1, 524288, 2), "linear_attn": (None, 30, 2400000, width),
             "self_attn": (None, 8, 600000, width), "mlp": (None, 24, 4700000, width), "mtp": ("bf16", 8, 800000, 2)}
    return [{"class": c, "format": form or ("bf16" if width == 2 else "quantized"), "modules": m, "parameters": n, "bytes": int(n * b)}
            for c, (form, m, n, b) in parts.items()]


def local(variant):
    loss, _, kl, width = VARIANTS[variant]
    parts = classes(width)
    size = sum(p["bytes"] for p in parts)
    speed = 1.5 - 0.25 * width
    runs = [{"concurrency": c, "prompt_tokens": 512, "draft_tokens": d, "rounds": 3, "requests": 8 * c, "ttft_ms": latency(40 * c**0.7 / speed, 1.2),
             "tpot_ms": latency(1.4 * c**0.6 / speed, 1.1), "e2e_ms": latency(400 * c**0.6 / speed, 1.2),
             "prefill_tokens_per_s": f(4400 * speed, 90), "decode_tokens_per_s": f(680 * c**0.5 * speed * (1 + 0.4 * d), 20)}
            for c in (1, 16) for d in (0, 1)]
    accept = 0.86 - 0.6 * loss
    out = {
        "size": {"bytes": size, "parameters": 9548576, "bits_per_weight": r(8 * size / 9548576), "by_class": parts},
        "speed": {"runs": runs, "natural": {"concurrency": 16, "samples": 576, "ttft_ms": latency(160, 1.3), "ttfa_ms": latency(900 + 2000 * loss, 1.9),
                                            "tpot_ms": latency(4 / speed, 1.1), "e2e_ms": latency(1100 + 2000 * loss, 1.8),
                                            "seconds_per_correct": f(0.11 / speed / (1 - loss), 0.005), "tokens_per_correct": f(400 / (1 - loss), 18)}},
        "memory": {"weights": [{k: p[k] for k in ("class", "format", "bytes")} for p in parts], "weight_bytes": size, "kv_bytes_per_token": 1024,
                   "state_bytes_per_sequence": 600000, "workspace_bytes": 3500000, "predicted_bytes": size + 30e6, "measured_bytes": size + 31e6,
                   "at": {"concurrency": 16, "context_tokens": 1024},
                   "growth": [{"concurrency": c, "context_tokens": t, "bytes": size + 5e6 + c * (600000 + 1024 * t)} for c in (1, 16)
                              for t in (1024, 4096, 16384, 32768)],
                   "fits": [{"gigabytes": g, "largest_context": 32768, "limited_by": "model", "largest_batch": int(g * 600), "batch_context": 8192}
                            for g in (16, 24, 32, 48, 80, 96)]},
        "mtp": {"available": True,
                "runs": [{"concurrency": c, "prompt_tokens": 512, "draft_tokens": d, "drafts": 900, "acceptance": [share(accept - 0.07 * i, 0.02) for i in range(d)],
                          "mean_length": f(1 + accept * d * 0.9, 0.03), "speedup": f(1 + 0.35 * d**0.5 - 0.02 * c, 0.04)} for c in (1, 16) for d in (1, 3)],
                "first_drafts": {"drafts": 1200, "accepted": 960, "acceptance": share(accept - 0.02, 0.02)},
                "by_context": [{"bucket": b, "drafts": 400, "accepted": 320, "acceptance": share(accept - s, 0.03)}
                               for b, s in (("0-256", 0), ("256-1k", 0.02), ("1k-4k", 0.05))],
                "by_segment": [{"segment": b, "drafts": 400, "accepted": 320, "acceptance": share(accept - s, 0.03)}
                               for b, s in (("thinking", 0), ("answer", -0.05))],
                "offline": {"one_minus_tv": share(accept + 0.01, 0.01), "same_noise": share(accept - 0.01, 0.02), "tokens": 4000}},
    }
    if variant != "bf16":
        floor = summary(0.00005)
        out["fidelity"] = {"all": summary(kl), "by_position": {"0-1k": summary(kl), "1k-4k": summary(kl * 1.3)},
                           "by_confidence": {"0-.25": summary(kl * 4), ".25-.5": summary(kl * 3), ".5-.75": summary(kl * 2), ".75-.95": summary(kl),
                                             ".95-1": summary(kl * 0.3)},
                           "by_segment": {"prompt": summary(kl * 1.2), "thinking": summary(kl), "think_end": summary(kl * 0.5), "answer": summary(kl * 0.8)},
                           "noise_floor": floor, "texts": "own traces"}
    return out


def summary(kl):
    e = lambda value, error, low=-math.inf, high=math.inf: f(value, 2 * error, low, high) | {"error": r(error)}
    return {"tokens": 5000, "sequences": 64, "kl": {"mean": e(kl, kl / 10, 0), "median": r(kl / 20), "p90": r(kl * 2), "p99": r(kl * 15), "p99.9": r(kl * 60),
                                                    "max": r(kl * 150)},
            "total_variation": e(kl**0.5 * 0.2, 0.002, 0, 1), "sampled_variation": e(kl**0.5 * 0.18, 0.002, 0, 1), "same_top": e(1 - kl**0.5 * 0.15, 0.002, 0, 1),
            "probability_change": {"mean": e(-kl * 0.1, 0.001), "rms": r(kl**0.5 * 0.2)},
            "perplexity": {"base": e(1.38, 0.01), "model": e(1.38 + kl, 0.01), "log_ratio": e(kl * 0.7, kl * 0.1)}}


def about(variant):
    kind = {"bf16": "base", "bf16-again": "control", "served": "endpoint", "broken": "recipe"}.get(variant, "recipe")
    out = {"kind": kind, "recipe": None, "algorithm": None, "format": None, "activations": None, "kept": [], "mtp": None, "calibration": None, "settings": None,
           "load": None, "stands_for": None, "differs": None, "seconds": None}
    if kind == "recipe":
        tuned = "autoround" in variant
        out |= {"recipe": variant, "algorithm": "autoround" if tuned else "rtn", "format": "made-up format of " + variant,
                "activations": "nvfp4-local" if "nvfp4" in variant else "none", "kept": ["linear_attn.in_proj_a", "linear_attn.in_proj_b"], "mtp": "bf16",
                "calibration": "128 made-up sequences" if tuned else None, "settings": {"iters": 20} if tuned else {},
                "stands_for": "somebody/Published-" + variant, "differs": "fewer iterations" if tuned else None, "seconds": 41.5 if tuned else 0.9}
    if kind == "base":
        out["stands_for"] = "somebody/Published-BF16"
    return out


TOP = [["1", 0.61], ["2", 0.2], [" <b>", 0.1], ["\n", 0.05], ["so", 0.01]]
EXAMPLES = [{"benchmark": "arith", "question": "arith-17", "sample": 3, "prompt": "What is 3 * (4 + 5)?", "gold": "27", "kind": "lost",
             "base_text": "4 + 5 = 9, so 3 * 9 = 27.</think>\nThe answer is 27.",
             "variant_text": "4 + 5 = 9, so 3 * 9 = 28, and <b>& that</b> is it.</think>\nThe answer is 28.", "base_answer": "27", "variant_answer": "28",
             "base_top": TOP, "variant_top": TOP[::-1], "same_bytes": 23},
            {"benchmark": "vars", "question": "vars-2", "sample": 0, "prompt": "x = 1; y = x + 1; y?", "gold": "2", "kind": "gained",
             "base_text": "y = 3", "variant_text": "y = 2", "base_answer": None, "variant_answer": "2", "base_top": None, "variant_top": None, "same_bytes": 4}]

variants = {}
for v in VARIANTS:
    variants[v] = {"about": about(v), "benchmarks": {b: benchmark(b, v) for b in BENCHMARKS}, "macro": macro(v)}
    if v == "served":
        variants[v]["speed"] = {"runs": [], "natural": {"concurrency": 16, "samples": 576, "ttft_ms": latency(60, 2), "e2e_ms": latency(3000, 1.6),
                                                        "seconds_per_correct": None, "tokens_per_correct": f(410, 18)}}
    else:
        variants[v] |= local(v)
variants["nvfp4"]["examples"] = EXAMPLES
lists = variants["served"]["benchmarks"]["lists"]
for part in ("delta", "flips", "token_ratio"):
    del lists[part]
lists["not_compared"] = "the base was asked with other prompts (made up)"
variants["broken"] = {"about": about("broken"), "failed": {"stage": "quantize", "reason": "made up: there is no such tensor"}, "benchmarks": {}}

results = {
    "version": 1, "base": "bf16", "margins": {"macro": 0.05, "benchmark": 0.02}, "seed": 42,
    "study": {"name": "made-up", "date": "2026-01-01",
              "base": {"folder": "models/made-up", "architecture": "qwen3_5", "parameters": 9548576,
                       "note": "Every number of this page is made up, to test the page."},
              "machine": {"cpu": "a made-up CPU", "cores": 2, "threads": 2, "memory_bytes": 8e9, "instructions": "AVX-512", "system": "Linux"},
              "program": {"version": "0.1.0", "commit": "0000000", "backend": "cpu"},
              "settings": {"base": "models/made-up", "samples": {"default": 8}, "margin": {"macro": 0.05}}, "command": "quantrial study made-up.yaml -o out",
              "seconds": {"quantize": 120, "fidelity": 50, "evaluate": 400, "speed": 80}, "full_run": {"description": "1,000 questions x 8", "seconds": 5400}},
    "findings": [{"claim": "NVFP4 of all Linears loses the most", "verdict": "reproduced", "evidence": "made up: -19 points [-22, -16]"},
                 {"claim": "FP8 is as good as BF16", "verdict": "undecided", "evidence": "made up: +0.6 points [-2.4, +3.6]"}],
    "variants": variants,
    "kl_against_accuracy": {"variants": 5, "correlation": -0.83},
    "not_run": {"code": "made up: there is no sandbox here"},
    "attribution": None,
}
path = pathlib.Path(__file__).with_name("results.json.xz")
path.write_bytes(lzma.compress(json.dumps(results, separators=(",", ":")).encode() + b"\n", preset=9))
