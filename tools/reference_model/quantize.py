"""Round-to-nearest fake quantization: weights and activations as the recipes would store them.

Weights become BF16 values on the format's grid; activations are rounded at run time by the decoder.
Formats: spec formats.md. W4A4 activations take the ideal global scale of each token.
"""
import torch

E4M3 = torch.float8_e4m3fn


def e2m1(x):
    """Nearest of 0, .5, 1, 1.5, 2, 3, 4, 6 with sign, ties to even."""
    a = x.abs().clamp(max=6.0)
    step = torch.where(a < 2, 0.5, torch.where(a < 4, 1.0, 2.0))
    return torch.sign(x) * torch.round(a / step) * step


def nvfp4(x, per_token=False):
    """16 values share an E4M3 scale; the global scale belongs to the tensor, or to each token."""
    groups = x.float().reshape(*x.shape[:-1], -1, 16)
    largest = groups.abs().amax(-1, keepdim=True)
    whole = largest.amax(-2, keepdim=True) if per_token else largest.amax()
    whole = (whole / (448 * 6)).clamp(min=1e-20)
    scale = (largest / 6 / whole).clamp(min=2 ** -9).to(E4M3).float() * whole
    return (e2m1(groups / scale) * scale).reshape(x.shape).to(x.dtype)


def int4_symmetric(w, group=128):
    """Signed scale: the entry of largest magnitude maps to -8 (auto-round's container)."""
    groups = w.float().reshape(w.shape[0], -1, group)
    extreme = groups.gather(-1, groups.abs().argmax(-1, keepdim=True))
    scale = -(extreme / 8)
    scale = torch.where(scale.abs() < 1e-5, torch.full_like(scale, 1e-5), scale).half().float()
    return ((groups / scale).round().clamp(-8, 7) * scale).reshape(w.shape).to(w.dtype)


def int4_asymmetric(w, group=32):
    """Scale and zero point over minimum and maximum (compressed-tensors pack-quantized)."""
    groups = w.float().reshape(w.shape[0], -1, group)
    low, high = groups.amin(-1, keepdim=True).clamp(max=0), groups.amax(-1, keepdim=True).clamp(min=0)
    scale = ((high - low) / 15).clamp(min=1e-10).bfloat16().float()
    zero = (-8 - low / scale).round().clamp(-8, 7)
    return (((groups / scale).round() + zero).clamp(-8, 7) - zero).mul(scale).reshape(w.shape).to(w.dtype)


def fp8_block(w, block=128):
    rows, columns = w.shape
    padded = torch.nn.functional.pad(w.float(), (0, -columns % block, 0, -rows % block))
    blocks = padded.view(padded.shape[0] // block, block, padded.shape[1] // block, block)
    scale = (blocks.abs().amax((1, 3), keepdim=True) / 448).clamp(min=1e-12)
    return ((blocks / scale).to(E4M3).float() * scale).view(padded.shape)[:rows, :columns].to(w.dtype)


def fp8_tokens(x, group=128):
    groups = x.float().reshape(*x.shape[:-1], -1, group)
    scale = (groups.abs().amax(-1, keepdim=True) / 448).clamp(min=1e-12)
    return ((groups / scale).to(E4M3).float() * scale).reshape(x.shape).to(x.dtype)


def nvfp4_tokens(x):
    return nvfp4(x, per_token=True)


def module_class(name):
    """The class of a body Linear's weight: ab, linear, full, mlp; None for everything else."""
    if not name.startswith("model.language_model.layers.") or "_proj" not in name:
        return None
    if ".in_proj_a." in name or ".in_proj_b." in name:
        return "ab"
    return "linear" if "linear_attn" in name else "full" if "self_attn" in name else "mlp"


ALL = frozenset(("ab", "linear", "full", "mlp"))
# name: (weights, classes quantized, activations)
RECIPES = {
    "bf16": (None, frozenset(), None),
    "fp8-block128": (fp8_block, ALL - {"ab"}, fp8_tokens),
    "int4-g128": (int4_symmetric, ALL, None),
    "int4-g128-keep-ab": (int4_symmetric, ALL - {"ab"}, None),
    "int4-g32": (int4_asymmetric, ALL, None),
    "int4-g32-keep-ab": (int4_asymmetric, ALL - {"ab"}, None),
    "int4-g32-linear-attn-bf16": (int4_asymmetric, frozenset(("full", "mlp")), None),
    "nvfp4-weights": (nvfp4, ALL, None),
    "nvfp4": (nvfp4, ALL, nvfp4_tokens),
    "nvfp4-keep-ab": (nvfp4, ALL - {"ab"}, nvfp4_tokens),
    "nvfp4-linear-attn-bf16": (nvfp4, frozenset(("full", "mlp")), nvfp4_tokens),
}


def quantized(weights, recipe):
    """(weights on the recipe's grid, {class: activation rounding})."""
    rounding, classes, activation = RECIPES[recipe]
    new = {name: rounding(value) if rounding and module_class(name) in classes else value
           for name, value in weights.items()}
    return new, {c: activation for c in classes} if activation else {}
