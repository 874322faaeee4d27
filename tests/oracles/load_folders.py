#!/usr/bin/env python3
"""Loads the folders that tests/write_rounded_folders.cpp writes with transformers, compressed-tensors and auto-round, and
stores what the tools' own code makes of every quantized matrix: {folder: {tensor: {dtype, sha256}}}.

Made with Python 3.11, torch 2.15.0 (CPU), transformers 5.24.0, compressed-tensors 0.20.0, auto-round 0.16.1.
    write_rounded_folders oracles/tiny/mm FOLDERS && load_folders.py FOLDERS loaded_folders.json
"""
import hashlib
import json
import pathlib
import sys

import torch
from safetensors import safe_open
from transformers import AutoModelForImageTextToText, CompressedTensorsConfig

# transformers 5.24 with compressed-tensors 0.20 makes empty modules that packed zero points do not fit (llm-compressor's own
# AWQ files fail in the same way): these are decompressed while they are loaded.
DEQUANTIZED_ON_LOAD = ("int4_asymmetric",)
DTYPES = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32"}


def load(folder):
    options = {}
    if folder.name in DEQUANTIZED_ON_LOAD:
        options["quantization_config"] = CompressedTensorsConfig(dequantize=True)
    dtype = torch.float16 if folder.name == "int4_auto_round" else torch.bfloat16  # F16 scales would become BF16
    model, info = AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype, device_map="cpu",
                                                              output_loading_info=True, **options)
    if any(info.values()):
        sys.exit(f"{folder.name}: {info}")
    with torch.no_grad():
        logits = model(input_ids=torch.arange(1, 9)[None]).logits  # compressed-tensors decompresses in the first pass
    if not torch.isfinite(logits).all():
        sys.exit(f"{folder.name}: logits are not finite")
    return model


def dense(module):
    if type(module).__name__ == "QuantLinear":  # auto-round's INT4 computes in the type of its scales
        eye = torch.eye(module.infeatures, dtype=torch.float32)
        return module(eye).T.to(module.scales.dtype)
    return module.weight


def quantized(folder):
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = set(file.keys())
    return sorted({n.rsplit(".", 1)[0] for n in names if n.endswith((".weight_scale", ".weight_scale_inv", ".qweight"))})


def main():
    folders, out = map(pathlib.Path, sys.argv[1:])
    result = {}
    for folder in sorted(folders.iterdir()):
        modules = dict(load(folder).named_modules())
        result[folder.name] = {}
        for name in quantized(folder):
            with torch.no_grad():
                weight = dense(modules[name]).detach().contiguous() + 0  # -0 as 0: a product with 1 and 0 loses it
            data = weight.view(torch.uint8).numpy().tobytes()
            result[folder.name][name] = {"dtype": DTYPES[weight.dtype], "sha256": hashlib.sha256(data).hexdigest()}
        print(folder.name, len(result[folder.name]), "matrices")
    out.write_text(json.dumps(result, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
