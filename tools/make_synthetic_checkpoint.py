#!/usr/bin/env python3
"""Writes a checkpoint of the family with random weights, in any format that quantrial reads: for timing and memory of `quantize`, `bench`
and everything else whose speed does not care what the numbers say.
Usage: make_synthetic_checkpoint.py OUT [--shape 0.8b|4b|27b] [--format bf16|fp8|int4-g128|int4-g32|nvfp4|nvfp4-w4a4]
  [--layers N] [--hidden K] [--intermediate K] [--vocab N] [--tokenizer MODEL] [--no-mtp]
Needs Python alone; a second a gigabyte. Without --shape: two layers of the 27B, one of each kind. The last layer of every four is full
attention. Packed formats hold random codes and scales that give weights of size 0.02: fp8 as Hugging Face writes it (inputs in FP8 too),
the others as compressed-tensors does (int4-g128 symmetric, int4-g32 asymmetric). Head, embedding, in_proj_a, in_proj_b and MTP are BF16.
Every tensor starts at a multiple of 64 bytes of its file where its size lets it. The tokenizer files of MODEL are copied where given."""
import argparse
import array
import bisect
import json
import math
import pathlib
import random
import shutil
import struct

# Layers, hidden, intermediate, attention heads, key/value heads, GDN key heads, GDN value heads, tied embeddings (published configs).
SHAPES = {"0.8b": (24, 1024, 3584, 8, 2, 16, 16, True), "4b": (32, 2560, 9216, 16, 4, 16, 32, True),
          "27b": (64, 5120, 17408, 24, 4, 16, 48, False)}
FORMATS = ("bf16", "fp8", "int4-g128", "int4-g32", "nvfp4", "nvfp4-w4a4")
D, LD, ALIGNMENT = 256, 128, 64  # head sizes of full and linear attention; bytes

parser = argparse.ArgumentParser()
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--shape", choices=SHAPES)
parser.add_argument("--format", choices=FORMATS, default="bf16")
parser.add_argument("--layers", type=int)
parser.add_argument("--hidden", type=int)
parser.add_argument("--intermediate", type=int)
parser.add_argument("--vocab", type=int, default=248320)
parser.add_argument("--tokenizer", type=pathlib.Path)
parser.add_argument("--no-mtp", action="store_true")
args = parser.parse_args()

layers, H, I, HEADS, KV, KH, VH, TIED = SHAPES[args.shape or "27b"]
layers, H, I, V = args.layers or (layers if args.shape else 2), args.hidden or H, args.intermediate or I, args.vocab
if args.format != "bf16" and (H % 128 or I % 128):
    parser.error("--hidden and --intermediate must be multiples of 128 for packed formats")
kinds = ["full_attention" if layers < 4 and i == layers - 1 or i % 4 == 3 else "linear_attention" for i in range(layers)]
config = {"architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5", "tie_word_embeddings": TIED, "text_config": {
    "model_type": "qwen3_5_text", "dtype": "bfloat16", "hidden_size": H, "intermediate_size": I, "num_hidden_layers": layers,
    "vocab_size": V, "num_attention_heads": HEADS, "num_key_value_heads": KV, "head_dim": D, "layer_types": kinds,
    "linear_num_key_heads": KH, "linear_num_value_heads": VH, "linear_key_head_dim": LD, "linear_value_head_dim": LD,
    "linear_conv_kernel_dim": 4, "attn_output_gate": True, "hidden_act": "silu", "partial_rotary_factor": 0.25,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000000, "partial_rotary_factor": 0.25, "mrope_section": [11, 11, 10],
                        "mrope_interleaved": True},
    "mtp_num_hidden_layers": 0 if args.no_mtp else 1, "max_position_embeddings": 262144, "rms_norm_eps": 1e-6, "tie_word_embeddings": TIED}}

draw = random.Random(1)


def bfloat16s(count, make):
    return array.array("H", (struct.unpack("<I", struct.pack("<f", make()))[0] >> 16 for _ in range(count))).tobytes()


def e4m3_codes(count, size):
    """Codes of normal numbers of this size, to the nearest magnitude below."""
    magnitudes = [math.ldexp(c % 8 / 8 + (c > 7), max(c >> 3, 1) - 7) for c in range(0x7f)]
    return bytes(bisect.bisect(magnitudes, abs(x := draw.gauss(0, size))) - 1 | (x < 0) << 7 for _ in range(count))


# Random bytes that tensors are pieces of, by what the tensor holds; all of 2^20 or fewer numbers.
tables = {
    "matrix": bfloat16s(1 << 20, lambda: draw.gauss(0, 0.02)),
    "vector": bfloat16s(1 << 16, lambda: draw.gauss(0, 0.1)),
    "codes": draw.randbytes(1 << 20),                                             # two of 4 bits a byte, all alike likely
    "fp8 codes": e4m3_codes(1 << 18, 100),
    "fp8 scales": struct.pack("<1024f", *(draw.uniform(1.5e-4, 2.5e-4) for _ in range(1024))),  # times 100
    "int4 scales": bfloat16s(1 << 16, lambda: draw.uniform(0.0035, 0.0052)),      # times 4.6, the size of code - 8
    "nvfp4 scales": bytes(draw.randrange(0x70, 0x7f) for _ in range(1 << 16)),    # 128 to 448; times 2.9, over 30,000
    "nvfp4 divisor": struct.pack("<f", 30000),
    "input divisor": struct.pack("<f", 200),
}


def packed(module, N, K):
    """What a Linear w[N,K] is stored as: (tensor, dtype, shape, table or bytes)."""
    if args.format == "fp8":
        return [(module + ".weight", "F8_E4M3", [N, K], "fp8 codes"),
                (module + ".weight_scale_inv", "F32", [-(-N // 128), -(-K // 128)], "fp8 scales")]
    if args.format.startswith("nvfp4"):
        tensors = [(module + ".weight_packed", "U8", [N, K // 2], "codes"), (module + ".weight_scale", "F8_E4M3", [N, K // 16], "nvfp4 scales"),
                   (module + ".weight_global_scale", "F32", [1], "nvfp4 divisor")]
        return tensors + ([(module + ".input_global_scale", "F32", [1], "input divisor")] if args.format == "nvfp4-w4a4" else [])
    group = 128 if args.format == "int4-g128" else 32
    tensors = [(module + ".weight_packed", "I32", [N, K // 8], "codes"), (module + ".weight_scale", "BF16", [N, K // group], "int4 scales"),
               (module + ".weight_shape", "I64", [2], struct.pack("<2q", N, K))]
    return tensors + ([(module + ".weight_zero_point", "I32", [-(-N // 8), K // group], "codes")] if group == 32 else [])


def quantization_config(unquantized):
    if args.format == "fp8":
        return {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128],
                "modules_to_not_convert": unquantized}
    inputs = None
    if args.format.startswith("nvfp4"):
        weights = {"num_bits": 4, "type": "float", "symmetric": True, "strategy": "tensor_group", "group_size": 16, "dynamic": False}
        inputs = weights | {"dynamic": "local"} if args.format == "nvfp4-w4a4" else None
    else:
        weights = {"num_bits": 4, "type": "int", "symmetric": args.format == "int4-g128", "strategy": "group",
                   "group_size": 128 if args.format == "int4-g128" else 32, "dynamic": False}
    container = "nvfp4-pack-quantized" if args.format.startswith("nvfp4") else "pack-quantized"
    return {"quant_method": "compressed-tensors", "format": container, "quantization_status": "compressed", "version": "0.20.0",
            "ignore": unquantized,
            "config_groups": {"group_0": {"targets": ["Linear"], "format": container, "weights": weights, "input_activations": inputs,
                                          "output_activations": None}}}


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


def tensors_of(shard):
    tensors = []
    for module, shape in shard.items():
        whole = len(shape) == 2 and ".layers." in module and not module.startswith("mtp.") and not module.endswith(("_a", "_b"))
        if args.format != "bf16" and whole:
            tensors += packed(module, *shape)
            continue
        if len(shape) == 2 and not module.endswith("embed_tokens"):
            unquantized.append(module)
        tensors.append((module[:-1] if module.endswith("!") else module + ".weight", "BF16", shape, "matrix" if len(shape) == 2 else "vector"))
    return tensors


def bytes_of(dtype, shape):
    return math.prod(shape) * {"U8": 1, "F8_E4M3": 1, "BF16": 2, "F32": 4, "I32": 4, "I64": 8}[dtype]


def write(path, tensors):
    # Sizes of many factors of 2 first: each tensor ends, and the next begins, at a multiple of its own.
    tensors = sorted(tensors, key=lambda t: -min(ALIGNMENT, bytes_of(*t[1:3]) & -bytes_of(*t[1:3])))
    header, at = {}, 0
    for name, dtype, shape, _ in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at := at + bytes_of(dtype, shape)]}
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, dtype, shape, source in tensors:
            data, left = tables[source] if isinstance(source, str) else source, bytes_of(dtype, shape)
            shift = draw.randrange(1 << 12) * 16 % len(data)
            while left > 0:
                piece = data[shift:shift + left]
                out.write(piece)
                left -= len(piece)
                shift = 0


L = "model.language_model."
shards = [{L + "embed_tokens": [V, H]}] + [block(f"{L}layers.{i}.", kind) for i, kind in enumerate(kinds)]
shards.append({L + "norm": [H]} | ({} if TIED else {"lm_head": [V, H]}))
if not args.no_mtp:
    shards.append({"mtp.fc": [H, 2 * H], "mtp.pre_fc_norm_embedding": [H], "mtp.pre_fc_norm_hidden": [H], "mtp.norm": [H]}
                  | block("mtp.layers.0.", "full_attention"))
args.out.mkdir(parents=True)
index, unquantized = {}, []
for number, shard in enumerate(shards, 1):
    name = f"model-{number:05}-of-{len(shards):05}.safetensors"
    tensors = tensors_of(shard)
    write(args.out / name, tensors)
    index |= {tensor[0]: name for tensor in tensors}
if args.format != "bf16":
    config["quantization_config"] = quantization_config(unquantized)
(args.out / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
(args.out / "config.json").write_text(json.dumps(config, indent=2))
if args.tokenizer:
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (args.tokenizer / file).exists():
            shutil.copy(args.tokenizer / file, args.out)
