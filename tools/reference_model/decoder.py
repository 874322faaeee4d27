"""Batched sampling one token a step: recurrent states, KV cache, MTP draft, slots refilled on the device.

A simple evaluator for one GPU (or a CPU, slowly); quantrial's engine is the real one.
"""
import torch
import torch.nn.functional as F

import model
from model import BODY


def nothing(x):
    return x


def linear_step(x, state, window, live, norm, w, block, sizes, rounding):
    """One token of a linear-attention layer: x[B,D], state[B,H,K,V] float, window[B,3,channels]."""
    heads_k, heads, size_k, size_v = sizes
    act, act_ab, act_mlp = rounding
    b = x.shape[0]
    h = model.rms_norm(x, norm)
    rounded, rounded_ab = act(h), act_ab(h)
    mixed = F.linear(rounded, w["in_proj_qkv"])
    window = window * live[:, None, None].to(x.dtype)
    taps = w["conv1d"][:, 0]
    y = F.silu(mixed * taps[:, 3] + window[:, 2] * taps[:, 2] + window[:, 1] * taps[:, 1]
               + window[:, 0] * taps[:, 0])
    keys, repeat = heads_k * size_k, heads // heads_k
    q = model.unit(y[:, :keys].view(b, heads_k, size_k)).float().repeat_interleave(repeat, 1)
    q = q * size_k ** -0.5
    k = model.unit(y[:, keys:2 * keys].view(b, heads_k, size_k)).float().repeat_interleave(repeat, 1)
    v = y[:, 2 * keys:].reshape(b, heads, size_v).float()
    beta = torch.sigmoid(F.linear(rounded_ab, w["in_proj_b"])).float()
    g = -torch.exp(w["A_log"].float()) * F.softplus(F.linear(rounded_ab, w["in_proj_a"]).float()
                                                    + w["dt_bias"].float())
    kept = (g.exp() * live[:, None])[..., None]
    d = (v - (state * k[..., None]).sum(-2) * kept) * beta[..., None]
    o = (state * q[..., None]).sum(-2) * kept + (q * k).sum(-1, keepdim=True) * d
    new_state = state * kept[..., None] + k[..., None] * d[..., None, :]
    z = F.linear(rounded, w["in_proj_z"]).view(b, heads, size_v)
    y = model.gated_norm(o.to(x.dtype), z, w["norm"]).reshape(b, -1)
    x = x + F.linear(act(y), w["out_proj"])
    return mlp_step(x, block, act_mlp), new_state, torch.stack([window[:, 1], window[:, 2], mixed], 1)


def mlp_step(x, block, act):
    norm, gate, up, down = block
    h = act(model.rms_norm(x, norm))
    return x + F.linear(act(F.silu(F.linear(h, gate)) * F.linear(h, up)), down)


def full_in(x, position, norm, w, tables, sizes, act):
    heads, heads_kv, size = sizes
    b = x.shape[0]
    h = act(model.rms_norm(x, norm))
    both = F.linear(h, w["q_proj"]).view(b, heads, 2 * size)
    q = model.rms_norm(both[..., :size], w["q_norm"])
    k = model.rms_norm(F.linear(h, w["k_proj"]).view(b, heads_kv, size), w["k_norm"])
    v = F.linear(h, w["v_proj"]).view(b, heads_kv, size)
    cos, sin = (table[position][:, None] for table in tables)
    return model.rotate(q, cos, sin), model.rotate(k, cos, sin), v, both[..., size:].reshape(b, -1)


def full_out(x, q, gate, keys, values, position, w, block, sizes, rounding):
    """Attention over the cache[B,Hkv,T,D] up to its position."""
    heads, heads_kv, size = sizes
    act, act_mlp = rounding
    b, t = x.shape[0], keys.shape[2]
    scores = (q.view(b, heads_kv, heads // heads_kv, size) @ keys.mT).float() * size ** -0.5
    at = torch.arange(t, device=x.device)
    seen = at[None] <= position[:, None]
    p = torch.softmax(scores.masked_fill(~seen[:, None, None], -1e30), -1).to(x.dtype)
    o = (p @ values).reshape(b, heads * size) * torch.sigmoid(gate)
    return mlp_step(x + F.linear(act(o), w["o_proj"]), block, act_mlp)


def sample(logits, temperature, top_p):
    p = torch.softmax(logits / temperature, -1)
    p, order = p.sort(-1, descending=True)
    p = torch.where(p.cumsum(-1) - p < top_p, p, torch.zeros_like(p))
    noise = torch.empty_like(p).exponential_(1.0).clamp(min=1e-20)
    return order.gather(-1, (p / noise).argmax(-1, keepdim=True))[:, 0]


class Decoder:
    """`slots` sequences of at most `length` tokens. `rounding`: {class: activation rounding}."""

    def __init__(self, config, weights, rounding, slots, length, device="cpu",
                 dtype=torch.bfloat16, compiled=False):
        c = self.config = config
        self.weights = {n: v.to(device, dtype) for n, v in weights.items()}
        self.rounding = lambda name: rounding.get(name, nothing)
        self.slots, self.length, self.device, self.dtype = slots, length, device, dtype
        wrap = (lambda f: torch.compile(f, dynamic=False)) if compiled else nothing
        self.linear_step, self.full_in = wrap(linear_step), wrap(full_in)
        self.full_out, self.mtp_input = wrap(full_out), wrap(model.mtp_input)
        self.norm = wrap(model.rms_norm)
        self.layers = model.layer_prefixes(c)

        def zeros(*shape, kind=dtype):
            return torch.zeros(*shape, device=device, dtype=kind)
        self.memory = {}
        for prefix, full in self.layers:
            if full:
                shape = (slots, c.num_key_value_heads, length, c.head_dim)
                self.memory[prefix] = (zeros(*shape), zeros(*shape))
            else:
                self.memory[prefix] = (
                    zeros(slots, c.linear_num_value_heads, c.linear_key_head_dim,
                          c.linear_value_head_dim, kind=torch.float32),
                    zeros(slots, 3, 2 * c.key_size + c.value_size))
        self.tables = model.rope_tables(c, length, device, dtype)
        self.before = zeros(slots, c.hidden_size)
        self.slot = torch.arange(slots, device=device)
        self.parts = {prefix: self.part(prefix, full) for prefix, full in self.layers}

    def part(self, prefix, full):
        w = self.weights
        block = tuple(w[f"{prefix}{n}.weight"] for n in
                      ("post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"))
        kind = prefix + ("self_attn." if full else "linear_attn.")
        own = {n[len(kind):].removesuffix(".weight"): v for n, v in w.items() if n.startswith(kind)}
        return w[prefix + "input_layernorm.weight"], own, block

    def layer(self, prefix, full, x, position, live):
        c = self.config
        norm, w, block = self.parts[prefix]
        rounding = (lambda name: nothing) if prefix.startswith("mtp") else self.rounding
        memory = self.memory[prefix]
        if not full:
            sizes = (c.linear_num_key_heads, c.linear_num_value_heads, c.linear_key_head_dim,
                     c.linear_value_head_dim)
            x, state, window = self.linear_step(
                x, *memory, live, norm, w, block, sizes,
                (rounding("linear"), rounding("ab"), rounding("mlp")))
            memory[0].copy_(state)
            memory[1].copy_(window)
            return x
        sizes = (c.num_attention_heads, c.num_key_value_heads, c.head_dim)
        q, k, v, gate = self.full_in(x, position, norm, w, self.tables, sizes, rounding("full"))
        memory[0][self.slot, :, position] = k
        memory[1][self.slot, :, position] = v
        return self.full_out(x, q, gate, *memory, position, w, block, sizes,
                             (rounding("full"), rounding("mlp")))

    def step(self, token, position):
        """Feed token[B] at position[B]; position 0 starts a sequence. Returns the next token's
        logits[B,V] and the MTP draft[B] of the same token, made without the main layers."""
        w = self.weights
        live = (position > 0).float()
        x = F.embedding(token, w[BODY + "embed_tokens.weight"])
        m = self.mtp_input(self.before, x, w["mtp.pre_fc_norm_hidden.weight"],
                           w["mtp.pre_fc_norm_embedding.weight"], w["mtp.fc.weight"])
        # Row i of the MTP layer pairs hidden i with token i + 1: its position is one less.
        m = self.layer("mtp.layers.0.", True, m, (position - 1).clamp(min=0), live)
        draft = F.linear(self.norm(m, w["mtp.norm.weight"]), w["lm_head.weight"]).argmax(-1)
        for prefix, full in self.layers[:-1]:
            x = self.layer(prefix, full, x, position, live)
        h = self.norm(x, w[BODY + "norm.weight"])
        self.before.copy_(h)
        return F.linear(h, w["lm_head.weight"]).float(), draft


@torch.no_grad()
def padded(prompts, device):
    """given[P+1, longest] and size[P+1]: the ids of P prompts, then a dummy that idle slots work on."""
    given = torch.zeros(len(prompts) + 1, max(map(len, prompts)), dtype=torch.long)
    size = torch.ones(len(prompts) + 1, dtype=torch.long)
    for i, ids in enumerate(prompts):
        given[i, :len(ids)] = torch.tensor(ids)
        size[i] = len(ids)
    return given.to(device), size.to(device)


def captured(body):
    """`body` as one CUDA graph; two calls before it let torch compile and allocate."""
    body()
    body()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        body()
    return graph.replay


def generate(decoder, prompts, stop, temperature=0.8, top_p=0.95, seed=0, graph=False):
    """Samples a continuation of every prompt (lists of ids). Returns, per prompt, the generated ids
    (the last is `stop` unless cut at the decoder's length), drafts accepted and drafts made."""
    device, count, slots = decoder.device, len(prompts), decoder.slots
    torch.manual_seed(seed)
    given, size = padded(prompts, device)
    out = torch.zeros(count + 1, decoder.length + 1, dtype=torch.int16, device=device)
    ends = torch.zeros(count + 1, dtype=torch.long, device=device)
    accepted = torch.zeros(count + 1, device=device)
    drafted = torch.zeros(count + 1, device=device)
    task = torch.full((slots,), count, dtype=torch.long, device=device)
    begun = min(slots, count)
    task[:begun] = torch.arange(begun, device=device)
    waiting = torch.tensor(begun, device=device)
    position = torch.zeros(slots, dtype=torch.long, device=device)
    token = given[task, 0].clone()

    def body():
        logits, draft = decoder.step(token, position)
        new = logits.argmax(-1) if temperature == 0 else sample(logits, temperature, top_p)
        after = position + 1
        in_prompt = after < size[task]
        fed = torch.where(in_prompt, given[task, after.clamp(max=given.shape[1] - 1)], new)
        generating = ~in_prompt & (task < count)
        accepted.index_add_(0, task, ((draft == new) & generating & (position > 0)).float())
        drafted.index_add_(0, task, (generating & (position > 0)).float())
        out[task, after] = fed.to(torch.int16)
        done = generating & ((new == stop) | (after >= decoder.length - 1))
        ends[task] = torch.where(done, after + 1, ends[task])
        rank = done.long().cumsum(0) - 1
        refill = torch.where(done, (waiting + rank).clamp(max=count), task)
        waiting.add_(done.sum()).clamp_(max=count)
        task.copy_(refill)
        position.copy_(torch.where(done | (task == count), torch.zeros_like(position), after))
        token.copy_(torch.where(done, given[refill, 0], fed))
    run = captured(body) if graph else body
    while True:
        for _ in range(32):
            run()
        if bool((task == count).all()):
            break
    out, ends, size = out.cpu().long(), ends.cpu(), size.cpu()
    texts = [out[i, int(size[i]):int(ends[i])].tolist() for i in range(count)]
    return texts, accepted[:count].tolist(), drafted[:count].tolist()
