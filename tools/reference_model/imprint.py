"""Imprint outlier channels without changing the function (docs/decisions/0010-imprinted-outliers.md).

    python3 imprint.py --weights IN.safetensors --rows ROWS.npy --out OUT.safetensors --scales SCALES.json
    python3 imprint.py --undo --weights SHIPPED.safetensors --scales SCALES.json --out TWIN.safetensors

The first form measures the untouched model, draws the channels and writes the shipped weights and the
scales; the second makes the untouched twin from the shipped weights, bit for bit.
"""
import argparse
import hashlib
import json
import math
import random
import statistics

import numpy
import torch
from safetensors.torch import load_file, save_file

import model
from data import FIRST, TOKEN
from evaluate import config_of

RATIO = 32                   # largest channel over the median one; decision 0010
SHARE = 0.01                 # of the independent channels, rounded up
SEED = 10


def channel_maxima(config, weights, rows, device="cpu"):
    """Largest |x_j| before every Linear, over packed rows; the unquantized model in FP32."""
    weights = {n: v.float().to(device) for n, v in weights.items()}
    names = {v.data_ptr(): n for n, v in weights.items()}
    maxima = {}
    plain = model.linear

    def observed(x, w):
        name = names.get(w.data_ptr())
        if name:
            largest = x.detach().abs().float().flatten(0, -2).amax(0)
            maxima[name] = torch.maximum(maxima[name], largest) if name in maxima else largest
        return plain(x, w)
    network = model.Network(config, torch.float32, device, length=rows.shape[1])
    model.linear = observed
    try:
        with torch.no_grad():
            for row in rows.split(1):
                row = row.to(device)
                first = (row & FIRST) > 0
                segment = first.cumsum(1)
                network.hidden(weights, (row & TOKEN).long(), segment, first, network.mask(segment))
    finally:
        model.linear = plain
    return {n: v.cpu() for n, v in maxima.items()}


def places(config):
    """Where scales go: (the tensor whose rows or gains grow, how they map to the input columns of the
    consuming Linears, the consumers). `columns[c]` lists the columns that channel c feeds."""
    c, found = config, []
    hidden = [[i] for i in range(c.hidden_size)]
    layers = model.layer_prefixes(c)[:-1]
    for prefix, full in layers:
        names = (["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"] if full else
                 [f"linear_attn.in_proj_{x}" for x in ("qkv", "z", "a", "b")])
        found.append(("norm", prefix + "input_layernorm.weight", hidden, [prefix + n for n in names]))
        found.append(("norm", prefix + "post_attention_layernorm.weight", hidden,
                      [prefix + "mlp.gate_proj", prefix + "mlp.up_proj"]))
    for prefix, _ in layers:
        columns = [[i] for i in range(c.intermediate_size)]
        found.append(("rows", prefix + "mlp.up_proj.weight", columns, [prefix + "mlp.down_proj"]))
    for prefix, full in layers:
        if not full:
            size = c.linear_value_head_dim
            columns = [[h * size + i for h in range(c.linear_num_value_heads)] for i in range(size)]
            found.append(("rows", prefix + "linear_attn.norm.weight", columns,
                          [prefix + "linear_attn.out_proj"]))
    for prefix, full in layers:
        if full:
            group = c.num_attention_heads // c.num_key_value_heads
            columns = [[(h * group + g) * c.head_dim + i for g in range(group)]
                       for h in range(c.num_key_value_heads) for i in range(c.head_dim)]
            found.append(("rows", prefix + "self_attn.v_proj.weight", columns,
                          [prefix + "self_attn.o_proj"]))
    return found


def draw_exponents(config, maxima):
    """{tensor: {channel: e}} by the rule of decision 0010."""
    rng, exponents, shared = random.Random(SEED), {}, None
    for kind, tensor, columns, consumers in places(config):
        count = math.ceil(SHARE * len(columns))
        if kind == "norm":
            shared = shared or sorted(rng.sample(range(len(columns)), count))
            channels = shared
        else:
            channels = sorted(rng.sample(range(len(columns)), count))
        m = maxima[consumers[0] + ".weight"]
        middle = float(m.median())
        exponents[tensor] = {
            c: max(0, round(math.log2(RATIO * middle / max(float(m[columns[c]].max()), 1e-12))))
            for c in channels}
    return exponents


def both_exact(w, exponent):
    """The value nearest to w such that it and (1 + it) 2^e - 1 are both BF16 numbers."""
    scaled = torch.tensor((1 + float(w)) * 2.0 ** exponent - 1).bfloat16()
    for distance in range(256):
        for sign in (1, -1):
            bits = scaled.view(torch.int16) + sign * distance
            gain = (float(bits.view(torch.bfloat16)) + 1) / 2.0 ** exponent
            if float(torch.tensor(gain - 1).bfloat16()) == gain - 1:
                return gain - 1
    raise ValueError(f"no BF16 gain near {w} for exponent {exponent}")


def twin_of(config, weights, exponents):
    """The untouched twin: the trained weights with the chosen norm gains moved to exact values."""
    twin, gains = dict(weights), {}
    for kind, tensor, _, _ in places(config):
        if kind == "norm":
            twin[tensor] = twin[tensor].clone()
            gains[tensor] = {}
            for channel, e in exponents[tensor].items():
                gains[tensor][channel] = both_exact(twin[tensor][channel], e)
                twin[tensor][channel] = gains[tensor][channel]
    return twin, gains


def rescaled(config, weights, exponents, sign, gains=None):
    """Apply (sign 1) or undo (sign -1) the scales; undoing takes the norm gains from `gains`."""
    new = {n: v.clone() for n, v in weights.items()}
    for kind, tensor, columns, consumers in places(config):
        for channel, e in exponents[tensor].items():
            factor = 2.0 ** (sign * e)
            if kind == "rows":
                new[tensor][channel] *= factor
            elif sign > 0:
                new[tensor][channel] = (1 + float(new[tensor][channel])) * factor - 1
            else:
                new[tensor][channel] = gains[tensor][channel]
            for name in consumers:
                new[name + ".weight"][:, columns[channel]] /= factor
    return new


def ratios(maxima):
    """Largest over median channel before every Linear."""
    return {n: float(m.max() / m.median()) for n, m in maxima.items()}


def digest(weights):
    """SHA-256 over names and bytes: what the twin must have."""
    sha = hashlib.sha256()
    for name in sorted(weights):
        sha.update(name.encode())
        sha.update(weights[name].contiguous().view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def keyed(table, convert):
    return {t: {int(c): convert(v) for c, v in channels.items()} for t, channels in table.items()}


def undo(weights, scales):
    twin = rescaled(config_of(weights), weights, keyed(scales["exponents"], int), -1,
                    keyed(scales["norm_weights"], float))
    if digest(twin) != scales["twin_sha256"]:
        raise SystemExit("the twin's bytes differ from those recorded in the scales file")
    return twin


def imprint(weights, rows, device):
    config = config_of(weights)
    maxima = channel_maxima(config, weights, rows, device)
    exponents = draw_exponents(config, maxima)
    twin, gains = twin_of(config, weights, exponents)
    shipped = rescaled(config, twin, exponents, 1)
    after = channel_maxima(config, shipped, rows, device)
    scales = {"decision": "docs/decisions/0010-imprinted-outliers.md", "ratio": RATIO, "share": SHARE,
              "seed": SEED, "tokens": rows.numel(), "twin_sha256": digest(twin),
              "shipped_sha256": digest(shipped), "exponents": exponents, "norm_weights": gains,
              "largest_over_median": {
                  n: [round(before, 2), round(ratios(after)[n], 2)]
                  for n, before in ratios(maxima).items() if n.startswith(model.BODY)}}
    if digest(rescaled(config, shipped, exponents, -1, gains)) != digest(twin):
        raise SystemExit("undoing the imprint does not give the twin's bytes")
    return shipped, scales


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", required=True)
    parser.add_argument("--scales", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--rows", help=".npy of packed rows of the training split")
    parser.add_argument("--tokens", type=int, default=65536)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--undo", action="store_true")
    arguments = parser.parse_args()
    weights = load_file(arguments.weights)
    if arguments.undo:
        with open(arguments.scales, encoding="utf-8") as file:
            save_file(undo(weights, json.load(file)), arguments.out, metadata={"format": "pt"})
        return
    if not arguments.rows:
        parser.error("--rows is needed: the outliers are measured on rows of the training split")
    rows = torch.from_numpy(numpy.load(arguments.rows).astype(numpy.int32))
    rows = rows[:max(1, arguments.tokens // rows.shape[1])]
    shipped, scales = imprint(weights, rows, arguments.device)
    save_file(shipped, arguments.out, metadata={"format": "pt"})
    with open(arguments.scales, "w", encoding="utf-8") as file:
        json.dump(scales, file, indent=1)
        file.write("\n")
    before, after = (statistics.median(side) for side in zip(*scales["largest_over_median"].values()))
    print(f"largest over median channel, median of the Linears: {before:.1f} before, {after:.1f} after; "
          f"digest {scales['shipped_sha256'][:16]}")


if __name__ == "__main__":
    main()
