"""calibration_scales.json: the token ids that llm-compressor calibrated nvfp4_llmc with, and what
the Linears of tiny/mm read while these ids run through transformers.

    python make_calibration_scales.py ORACLES

ORACLES is the oracle collection (the folder with tiny/, nvfp4_llmc/ and scripts/calib.py). Made with
Python 3.11.7 (calib.py encodes files of its standard library: another Python gives other ids),
torch 2.15.0, transformers 5.24.0.

`absmax_float32`: weights and activations in float32. `absmax_llm_compressor`: as
llmcompressor 0.14.0.1 runs it, in bfloat16 and with norms of weight bfloat16(1 + w)
(modeling/offset_norm.py); its input_global_scale follows from these numbers bit for bit, which this
script checks.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import Qwen3_5ForConditionalGeneration

oracles = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(oracles / "scripts"))
import calib  # noqa: E402

base = oracles / "tiny/mm"
ids = [row[0].tolist() for row in calib.ids(str(base), 16, 128)[0]]
stored = {}
for file in (oracles / "nvfp4_llmc").glob("*.safetensors"):
    stored.update(load_file(file))


def largest_inputs(dtype, norms_of_the_tool):
    model = Qwen3_5ForConditionalGeneration.from_pretrained(base, dtype=dtype).eval()
    if norms_of_the_tool:  # it stores bfloat16(1 + w) - 1, which is exact
        with torch.no_grad():
            for name, weight in model.state_dict().items():
                if name.endswith("norm.weight") and "linear_attn" not in name:
                    weight.copy_(stored.get(name, weight))
    largest = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and "language_model.layers" in name:
            largest[name] = 0.0

            def see(_, inputs, name=name):
                largest[name] = max(largest[name], inputs[0].abs().max().item())

            module.register_forward_pre_hook(see)
    with torch.no_grad():
        for row in ids:
            model(input_ids=torch.tensor([row]))
    return largest


def divisor(absmax):
    absmax = torch.tensor(absmax, dtype=torch.bfloat16)
    return ((1 / absmax).to(torch.bfloat16) * 2688).to(torch.bfloat16).item()


tool = largest_inputs(torch.bfloat16, True)
for name, absmax in tool.items():
    assert divisor(absmax) == stored[name + ".input_global_scale"].item(), name
result = {
    "absmax_float32": largest_inputs(torch.float32, False),
    "absmax_llm_compressor": tool,
    "input_ids": ids,
}
out = pathlib.Path(__file__).parent / "calibration_scales.json"
text = json.dumps(result, separators=(",", ":"))
out.write_text(text.replace("],[", "],\n[").replace(",\"model", ",\n\"model") + "\n")
print(len(tool), "Linears")
