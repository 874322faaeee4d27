#!/usr/bin/env python3
"""Small models of the family with other shapes than the tiny oracle, run by transformers in float32.

Writes OUT/<name>/ (checkpoint) and OUT/<name>/ref.safetensors: `logits` [rows, V] at the positions `rows` of
`tokens`. Made with Python 3.11, torch 2.15.0, safetensors 0.8.0, numpy 2.4.6 and transformers 5.23.0 (tied_shards,
equal_heads) or 5.24.0 (narrow_wide_heads, uneven).
    make_family.py OUT [NAME ...]
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig

VARIANTS = {
    # Tied embeddings, three shards, A_log and norm in float32 as Qwen3.5 stores them, 3,000 tokens.
    "tied_shards": dict(
        hidden_size=64, intermediate_size=96, num_hidden_layers=5, num_attention_heads=6,
        num_key_value_heads=2, head_dim=32, linear_num_key_heads=2, linear_num_value_heads=6,
        linear_key_head_dim=24, linear_value_head_dim=40, tie_word_embeddings=True, vocab_size=151,
        layer_types=["linear_attention", "full_attention", "linear_attention", "linear_attention",
                     "full_attention"], partial_rotary_factor=0.5, rope_theta=10000.0),
    # As many value heads as key heads, one key-value head a query head, untied.
    "equal_heads": dict(
        hidden_size=48, intermediate_size=80, num_hidden_layers=4, num_attention_heads=2,
        num_key_value_heads=2, head_dim=64, linear_num_key_heads=4, linear_num_value_heads=4,
        linear_key_head_dim=16, linear_value_head_dim=16, tie_word_embeddings=False, vocab_size=120,
        full_attention_interval=2, partial_rotary_factor=0.25, rope_theta=10000000.0),
    # The ratios of the 0.8B: key heads as value heads, wide attention heads of which 64 numbers turn, tied; six query heads
    # a key head, one attention layer in five.
    "narrow_wide_heads": dict(
        hidden_size=32, intermediate_size=320, num_hidden_layers=5, num_attention_heads=6,
        num_key_value_heads=1, head_dim=256, linear_num_key_heads=4, linear_num_value_heads=4,
        linear_key_head_dim=32, linear_value_head_dim=32, tie_word_embeddings=True, vocab_size=128,
        full_attention_interval=5, partial_rotary_factor=0.25, rope_theta=10000000.0),
    # No size a multiple of 16, attention first, a convolution of three rows, seven query heads a key head.
    "uneven": dict(
        hidden_size=100, intermediate_size=333, num_hidden_layers=3, num_attention_heads=7,
        num_key_value_heads=1, head_dim=40, linear_num_key_heads=1, linear_num_value_heads=3,
        linear_key_head_dim=46, linear_value_head_dim=20, tie_word_embeddings=False, vocab_size=77,
        layer_types=["full_attention", "linear_attention", "linear_attention"], partial_rotary_factor=0.5,
        rope_theta=500000.0, linear_conv_kernel_dim=3),
}
LENGTHS = {"tied_shards": 3000, "equal_heads": 200, "narrow_wide_heads": 3100, "uneven": 200}
SHARDS = {"tied_shards": 3}


def build(out, name, keys, length, shards):
    torch.manual_seed(sum(map(ord, name)))
    rotary = int(keys["head_dim"] * keys["partial_rotary_factor"]) // 2
    section = [rotary - 2 * (rotary // 3), rotary // 3, rotary // 3]
    rope = dict(rope_type="default", rope_theta=keys.pop("rope_theta"), mrope_section=section,
                partial_rotary_factor=keys.pop("partial_rotary_factor"), mrope_interleaved=True)
    keys = {"linear_conv_kernel_dim": 4, **keys}
    config = Qwen3_5TextConfig(rope_parameters=rope, max_position_embeddings=8192,
                               rms_norm_eps=1e-6, bos_token_id=1, eos_token_id=2, **keys)
    model = Qwen3_5ForCausalLM(config).float().eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            if key.endswith("A_log"):
                p.copy_(torch.empty_like(p).uniform_(0.05, 8).log())
            elif key.endswith("dt_bias"):
                p.copy_(torch.empty_like(p).uniform_(-4, 1))
            elif "norm" in key:
                p.add_(0.1 * torch.randn_like(p))
            elif p.dim() >= 2:
                p.copy_(torch.randn_like(p) * (1.2 / p.shape[-1] ** 0.5 if "embed" not in key else 0.3))
            if not (key.endswith("A_log") or key.endswith("linear_attn.norm.weight")):
                p.copy_(p.bfloat16().float())
        tokens = torch.randint(0, config.vocab_size, (1, length))
        logits = model(tokens).logits[0]
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v if k.endswith(("A_log", "linear_attn.norm.weight")) else v.bfloat16()
             for k, v in model.state_dict().items() if not (k == "lm_head.weight" and config.tie_word_embeddings)}
    weight_map = {}
    for i in range(shards):
        file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
        part = {k: state[k].contiguous() for k in sorted(state)[i::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map.update({k: file for k in part})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    text = config.to_dict()
    text.update(architectures=["Qwen3_5ForCausalLM"], dtype="bfloat16")
    (folder / "config.json").write_text(json.dumps(text, indent=1))
    rows = sorted({0, 1, 62, 63, 64, 65, 126, 127, 128, length // 2, length - 57, length - 2, length - 1} & set(range(length)))
    save_file({"tokens": tokens[0].int(), "rows": torch.tensor(rows, dtype=torch.int32),
               "logits": logits[rows].float().contiguous()}, folder / "ref.safetensors")
    print(name, "logits std", float(logits.std()), "absmax", float(logits.abs().max()))


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or VARIANTS:
        build(target, name, VARIANTS[name], LENGTHS[name], SHARDS.get(name, 1))
