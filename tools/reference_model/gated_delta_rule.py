"""The chunked gated delta rule for training: torch around three small Triton kernels.

Model: S <- exp(g) S + k (beta (v - exp(g) S^T k))^T, o = S^T q (spec model.md, section 2). In chunks of
C = 64 tokens (Yang et al. 2024, Gated Delta Networks, arXiv 2412.06464, section 3):

    A = tril(beta k k^T * decay, -1)     T = (I + A)^-1
    u = T (beta v)                       w = T (beta k exp(G))          G: cumulative g in the chunk
    v' = u - w S                         o = (q exp(G)) S + tril(q k^T * decay) v'
    S <- exp(G_C) S + (k exp(G_C - G))^T v'

`inverse` and `scan` (the only sequential parts) have a Triton and a plain torch form; the rest is batched
matrix products that torch.compile handles. Chunk layout: [B, heads, chunks, C, size].
"""
import torch

try:
    import triton
    import triton.language as tl
except ImportError:                  # CPU only
    triton = None

CHUNK = 64

if triton is not None:
    @triton.jit
    def inverse_kernel(a_ptr, x_ptr, C: tl.constexpr):
        """x = (I + a)^-1 for one strictly lower a[C,C], by forward substitution in float32."""
        at = tl.program_id(0).to(tl.int64) * C * C
        r = tl.arange(0, C)
        offsets = r[:, None] * C + r[None, :]
        x = -tl.load(a_ptr + at + offsets)
        for i in range(1, C):
            mine = (r == i)[:, None]
            row = tl.sum(tl.where(mine, x, 0.0), 0)
            row += tl.sum(row[:, None] * x, 0)
            x = tl.where(mine, row[None, :], x)
        x += tl.where(r[:, None] == r[None, :], 1.0, 0.0)
        tl.store(x_ptr + at + offsets, x)

    @triton.jit
    def scan_kernel(u_ptr, w_ptr, k_ptr, g_ptr, s_ptr, v_ptr, chunks,
                    C: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BV: tl.constexpr):
        """Forward over the chunks of one head: stores the state before each chunk and v'."""
        head = tl.program_id(0).to(tl.int64) * chunks
        rc, rk = tl.arange(0, C), tl.arange(0, K)
        rv = tl.program_id(1) * BV + tl.arange(0, BV)
        s = tl.zeros((K, BV), tl.float32)
        for i in range(chunks):
            n = head + i
            s_low = s.to(u_ptr.dtype.element_ty)
            tl.store(s_ptr + n * K * V + rk[:, None] * V + rv[None, :], s_low)
            w = tl.load(w_ptr + n * C * K + rc[:, None] * K + rk[None, :])
            u = tl.load(u_ptr + n * C * V + rc[:, None] * V + rv[None, :])
            v = (u.to(tl.float32) - tl.dot(w, s_low)).to(u_ptr.dtype.element_ty)
            tl.store(v_ptr + n * C * V + rc[:, None] * V + rv[None, :], v)
            k = tl.load(k_ptr + n * C * K + rc[:, None] * K + rk[None, :])
            s = s * tl.load(g_ptr + n) + tl.dot(tl.trans(k), v)

    @triton.jit
    def scan_backward_kernel(dv_ptr, ds_ptr, w_ptr, k_ptr, g_ptr, next_ptr, du_ptr, chunks,
                             C: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BV: tl.constexpr):
        """Backward: stores the gradient of the state after each chunk and that of u."""
        head = tl.program_id(0).to(tl.int64) * chunks
        rc, rk = tl.arange(0, C), tl.arange(0, K)
        rv = tl.program_id(1) * BV + tl.arange(0, BV)
        ds = tl.zeros((K, BV), tl.float32)
        for j in range(chunks):
            n = head + chunks - 1 - j
            ds_low = ds.to(dv_ptr.dtype.element_ty)
            tl.store(next_ptr + n * K * V + rk[:, None] * V + rv[None, :], ds_low)
            k = tl.load(k_ptr + n * C * K + rc[:, None] * K + rk[None, :])
            dv = tl.load(dv_ptr + n * C * V + rc[:, None] * V + rv[None, :]).to(tl.float32)
            du = (dv + tl.dot(k, ds_low)).to(dv_ptr.dtype.element_ty)
            tl.store(du_ptr + n * C * V + rc[:, None] * V + rv[None, :], du)
            w = tl.load(w_ptr + n * C * K + rc[:, None] * K + rk[None, :])
            own = tl.load(ds_ptr + n * K * V + rk[:, None] * V + rv[None, :]).to(tl.float32)
            ds = ds * tl.load(g_ptr + n) + own - tl.dot(tl.trans(w), du)


class Inverse(torch.autograd.Function):
    """(I + a)^-1 for strictly lower a[..., C, C] in float32."""

    @staticmethod
    def forward(ctx, a):
        a = a.contiguous()
        x = torch.empty_like(a)
        inverse_kernel[(a.numel() // CHUNK ** 2,)](a, x, CHUNK)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, dx):
        x, = ctx.saved_tensors
        return -(x.mT @ dx @ x.mT).tril(-1)


class Scan(torch.autograd.Function):
    """u, w, k[B,H,N,C,*], g[B,H,N] -> states before each chunk[B,H,N,K,V] and v'[B,H,N,C,V]."""

    @staticmethod
    def forward(ctx, u, w, k, g):
        u, w, k, g = (x.contiguous() for x in (u, w, k, g))
        b, h, chunks, _, size_v = u.shape
        size_k = w.shape[-1]
        s = u.new_empty(b, h, chunks, size_k, size_v)
        v = torch.empty_like(u)
        block = min(32, size_v)
        scan_kernel[(b * h, size_v // block)](u, w, k, g, s, v, chunks, CHUNK, size_k, size_v, block)
        ctx.save_for_backward(w, k, g, s, v)
        return s, v

    @staticmethod
    def backward(ctx, ds, dv):
        w, k, g, s, v = ctx.saved_tensors
        ds, dv = ds.contiguous(), dv.contiguous()
        b, h, chunks, _, size_v = v.shape
        size_k = w.shape[-1]
        after, du = torch.empty_like(s), torch.empty_like(v)
        block = min(32, size_v)
        scan_backward_kernel[(b * h, size_v // block)](dv, ds, w, k, g, after, du, chunks,
                                                       CHUNK, size_k, size_v, block)
        dg = (s.float() * after.float()).sum((-1, -2))
        return du, -(du @ s.mT), v @ after.mT, dg


def inverse_torch(a):
    eye = torch.eye(a.shape[-1], device=a.device, dtype=a.dtype)
    return torch.linalg.solve_triangular(a + eye, eye.expand_as(a), upper=False, unitriangular=True)


def scan_torch(u, w, k, g):
    s = u.new_zeros(*u.shape[:2], w.shape[-1], u.shape[-1]).float()
    states, values = [], []
    for i in range(u.shape[2]):
        states.append(s.to(u.dtype))
        v = u[:, :, i] - w[:, :, i] @ states[-1]
        values.append(v)
        s = s * g[:, :, i, None, None] + (k[:, :, i].mT @ v).float()
    return torch.stack(states, 2), torch.stack(values, 2)


KERNELS = {"torch": (inverse_torch, scan_torch), "triton": (Inverse.apply, Scan.apply)}


def before(q, k, v, g, beta):
    """q, k[B,T,Hk,K], v[B,T,Hv,V], g, beta[B,T,Hv] -> everything that needs no recurrence."""
    b, t, heads_k, size_k = q.shape
    heads, size_v = v.shape[2:]
    dtype = v.dtype

    def chunks(x):
        return x.view(b, t // CHUNK, CHUNK, x.shape[2], -1).permute(0, 3, 1, 2, 4)
    q = chunks(q).repeat_interleave(heads // heads_k, 1) * size_k ** -0.5
    k = chunks(k).repeat_interleave(heads // heads_k, 1)
    v, beta = chunks(v), chunks(beta)
    total = chunks(g.float())[..., 0].cumsum(-1)
    lower = torch.ones(CHUNK, CHUNK, dtype=torch.bool, device=q.device).tril()
    gap = total[..., :, None] - total[..., None, :]
    decay = torch.where(lower, gap, torch.full_like(gap, -1e4)).exp()
    a = ((k * beta.to(dtype)) @ k.mT).float() * decay
    a = a.tril(-1)
    grown = total.exp()[..., None]
    left = total[..., -1:]
    return (a.contiguous(), (v * beta.to(dtype)).contiguous(),
            (k.float() * beta.float() * grown).to(dtype).contiguous(),
            (k.float() * (left - total).exp()[..., None]).to(dtype).contiguous(),
            left[..., 0].exp().contiguous(), (q.float() * grown).to(dtype).contiguous(),
            ((q @ k.mT).float() * decay).to(dtype).contiguous())


def mix(inverse, value, key):
    """u = T (beta v), w = T (beta k exp G)."""
    inverse = inverse.to(value.dtype)
    return inverse @ value, inverse @ key


def after(query, states, scores, values):
    """o[B,T,Hv,V]."""
    o = query @ states + scores @ values
    b, h, n, c, size = o.shape
    return o.permute(0, 2, 3, 1, 4).reshape(b, n * c, h, size)


def gated_delta_rule(q, k, v, g, beta, kernels="torch"):
    """The whole rule, uncompiled; training calls the parts."""
    invert, scan = KERNELS[kernels]
    a, value, key, last, g_last, query, scores = before(q, k, v, g, beta)
    u, w = mix(invert(a), value, key)
    states, values = scan(u, w, last, g_last)
    return after(query, states, scores, values)


def recurrent(q, k, v, g, beta):
    """The textbook recurrence in float64, one token at a time: what the others are compared with."""
    repeat = v.shape[2] // q.shape[2]
    q, k = (x.double().repeat_interleave(repeat, 2) for x in (q, k))
    v, g, beta = v.double(), g.double(), beta.double()
    s = q.new_zeros(q.shape[0], v.shape[2], q.shape[-1], v.shape[-1])
    out = []
    for t in range(q.shape[1]):
        s = s * g[:, t].exp()[..., None, None]
        d = (v[:, t] - (s * k[:, t][..., None]).sum(-2)) * beta[:, t][..., None]
        s = s + k[:, t][..., None] * d[..., None, :]
        out.append((s * (q[:, t] * q.shape[-1] ** -0.5)[..., None]).sum(-2))
    return torch.stack(out, 1)
