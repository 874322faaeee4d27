"""Muon for the matrices of the body, AdamW for the rest.

Muon: Jordan et al. 2024 (momentum, then five Newton-Schulz steps towards the nearest orthogonal
matrix); the update is scaled to a root mean square of 0.2 as in Liu et al. 2025, arXiv 2502.16982.
"""
import torch


def uses_muon(name, value):
    return (value.ndim == 2 and min(value.shape) >= 64 and "embed" not in name
            and "lm_head" not in name)


def orthogonal(g):
    """g[n, rows, columns] -> close to U V^T of its singular value decomposition."""
    x = g.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if tall else x


class Optimizer:
    def __init__(self, parameters, weight_decay=0.05, compiled=False):
        self.parameters, self.weight_decay = parameters, weight_decay
        self.shapes = {}
        for name, value in parameters.items():
            if uses_muon(name, value):
                self.shapes.setdefault(tuple(value.shape), []).append(name)
        self.momentum = {shape: torch.zeros(len(names), *shape, device=parameters[names[0]].device)
                         for shape, names in self.shapes.items()}
        rest = {n: v for n, v in parameters.items() if not uses_muon(n, v)}
        self.adam = torch.optim.AdamW(
            [{"params": [v for v in rest.values() if v.ndim >= 2], "weight_decay": 0.01},
             {"params": [v for v in rest.values() if v.ndim < 2], "weight_decay": 0.0}],
            lr=1e-3, betas=(0.9, 0.95), eps=1e-10, fused=next(iter(rest.values())).is_cuda)
        self.orthogonal = torch.compile(orthogonal, dynamic=False) if compiled else orthogonal

    @torch.no_grad()
    def step(self, muon_rate, adam_rate):
        for shape, names in self.shapes.items():
            values = [self.parameters[n] for n in names]
            g = torch.stack([v.grad for v in values])
            m = self.momentum[shape]
            m.lerp_(g, 0.05)
            update = self.orthogonal(g.lerp(m, 0.95)).float() * (0.2 * max(shape) ** 0.5 * muon_rate)
            torch._foreach_mul_(values, 1 - muon_rate * self.weight_decay)
            torch._foreach_sub_(values, list(update.unbind()))
        for group in self.adam.param_groups:
            group["lr"] = adam_rate
        self.adam.step()
        for value in self.parameters.values():
            value.grad = None
