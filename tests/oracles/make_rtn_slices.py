#!/usr/bin/env python3
"""Rows of the yardstick's weights and what llm-compressor 0.14.0.1 (compressed-tensors 0.19.0) made of them by round to
nearest, cut from the oracle collection: tensors `<module>.weight` (BF16) and `<format>.<module>.<tensor of the tool>` for
the formats int4g128 (symmetric), int4g32a (asymmetric) and nvfp4. weight_shape is cut to match.
    make_rtn_slices.py ORACLES OUT.safetensors
"""
import json
import pathlib
import struct
import sys

ROWS = 16
FORMATS = ("int4g128", "int4g32a", "nvfp4")


def read(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            yield name, entry["dtype"], entry["shape"], data[begin:end]


def cut(name, dtype, shape, data):
    if name.endswith("weight_shape"):
        return dtype, shape, struct.pack("<2q", ROWS, struct.unpack("<2q", data)[1])
    if name.endswith("global_scale"):
        return dtype, shape, data
    rows = ROWS // 8 if name.endswith("weight_zero_point") else ROWS
    return dtype, [rows, *shape[1:]], data[:len(data) // shape[0] * rows]


def main():
    oracles, out = map(pathlib.Path, sys.argv[1:])
    tensors = {}
    for name, *rest in read(oracles / "yardstick/base/model.safetensors"):
        if name.endswith("_proj.weight"):
            tensors[name] = cut(name, *rest)
    for fmt in FORMATS:
        for name, *rest in read(oracles / f"yardstick/codes/rtn_{fmt}.safetensors"):
            if "_proj." in name:
                tensors[f"{fmt}.{name}"] = cut(name, *rest)
    header, blob = {}, b""
    for name, (dtype, shape, data) in sorted(tensors.items(), key=lambda t: (t[1][0] not in ("I64",), t[1][0] != "I32",
                                                                              t[1][0] != "F32", t[1][0] != "BF16", t[0])):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    out.write_bytes(struct.pack("<Q", len(text)) + text + blob)


if __name__ == "__main__":
    main()
