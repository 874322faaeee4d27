"""Qwen3.5's text architecture with an MTP layer, for training: functions over a dict of parameters.

Names are those of the published checkpoints. Shapes: B rows, T tokens, H heads, D head size. The maths
is spec model.md, section 2; transformers and quantrial compute the same from the exported file.
"""
import dataclasses
import math

import torch
import torch.nn.functional as F

import gated_delta_rule as rule
from data import FIRST, NO_LOSS, PROMPT, TOKEN

BODY = "model.language_model."


@dataclasses.dataclass
class Config:
    vocab_size: int = 2048
    hidden_size: int = 256
    num_hidden_layers: int = 8
    intermediate_size: int = 768
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    head_dim: int = 64
    linear_num_key_heads: int = 2
    linear_num_value_heads: int = 6
    linear_key_head_dim: int = 64
    linear_value_head_dim: int = 64
    linear_conv_kernel_dim: int = 4
    rope_theta: float = 10000.0
    partial_rotary_factor: float = 0.25
    rms_norm_eps: float = 1e-6

    def is_full(self, layer):
        return layer % 4 == 3

    @property
    def rotary(self):
        return int(self.head_dim * self.partial_rotary_factor)

    @property
    def key_size(self):
        return self.linear_num_key_heads * self.linear_key_head_dim

    @property
    def value_size(self):
        return self.linear_num_value_heads * self.linear_value_head_dim


def layer_prefixes(config):
    """(prefix, full attention?) of every layer, the MTP layer last."""
    body = [(f"{BODY}layers.{i}.", config.is_full(i)) for i in range(config.num_hidden_layers)]
    return body + [("mtp.layers.0.", True)]


def initial(config, seed=0, device="cpu"):
    c, generator, p = config, torch.Generator().manual_seed(seed), {}

    def linear(name, rows, columns, scale=1.0):
        p[name + ".weight"] = torch.randn(rows, columns, generator=generator) * scale * columns ** -0.5

    def zeros(name, size):
        p[name + ".weight"] = torch.zeros(size)
    p[BODY + "embed_tokens.weight"] = torch.randn(c.vocab_size, c.hidden_size, generator=generator) * 0.5
    linear("lm_head", c.vocab_size, c.hidden_size, 0.5)
    zeros(BODY + "norm", c.hidden_size)
    residual = (2 * c.num_hidden_layers) ** -0.5
    for prefix, full in layer_prefixes(c):
        zeros(prefix + "input_layernorm", c.hidden_size)
        zeros(prefix + "post_attention_layernorm", c.hidden_size)
        for name in ("gate_proj", "up_proj"):
            linear(f"{prefix}mlp.{name}", c.intermediate_size, c.hidden_size)
        linear(prefix + "mlp.down_proj", c.hidden_size, c.intermediate_size, residual)
        if full:
            a, width = prefix + "self_attn.", c.num_attention_heads * c.head_dim
            linear(a + "q_proj", 2 * width, c.hidden_size)
            linear(a + "k_proj", c.num_key_value_heads * c.head_dim, c.hidden_size)
            linear(a + "v_proj", c.num_key_value_heads * c.head_dim, c.hidden_size)
            linear(a + "o_proj", c.hidden_size, width, residual)
            zeros(a + "q_norm", c.head_dim)
            zeros(a + "k_norm", c.head_dim)
            continue
        a, heads = prefix + "linear_attn.", c.linear_num_value_heads
        linear(a + "in_proj_qkv", 2 * c.key_size + c.value_size, c.hidden_size)
        linear(a + "in_proj_z", c.value_size, c.hidden_size)
        linear(a + "in_proj_b", heads, c.hidden_size)
        linear(a + "in_proj_a", heads, c.hidden_size)
        p[a + "conv1d.weight"] = torch.rand(2 * c.key_size + c.value_size, 1, c.linear_conv_kernel_dim,
                                            generator=generator) - 0.5
        step = torch.exp(torch.rand(heads, generator=generator) * math.log(100) + math.log(0.001))
        p[a + "dt_bias"] = step + torch.log(-torch.expm1(-step))
        p[a + "A_log"] = torch.log(torch.rand(heads, generator=generator) * 15 + 1)
        p[a + "norm.weight"] = torch.ones(c.linear_value_head_dim)
        linear(a + "out_proj", c.hidden_size, c.value_size, residual)
    linear("mtp.fc", c.hidden_size, 2 * c.hidden_size)
    for name in ("norm", "pre_fc_norm_hidden", "pre_fc_norm_embedding"):
        zeros("mtp." + name, c.hidden_size)
    return {name: value.to(device).requires_grad_() for name, value in p.items()}


# ---- pieces; training compiles them. `w` are FP32 masters, cast to the activations' type.
def rms_norm(x, w, eps=1e-6):
    y = x.float()
    y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + eps)
    return (y * (1 + w.float())).to(x.dtype)


def gated_norm(o, z, w, eps=1e-6):
    y = o.float()
    y = (y * torch.rsqrt(y.square().mean(-1, keepdim=True) + eps)).to(o.dtype)
    return ((w.float() * y.float()) * F.silu(z.float())).to(o.dtype)


def linear(x, w):
    return F.linear(x, w.to(x.dtype))


def rotate(x, cos, sin):
    """Partial rotary embedding, half-split pairs: x[..., T, D], cos and sin[T, rotary]."""
    size = cos.shape[-1]
    turned, kept = x[..., :size], x[..., size:]
    half = torch.cat([-turned[..., size // 2:], turned[..., :size // 2]], -1)
    return torch.cat([turned * cos + half * sin, kept], -1).to(x.dtype)


def unit(x):
    y = x.float()
    return (y * torch.rsqrt(y.square().sum(-1, keepdim=True) + 1e-6)).to(x.dtype)


def mlp(x, gate, up, down):
    return linear(F.silu(linear(x, gate)) * linear(x, up), down)


def linear_attention_in(x, norm, w, segment, first, sizes):
    """Everything before the recurrence. A document's first token forgets the state: g = -25."""
    heads_k, heads, size_k, size_v = sizes
    b, t, _ = x.shape
    h = rms_norm(x, norm)
    mixed = linear(h, w["in_proj_qkv"])
    taps = w["conv1d"][:, 0].to(x.dtype)
    y = mixed * taps[:, 3]
    for back in (1, 2, 3):
        same = (segment[:, back:] == segment[:, :-back])[..., None].to(x.dtype)
        y = y + F.pad(mixed[:, :-back] * same, (0, 0, back, 0)) * taps[:, 3 - back]
    y = F.silu(y)
    keys = heads_k * size_k
    q = unit(y[..., :keys].view(b, t, heads_k, size_k))
    k = unit(y[..., keys:2 * keys].view(b, t, heads_k, size_k))
    v = y[..., 2 * keys:].reshape(b, t, heads, size_v)
    beta = torch.sigmoid(linear(h, w["in_proj_b"]))
    g = -torch.exp(w["A_log"].float()) * F.softplus(linear(h, w["in_proj_a"]).float()
                                                    + w["dt_bias"].float())
    g = torch.where(first[..., None], torch.full_like(g, -25.0), g)
    return (*rule.before(q, k, v, g, beta), linear(h, w["in_proj_z"]))


def linear_attention_out(x, query, states, scores, values, z, w, block):
    o = rule.after(query, states, scores, values)
    b, t, heads, size = o.shape
    y = gated_norm(o, z.view(b, t, heads, size), w["norm"]).reshape(b, t, heads * size)
    x = x + linear(y, w["out_proj"])
    return x + mlp(rms_norm(x, block[0]), *block[1:])


def full_attention(x, norm, w, block, tables, mask, sizes):
    heads, heads_kv, size = sizes
    b, t, _ = x.shape
    h = rms_norm(x, norm)
    both = linear(h, w["q_proj"]).view(b, t, heads, 2 * size)
    q, gate = both[..., :size], both[..., size:].reshape(b, t, heads * size)
    q = rms_norm(q, w["q_norm"]).transpose(1, 2)
    k = rms_norm(linear(h, w["k_proj"]).view(b, t, heads_kv, size), w["k_norm"]).transpose(1, 2)
    v = linear(h, w["v_proj"]).view(b, t, heads_kv, size).transpose(1, 2)
    q, k = rotate(q, *tables), rotate(k, *tables)
    k = k.repeat_interleave(heads // heads_kv, 1)
    v = v.repeat_interleave(heads // heads_kv, 1)
    o = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    o = o.transpose(1, 2).reshape(b, t, heads * size) * torch.sigmoid(gate)
    x = x + linear(o, w["o_proj"])
    return x + mlp(rms_norm(x, block[0]), *block[1:])


def weighted_loss(h, head, target, weight):
    """Sum of weighted cross entropies and how many full-weight targets the argmax hits."""
    logits = linear(h, head).float()
    loss = torch.logsumexp(logits, -1) - logits.gather(-1, target[..., None])[..., 0]
    hits = ((logits.argmax(-1) == target) & (weight > 0.5)).sum()
    return (loss * weight).sum(), hits


def mtp_input(hidden, embedding, norm_hidden, norm_embedding, fc):
    return linear(torch.cat([rms_norm(embedding, norm_embedding), rms_norm(hidden, norm_hidden)], -1), fc)


def rope_tables(config, length, device, dtype):
    exponents = torch.arange(0, config.rotary, 2).float() / config.rotary
    angles = torch.outer(torch.arange(length).float(), config.rope_theta ** -exponents)
    angles = torch.cat([angles, angles], -1)
    return angles.cos().to(device, dtype), angles.sin().to(device, dtype)


class Network:
    """Forward passes over packed rows. `kernels`: "torch" or "triton" (gated_delta_rule.py)."""

    def __init__(self, config, dtype=torch.float32, device="cpu", kernels="torch", compiled=False,
                 length=2048):
        self.config, self.dtype, self.kernels = config, dtype, kernels
        wrap = (lambda f: torch.compile(f, dynamic=False)) if compiled else (lambda f: f)
        self.linear_in, self.mix = wrap(linear_attention_in), wrap(rule.mix)
        self.linear_out, self.full = wrap(linear_attention_out), wrap(full_attention)
        self.loss_of, self.mtp_input = wrap(weighted_loss), wrap(mtp_input)
        self.norm = wrap(rms_norm)
        self.tables = rope_tables(config, length, device, dtype)

    def layer(self, p, prefix, full, x, segment, first, mask):
        c = self.config
        block = (p[prefix + "post_attention_layernorm.weight"], p[prefix + "mlp.gate_proj.weight"],
                 p[prefix + "mlp.up_proj.weight"], p[prefix + "mlp.down_proj.weight"])
        norm = p[prefix + "input_layernorm.weight"]
        if full:
            names = ("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm")
            w = {n: p[f"{prefix}self_attn.{n}.weight"] for n in names}
            tables = tuple(table[:x.shape[1]] for table in self.tables)
            return self.full(x, norm, w, block, tables, mask,
                             (c.num_attention_heads, c.num_key_value_heads, c.head_dim))
        a = prefix + "linear_attn."
        names = ("in_proj_qkv", "in_proj_z", "in_proj_a", "in_proj_b", "conv1d", "norm", "out_proj")
        w = {n: p[f"{a}{n}.weight"] for n in names}
        w |= {"A_log": p[a + "A_log"], "dt_bias": p[a + "dt_bias"]}
        sizes = (c.linear_num_key_heads, c.linear_num_value_heads, c.linear_key_head_dim,
                 c.linear_value_head_dim)
        lower, value, key, last, g_last, query, scores, z = self.linear_in(
            x, norm, w, segment, first, sizes)
        invert, scan = rule.KERNELS[self.kernels]
        u, key = self.mix(invert(lower), value, key)
        states, values = scan(u, key, last, g_last)
        return self.linear_out(x, query, states, scores, values, z, w, block)

    def hidden(self, p, tokens, segment, first, mask):
        x = F.embedding(tokens, p[BODY + "embed_tokens.weight"]).to(self.dtype)
        for prefix, full in layer_prefixes(self.config)[:-1]:
            x = self.layer(p, prefix, full, x, segment, first, mask)
        return self.norm(x, p[BODY + "norm.weight"])

    def mask(self, segment):
        """Additive [B, 1, T, T]: causal inside a document."""
        t = segment.shape[1]
        causal = torch.ones(t, t, dtype=torch.bool, device=segment.device).tril()
        allowed = (segment[:, :, None] == segment[:, None, :]) & causal
        zero = torch.zeros((), device=segment.device, dtype=self.dtype)
        return torch.where(allowed, zero, torch.full_like(zero, -1e4))[:, None]

    def draft_hidden(self, p, hidden, following, segment, first, mask):
        """The MTP layer: position i sees the hidden of i and the token at i + 1, predicts i + 2."""
        e = F.embedding(following, p[BODY + "embed_tokens.weight"]).to(self.dtype)
        x = self.mtp_input(hidden, e, p["mtp.pre_fc_norm_hidden.weight"],
                           p["mtp.pre_fc_norm_embedding.weight"], p["mtp.fc.weight"])
        x = self.layer(p, "mtp.layers.0.", True, x, segment, first, mask)
        return self.norm(x, p["mtp.norm.weight"])

    def loss(self, p, rows, prompt_weight=0.1):
        """Packed rows -> (loss, MTP loss, share of answer tokens right, the same for MTP)."""
        tokens, first = (rows & TOKEN).long(), (rows & FIRST) > 0
        segment = first.cumsum(1)
        weight = torch.where((rows & PROMPT) > 0, prompt_weight, 1.0) * ((rows & NO_LOSS) == 0)
        mask = self.mask(segment)

        def shifted(n):
            """Targets n tokens ahead; weight 0 where that token belongs to another document."""
            same = F.pad(segment[:, n:], (0, n), value=-1) == segment
            return F.pad(tokens[:, n:], (0, n)), F.pad(weight[:, n:], (0, n)) * same
        hidden = self.hidden(p, tokens, segment, first, mask)
        target, w = shifted(1)
        loss, hits = self.loss_of(hidden, p["lm_head.weight"], target, w)
        target2, w2 = shifted(2)
        draft = self.draft_hidden(p, hidden, target, segment, first, mask)
        loss2, hits2 = self.loss_of(draft, p["lm_head.weight"], target2, w2)
        return (loss / w.sum(), loss2 / w2.sum(), hits / (w > 0.5).sum(), hits2 / (w2 > 0.5).sum())
