#!/usr/bin/env python3
"""Writes a BF16 checkpoint of the family with random weights in 27B-like layers, for timing and memory of `quantize`.
Usage: make_synthetic_checkpoint.py OUT [--layers 2] [--hidden 5120] [--intermediate 17408] [--vocab 248320] [--tokenizer MODEL]
Needs Python alone. Weights are pieces of one random table: timing does not care. The last layer of every four is full attention;
--layers 2 gives one block of each kind. The tokenizer files of MODEL are copied where given."""
import argparse
import array
import json
import pathlib
import random
import shutil
import struct

parser = argparse.ArgumentParser()
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--layers", type=int, default=2)
parser.add_argument("--hidden", type=int, default=5120)
parser.add_argument("--intermediate", type=int, default=17408)
parser.add_argument("--vocab", type=int, default=248320)
parser.add_argument("--tokenizer", type=pathlib.Path)
parser.add_argument("--no-mtp", action="store_true")
args = parser.parse_args()

H, I, V, D, HEADS, KV, KH, VH, LD = args.hidden, args.intermediate, args.vocab, 256, 24, 4, 16, 48, 128
kinds = ["full_attention" if args.layers < 4 and i == args.layers - 1 or i % 4 == 3 else "linear_attention" for i in range(args.layers)]
config = {"architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5", "tie_word_embeddings": False, "text_config": {
    "model_type": "qwen3_5_text", "dtype": "bfloat16", "hidden_size": H, "intermediate_size": I, "num_hidden_layers": args.layers,
    "vocab_size": V, "num_attention_heads": HEADS, "num_key_value_heads": KV, "head_dim": D, "layer_types": kinds,
    "linear_num_key_heads": KH, "linear_num_value_heads": VH, "linear_key_head_dim": LD, "linear_value_head_dim": LD,
    "linear_conv_kernel_dim": 4, "attn_output_gate": True, "hidden_act": "silu", "partial_rotary_factor": 0.25,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000000, "partial_rotary_factor": 0.25, "mrope_section": [11, 11, 10],
                        "mrope_interleaved": True},
    "mtp_num_hidden_layers": 0 if args.no_mtp else 1, "max_position_embeddings": 262144, "rms_norm_eps": 1e-6, "tie_word_embeddings": False}}

draw = random.Random(1)
# BF16 bits of normal numbers of size 0.02: the upper half of a float's.
table = array.array("H", (struct.unpack("<I", struct.pack("<f", draw.gauss(0, 0.02)))[0] >> 16 for _ in range(1 << 20))).tobytes()
small = array.array("H", (struct.unpack("<I", struct.pack("<f", draw.gauss(0, 0.1)))[0] >> 16 for _ in range(1 << 16))).tobytes()


def attention(p):
    return {p + "self_attn.q_proj": [2 * HEADS * D, H], p + "self_attn.k_proj": [KV * D, H], p + "self_attn.v_proj": [KV * D, H],
            p + "self_attn.o_proj": [H, HEADS * D], p + "self_attn.q_norm": [D], p + "self_attn.k_norm": [D]}


def block(p, kind):
    shapes = attention(p) if kind == "full_attention" else {
        p + "linear_attn.in_proj_qkv": [2 * KH * LD + VH * LD, H], p + "linear_attn.in_proj_z": [VH * LD, H],
        p + "linear_attn.in_proj_a": [VH, H], p + "linear_attn.in_proj_b": [VH, H], p + "linear_attn.out_proj": [H, VH * LD],
        p + "linear_attn.conv1d": [2 * KH * LD + VH * LD, 1, 4], p + "linear_attn.norm": [LD],
        p + "linear_attn.A_log!": [VH], p + "linear_attn.dt_bias!": [VH]}
    return shapes | {p + "input_layernorm": [H], p + "post_attention_layernorm": [H], p + "mlp.gate_proj": [I, H],
                     p + "mlp.up_proj": [I, H], p + "mlp.down_proj": [H, I]}


L = "model.language_model."
shards = [{L + "embed_tokens": [V, H]}] + [block(f"{L}layers.{i}.", kind) for i, kind in enumerate(kinds)]
shards.append({L + "norm": [H], "lm_head": [V, H]})
if not args.no_mtp:
    shards.append({"mtp.fc": [H, 2 * H], "mtp.pre_fc_norm_embedding": [H], "mtp.pre_fc_norm_hidden": [H], "mtp.norm": [H]}
                  | block("mtp.layers.0.", "full_attention"))
args.out.mkdir(parents=True)
index = {}
for number, shard in enumerate(shards, 1):
    name = f"model-{number:05}-of-{len(shards):05}.safetensors"
    header, at, sizes = {}, 0, []
    for module, shape in shard.items():
        tensor = module[:-1] if module.endswith("!") else module + ".weight"
        count = 2
        for d in shape:
            count *= d
        header[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + count]}
        at += count
        index[tensor] = name
        sizes.append((count, len(shape)))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(args.out / name, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for count, rank in sizes:
            source, left = (table if rank == 2 else small), count
            shift = draw.randrange(1 << 12) * 2
            while left > 0:
                piece = source[shift:shift + left]
                out.write(piece)
                left -= len(piece)
                shift = 0
(args.out / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
(args.out / "config.json").write_text(json.dumps(config, indent=2))
if args.tokenizer:
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (args.tokenizer / file).exists():
            shutil.copy(args.tokenizer / file, args.out)
