"""Packs the yardstick for quantization algorithms from the oracle collection (its README.md, section 5).

  make_yardstick.py COLLECTION/yardstick yardstick.tar.xz     (safetensors 0.8.0, torch 2.14.0)

Kept: the one-block model whose embedding table is the activation set (ids 0..3071 calibration, 3072..4095
held out), transformers' output of the first held-out sequence, and the figures of llm-compressor 0.14.0.1 and
auto-round 0.15.1. Left out: the tokenizer, the other outputs, the tools' codes.
"""
import io, lzma, sys, tarfile
from safetensors.torch import load_file, save

source, target = sys.argv[1:]
outputs = save({"heldout_out": load_file(f"{source}/block_heldout.safetensors")["heldout_out"][:128].contiguous()})
files = {name: open(f"{source}/{path}", "rb").read() for name, path in (
    ("config.json", "base/config.json"), ("model.safetensors", "base/model.safetensors"), ("results.json", "results.json"))}
files["block_heldout.safetensors"] = outputs
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
    for name in sorted(files):
        entry = tarfile.TarInfo(f"yardstick/{name}")
        entry.size = len(files[name])
        archive.addfile(entry, io.BytesIO(files[name]))
filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "pb": 1, "lp": 1, "lc": 3}]
open(target, "wb").write(lzma.compress(tar.getvalue(), format=lzma.FORMAT_XZ, filters=filters))
