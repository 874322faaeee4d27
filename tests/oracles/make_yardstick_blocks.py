"""Blocks for the quantizer yardstick with statistics that the stored one lacks, in its layout.

  make_blocks.py KIND DIR      KIND: linear | heavy | gauss      (torch 2.15.0)

One-layer models, hidden 256, FF 512, whose embedding table is the activation set: ids 0..3071 calibration
(24 x 128), 3072..4095 held out.
"""
import json, math, os, sys
import torch
from safetensors.torch import save_file

kind, out = sys.argv[1:]
S = {  # seed, layer type, degrees of freedom (0: Gaussian), spectrum exponent, AR(1), outlier channels, first token, weights: row/column sigma, rare factor, its share, low rank
    "linear": dict(seed=7, layer="linear_attention", df=6, spec=.5, ar=.6, outliers=[30, 20, 12, 8], first=4., sigma=.3, rare=5., share=.001, low=.6),
    "heavy": dict(seed=8, layer="full_attention", df=3, spec=.7, ar=.6, outliers=[80, 60, 40, 30, 20, 10], first=16., sigma=.5, rare=8., share=.002, low=.6),
    "gauss": dict(seed=9, layer="full_attention", df=0, spec=.1, ar=.3, outliers=[], first=1., sigma=.1, rare=1., share=0., low=0.)}[kind]
g = torch.Generator().manual_seed(S["seed"])
H, I, HD, NH, NKV, N, SL = 256, 512, 64, 4, 2, 4096, 128
NK, NV = 2, 4
rn = lambda *s: torch.randn(*s, generator=g)
z = rn(N // SL, SL, H)
if S["df"]:
    z = z / (sum(rn(N // SL, SL, H) ** 2 for _ in range(S["df"])) / S["df"]).sqrt()
a = S["ar"]
for t in range(1, SL): z[:, t] = a * z[:, t - 1] + math.sqrt(1 - a * a) * z[:, t]
U, _ = torch.linalg.qr(rn(H, H)); spec = torch.arange(1, H + 1).float() ** -S["spec"]; spec = spec / spec.pow(2).mean().sqrt()
x = (z * spec) @ U.T
k = len(S["outliers"]); ch = torch.randperm(H, generator=g)[:k]
if k: x[..., ch] = x[..., ch] * torch.tensor([float(o) for o in S["outliers"]]) + 3 * rn(k)
x[:, 0] *= S["first"]
x = x.reshape(N, H).to(torch.bfloat16)
def lin(o, i, gain):
    w = rn(o, i) * gain / math.sqrt(i) * torch.exp(S["sigma"] * rn(o, 1)) * torch.exp(S["sigma"] * rn(1, i))
    low = S["low"]
    w = math.sqrt(1 - low * low) * w + low * (rn(o, 16) @ rn(16, i) / math.sqrt(16 * i) * gain)
    return w * torch.where(torch.rand(o, i, generator=g) < S["share"], S["rare"], 1.0)
def norm():
    w = 0.5 + 0.3 * rn(H)
    if k: w[ch] = -0.7 + 0.1 * rn(k).abs()
    return w
p = "model.layers.0."
T = {"model.embed_tokens.weight": x, p + "input_layernorm.weight": norm(), p + "post_attention_layernorm.weight": norm(), "model.norm.weight": 0.1 * rn(H),
     p + "mlp.gate_proj.weight": lin(I, H, 1.0), p + "mlp.up_proj.weight": lin(I, H, 1.0), p + "mlp.down_proj.weight": lin(H, I, 1.5)}
if S["layer"] == "full_attention":
    q = p + "self_attn."
    T |= {q + "q_proj.weight": lin(NH * HD * 2, H, 1.0), q + "k_proj.weight": lin(NKV * HD, H, 1.0), q + "v_proj.weight": lin(NKV * HD, H, 1.5),
          q + "o_proj.weight": lin(H, NH * HD, 1.5), q + "q_norm.weight": 0.4 + 0.2 * rn(HD), q + "k_norm.weight": 0.4 + 0.2 * rn(HD)}
else:
    q = p + "linear_attn."; C = 2 * NK * HD + NV * HD
    T |= {q + "in_proj_qkv.weight": lin(C, H, 1.0), q + "in_proj_z.weight": lin(NV * HD, H, 1.0), q + "in_proj_b.weight": lin(NV, H, 1.0), q + "in_proj_a.weight": lin(NV, H, 1.0),
          q + "out_proj.weight": lin(H, NV * HD, 1.5), q + "conv1d.weight": 0.5 * rn(C, 1, 4), q + "A_log": torch.log(torch.rand(NV, generator=g) * 8 + .5),
          q + "dt_bias": rn(NV) - 1, q + "norm.weight": 1 + 0.2 * rn(HD)}
T = {n: v.to(torch.bfloat16).contiguous() for n, v in T.items()}
cfg = {"architectures": ["Qwen3_5ForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "attn_output_gate": True, "dtype": "bfloat16", "head_dim": HD,
  "hidden_act": "silu", "hidden_size": H, "intermediate_size": I, "layer_types": [S["layer"]], "max_position_embeddings": 4096, "model_type": "qwen3_5_text",
  "num_attention_heads": NH, "num_hidden_layers": 1, "num_key_value_heads": NKV, "partial_rotary_factor": 0.25, "rms_norm_eps": 1e-6, "full_attention_interval": 1,
  "linear_conv_kernel_dim": 4, "linear_key_head_dim": HD, "linear_num_key_heads": NK, "linear_num_value_heads": NV, "linear_value_head_dim": HD,
  "rope_parameters": {"mrope_interleaved": True, "mrope_section": [3, 3, 2], "partial_rotary_factor": 0.25, "rope_theta": 10000000, "rope_type": "default"},
  "tie_word_embeddings": True, "use_cache": True, "vocab_size": N, "eos_token_id": None, "bos_token_id": None, "pad_token_id": None}
os.makedirs(out, exist_ok=True)
save_file(T, f"{out}/model.safetensors", metadata={"format": "pt"}); json.dump(cfg, open(f"{out}/config.json", "w"), indent=1)
s = x.float(); print(kind, "act kurtosis", float(((s - s.mean()) ** 4).mean() / s.var() ** 2), "absmax/std", float(s.abs().max() / s.std()))
