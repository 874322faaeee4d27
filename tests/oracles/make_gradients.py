#!/usr/bin/env python3
"""Inputs, outputs and gradients of every operation of a decoder block and of both kinds of whole block, for the backward
passes in src/ops/gradients and src/quantize. PyTorch autograd in float64 over the formulas as they read (the delta rule
token by token), stored as float32 and first compared with transformers' own modules in float32.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, safetensors 0.8.0 and compressed-tensors 0.20.0.
    make_gradients.py TINY_MODEL OUT.safetensors

Names: `<group>.<tensor>`, and `<group>.d_<tensor>` its gradient. Rows are 2 sequences of 70. Blocks: the tiny model's
layer 0 (linear attention) and 3 (full attention); of each d_<module> [N, K] every 8th row, and the sums of all rows
(`d_<module>.sum` [K]).
"""
import json
import pathlib
import sys

import torch
from compressed_tensors.quantization import QuantizationArgs
from compressed_tensors.quantization.lifecycle.forward import fake_quantize
from compressed_tensors.quantization.utils import compute_dynamic_scales_and_zp
from safetensors import safe_open
from safetensors.torch import save_file
from torch.nn import functional as F
from transformers import Qwen3_5TextConfig
from transformers.models.qwen3_5 import modeling_qwen3_5 as qwen

B, L = 2, 70
EPS = 1e-6
AGREE = 2e-5  # transformers in float32 against ours in float64, relative to the largest
generator = torch.Generator().manual_seed(20261125)
stored = {}


def randn(*shape, scale=1.0):
    return (scale * torch.randn(*shape, generator=generator)).double()


def silu(x):
    return x * torch.sigmoid(x)


def per_sequence(f, *xs):
    return torch.cat([f(*[x[s * L:(s + 1) * L] for x in xs]) for s in range(B)])


# The operations, as spec and src/ops/gradients/gradients.h state them.
def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * (1 + weight)


def gated_rms_norm(x, weight, z):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * weight * silu(z)


def causal_conv(x, weight):  # one sequence
    W = weight.shape[1]
    padded = torch.cat((torch.zeros(W - 1, x.shape[1], dtype=x.dtype), x))
    return silu(sum(padded[j:j + len(x)] * weight[:, j] for j in range(W)))


def normalize(u):
    return u * torch.rsqrt(u.pow(2).sum(-1, keepdim=True) + 1e-6)


def delta_rule(q, k, v, g, beta):  # one sequence; q, k [L, H_k, D_k], v [L, H_v, D_v]
    shared = v.shape[1] // q.shape[1]
    q, k = q.repeat_interleave(shared, 1), k.repeat_interleave(shared, 1)
    S, ys = torch.zeros(v.shape[1], q.shape[2], v.shape[2], dtype=q.dtype), []
    for t in range(len(q)):
        S = S * torch.exp(g[t])[:, None, None]
        d = (v[t] - torch.einsum("hkv,hk->hv", S, k[t])) * beta[t][:, None]
        S = S + k[t][:, :, None] * d[:, None, :]
        ys.append(torch.einsum("hkv,hk->hv", S, q[t]))
    return torch.stack(ys)


def rope(x, cos, sin):  # one sequence, x [L, H, D], tables [L, R]
    R = cos.shape[1]
    a, b = x[..., :R], x[..., R:2 * R]
    c, s = cos[:, None], sin[:, None]
    return torch.cat((a * c - b * s, b * c + a * s, x[..., 2 * R:]), -1)


def attention(q, k, v):  # one sequence
    shared = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
    scores = torch.einsum("ihd,jhd->hij", q, k) * q.shape[2] ** -0.5
    scores = scores.masked_fill(torch.ones(len(q), len(q), dtype=torch.bool).triu(1), float("-inf"))
    return torch.einsum("hij,jhd->ihd", scores.softmax(-1), v)


def rope_tables(R, theta):
    angles = torch.arange(L)[:, None].float() / theta ** (torch.arange(R).float() / R)
    return angles.cos().double(), angles.sin().double()


# Bookkeeping.
class Group:
    """Keeps what passes through it, with gradients, as float32."""

    def __init__(self, name):
        self.name, self.kept = name, {}

    def given(self, **tensors):
        for name, x in tensors.items():
            stored[f"{self.name}.{name}"] = x.detach().float()

    def keep(self, name, x):
        if x.is_leaf:
            x = x.float().double().requires_grad_()
        else:
            x.retain_grad()
        self.kept[name] = x
        return x

    def finish(self, y, dy):
        y.backward(dy)
        for name, x in self.kept.items():
            stored[f"{self.name}.{name}"] = x.detach().float()
            stored[f"{self.name}.d_{name}"] = x.grad.float()


def agree(what, ours, theirs):
    difference = ((ours - theirs.double()).abs().max() / ours.abs().max()).item()
    print(f"{what}: {difference:.1e}")
    assert difference < AGREE, what


def gradients(f, dy, *xs):
    xs = [x.detach().float().requires_grad_() for x in xs]
    y = f(*xs)
    y.backward(dy.to(y.dtype))
    return [y.detach(), *[x.grad for x in xs]]


# Linear attention between its Linears; small odd heads.
def make_mixer():
    H_k, H_v, D_k, D_v = 2, 4, 10, 6
    C, T, G = 2 * H_k * D_k + H_v * D_v, B * L, Group("mixer")
    weight, norm = randn(C, 4, scale=0.5).float().double(), (1 + randn(D_v, scale=0.2)).float().double()
    A_log, dt_bias = torch.tensor([-2.0, 0.0, 1.5, 3.0]).double(), torch.tensor([-3.0, -1.0, 0.5, 2.0]).double()
    G.given(conv_weight=weight, norm_weight=norm, A_log=A_log, dt_bias=dt_bias)
    qkv, z = G.keep("qkv", randn(T, C)), G.keep("z", randn(T * H_v, D_v))
    a, b = G.keep("a", randn(T, H_v)), G.keep("b", randn(T, H_v))
    conv = G.keep("conv", per_sequence(lambda x: causal_conv(x, weight), qkv))
    q, k, v = conv.split([H_k * D_k, H_k * D_k, H_v * D_v], -1)
    q = G.keep("q", normalize(q.view(T, H_k, D_k)) * D_k ** -0.5)
    k = G.keep("k", normalize(k.view(T, H_k, D_k)))
    g = G.keep("g", -torch.exp(A_log) * F.softplus(a + dt_bias))
    beta = G.keep("beta", torch.sigmoid(b))
    y = G.keep("delta", per_sequence(delta_rule, q, k, v.reshape(T, H_v, D_v), g, beta))
    out = G.keep("out", gated_rms_norm(y.reshape(T * H_v, D_v), norm, z))
    G.finish(out, randn(T * H_v, D_v).float().double())

    # transformers' own pieces
    def theirs(q, k, v, g, beta):
        return qwen.torch_chunk_gated_delta_rule(q[None] * D_k ** 0.5, k[None], v[None], g[None], beta[None])[0][0]
    v = v.reshape(T, H_v, D_v)
    for s in range(B):
        rows = slice(s * L, (s + 1) * L)
        found = gradients(theirs, y.grad[rows], *[x[rows] for x in (q, k, v, g, beta)])
        dv = conv.grad[rows, 2 * H_k * D_k:].view(L, H_v, D_v)
        expected = [y[rows], q.grad[rows], k.grad[rows], dv, g.grad[rows], beta.grad[rows]]
        for name, e, f in zip(("y", "dq", "dk", "dv", "dg", "dbeta"), expected, found):
            agree(f"torch_chunk_gated_delta_rule {name}", e, f)
        found = gradients(lambda x: qwen.causal_conv1d_fn(x.T[None], weight.float(), None, activation="silu")[0].T,
                          conv.grad[rows], qkv[rows])
        agree("causal_conv1d_fn y", conv[rows], found[0])
        agree("causal_conv1d_fn dx", qkv.grad[rows], found[1])
    module = qwen.Qwen3_5RMSNormGated(D_v, eps=EPS)
    module.weight.data = norm.float()
    for name, e, f in zip(("y", "dx", "dz"), (out, y.grad.view(-1, D_v), z.grad),
                          gradients(module, out.grad, y.reshape(T * H_v, D_v), z)):
        agree(f"Qwen3_5RMSNormGated {name}", e, f)


# Full attention between its Linears.
def make_attention():
    H, H_kv, D, R, T, G = 2, 1, 8, 2, B * L, Group("attention")
    q_weight, k_weight = randn(D, scale=0.3).float().double(), randn(D, scale=0.3).float().double()
    cos, sin = (x.float().double() for x in rope_tables(R, 100.0))
    G.given(q_weight=q_weight, k_weight=k_weight, cos=cos, sin=sin)
    query, gate = G.keep("query", randn(T, H, D)), G.keep("gate", randn(T, H, D))
    key, value = G.keep("key", randn(T, H_kv, D)), G.keep("value", randn(T, H_kv, D))
    q_normed, k_normed = G.keep("q_normed", rms_norm(query, q_weight)), G.keep("k_normed", rms_norm(key, k_weight))
    q = G.keep("q", per_sequence(lambda x: rope(x, cos, sin), q_normed))
    k = G.keep("k", per_sequence(lambda x: rope(x, cos, sin), k_normed))
    y = G.keep("y", per_sequence(attention, q, k, value))
    out = G.keep("out", y * torch.sigmoid(gate))
    G.finish(out, randn(T, H, D).float().double())


def make_small():
    G = Group("mlp")
    gate, up = G.keep("gate", randn(5, 37, scale=3)), G.keep("up", randn(5, 37))
    y = G.keep("y", silu(gate) * up)
    G.finish(y, randn(5, 37).float().double())

    args = QuantizationArgs(num_bits=4, type="float", strategy="tensor_group", group_size=16, symmetric=True,
                            dynamic="local", scale_dtype=torch.float8_e4m3fn, zp_dtype=torch.float8_e4m3fn)
    scale = torch.tensor([700.0])

    def quantized(x):  # straight through: the gradient of the identity
        f = x.detach().float()
        s, zero = compute_dynamic_scales_and_zp(f, args, None, global_scale=scale)
        return x + (fake_quantize(f, s, zero, args, global_scale=scale).double() - x).detach()

    G = Group("linear_nvfp4")
    G.given(input_global_scale=scale)
    x, w = G.keep("x", randn(19, 64)), G.keep("weight", randn(21, 64, scale=0.2))
    y = G.keep("y", quantized(x) @ w.T)
    G.finish(y, randn(19, 21).float().double())


# Whole blocks of the tiny model.
def load(folder):
    config = json.loads((folder / "config.json").read_text())
    weights = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as f:
            weights.update({name: f.get_tensor(name).double() for name in f.keys()})
    return config, weights


def full_attention(c, W, n, lin):
    T, D = len(n), c["head_dim"]
    H, H_kv, R = c["num_attention_heads"], c["num_key_value_heads"], int(D * c["partial_rotary_factor"]) // 2
    cos, sin = rope_tables(R, c["rope_parameters"]["rope_theta"])
    q_gate = lin("self_attn.q_proj", n).view(T, H, 2 * D)
    k, v = lin("self_attn.k_proj", n).view(T, H_kv, D), lin("self_attn.v_proj", n).view(T, H_kv, D)
    q = rms_norm(q_gate[..., :D], W["self_attn.q_norm.weight"])
    k = rms_norm(k, W["self_attn.k_norm.weight"])
    y = per_sequence(lambda q, k, v: attention(rope(q, cos, sin), rope(k, cos, sin), v), q, k, v)
    return lin("self_attn.o_proj", (y * torch.sigmoid(q_gate[..., D:])).reshape(T, H * D))


def linear_attention(c, W, n, lin):
    T, H_k, H_v = len(n), c["linear_num_key_heads"], c["linear_num_value_heads"]
    D_k, D_v = c["linear_key_head_dim"], c["linear_value_head_dim"]
    qkv, z = lin("linear_attn.in_proj_qkv", n), lin("linear_attn.in_proj_z", n)
    a, b = lin("linear_attn.in_proj_a", n), lin("linear_attn.in_proj_b", n)
    conv = per_sequence(lambda x: causal_conv(x, W["linear_attn.conv1d.weight"][:, 0]), qkv)
    q, k, v = conv.split([H_k * D_k, H_k * D_k, H_v * D_v], -1)
    g = -torch.exp(W["linear_attn.A_log"]) * F.softplus(a + W["linear_attn.dt_bias"])
    y = per_sequence(delta_rule, normalize(q.view(T, H_k, D_k)) * D_k ** -0.5, normalize(k.view(T, H_k, D_k)),
                     v.reshape(T, H_v, D_v), g, torch.sigmoid(b))
    y = gated_rms_norm(y, W["linear_attn.norm.weight"], z.view(T, H_v, D_v))
    return lin("linear_attn.out_proj", y.reshape(T, H_v * D_v))


def block(c, W, x, kind):
    def lin(module, n):
        return n @ W[module + ".weight"].T
    mixer = full_attention if kind == "full_attention" else linear_attention
    x = x + mixer(c, W, rms_norm(x, W["input_layernorm.weight"]), lin)
    n = rms_norm(x, W["post_attention_layernorm.weight"])
    return x + lin("mlp.down_proj", silu(lin("mlp.gate_proj", n)) * lin("mlp.up_proj", n))


def their_block(folder, layer, W, x, dy):
    config = Qwen3_5TextConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    module = qwen.Qwen3_5DecoderLayer(config, layer)
    module.load_state_dict({n: w.detach().float() for n, w in W.items()})
    cos_sin = qwen.Qwen3_5TextRotaryEmbedding(config)(x.float(), torch.arange(L)[None].expand(B, L))
    mask = torch.full((L, L), float("-inf")).triu(1)[None, None] if config.layer_types[layer] == "full_attention" else None
    y = module(x.float().view(B, L, -1), position_embeddings=cos_sin, attention_mask=mask)
    y.backward(dy.float().view(B, L, -1))
    return y.view(B * L, -1), {n: p.grad for n, p in module.named_parameters()}


def make_blocks(folder):
    config, weights = load(folder)
    x, dy = (randn(B * L, config["hidden_size"]).bfloat16() for _ in range(2))
    stored["block.x"], stored["block.d_y"] = x, dy
    x, dy = x.double(), dy.double()
    for layer in (0, 3):
        prefix, kind = f"model.layers.{layer}.", config["layer_types"][layer]
        W = {n[len(prefix):]: w.requires_grad_() for n, w in weights.items() if n.startswith(prefix)}
        y = block(config, W, x, kind)
        y.backward(dy)
        their_y, their_gradients = their_block(folder, layer, W, x, dy)
        agree(f"{kind} y", y, their_y)
        stored[f"block.{kind}.y"] = y.detach().float()
        for name, w in W.items():
            agree(f"{kind} {name}", w.grad, their_gradients[name])
            if "proj" in name:
                module = name.removesuffix(".weight")
                stored[f"block.{kind}.d_{module}"] = w.grad[::8].float()
                stored[f"block.{kind}.d_{module}.sum"] = w.grad.sum(0).float()


def main():
    folder, out = map(pathlib.Path, sys.argv[1:])
    make_mixer()
    make_attention()
    make_small()
    make_blocks(folder)
    save_file({name: x.contiguous() for name, x in stored.items()}, out)
    print(f"{len(stored)} tensors, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
