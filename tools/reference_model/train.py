"""Train the reference model: data made by worker processes, the schedule runs on elapsed time.

    python3 train.py --tokenizer TOKENIZER.json --out FOLDER --seconds 330          one GPU
    python3 train.py ... --device cpu --toy                                         a test's toy run

Writes FOLDER/weights.safetensors (FP32 masters rounded to BF16, published names, not imprinted) and
FOLDER/training.json (the curve).
"""
import argparse
import json
import os
import time

import torch
from safetensors.torch import save_file

import data
import gated_delta_rule as rule
import model
from optimizer import Optimizer

MTP_WEIGHT = 0.2
LONG_EVERY = 8               # every eighth step is a batch of long rows: 12.5 % of the tokens
WARM_STEPS = 100
DECAY = 0.45                 # share of the time over which the rate falls linearly
BATCH_TOKENS = 65536         # of one step
TOY_BATCH_TOKENS = 8192
KERNEL_ERROR = 0.05          # relative, at most; measured 0.006 in BF16
FIRST_ROWS_S = 600           # patience for the workers' first shards


def toy_config():
    return model.Config(hidden_size=128, num_hidden_layers=4, intermediate_size=128,
                        num_attention_heads=2, num_key_value_heads=1, linear_num_key_heads=1,
                        linear_num_value_heads=2)


def check_kernels(kernels, config, device):
    """The largest relative error of output and gradients against the textbook recurrence."""
    torch.manual_seed(0)
    c, t = config, 4 * rule.CHUNK
    q, k = (model.unit(torch.randn(2, t, c.linear_num_key_heads, c.linear_key_head_dim, device=device))
            for _ in range(2))
    v = torch.randn(2, t, c.linear_num_value_heads, c.linear_value_head_dim, device=device)
    g = -torch.rand(v.shape[:3], device=device)
    g[:, 100] = -25
    beta, grad = torch.rand_like(g), torch.randn_like(v)

    def run(function, dtype):
        inputs = [x.detach().to(dtype, copy=True).requires_grad_() for x in (q, k, v)]
        inputs += [g.clone().requires_grad_(), beta.to(dtype, copy=True).requires_grad_()]
        out = function(*inputs)
        out.backward(grad.to(out.dtype))
        return [out.detach().double()] + [x.grad.double() for x in inputs]
    low = torch.float32 if device == "cpu" else torch.bfloat16
    got = run(lambda *x: rule.gated_delta_rule(*x, kernels=kernels), low)
    want = run(rule.recurrent, torch.float32)
    return max(float((a - b).norm() / b.norm()) for a, b in zip(got, want))


def rate(progress, step):
    """Learning-rate factor: warm-up by steps, constant, then linear to 2 %."""
    return min(1, (step + 1) / WARM_STEPS) * min(1, max(0.02, (1 - progress) / DECAY))


class Curve:
    def __init__(self, tokens_per_step):
        self.points, self.window, self.tokens_per_step = [], [], tokens_per_step

    def add(self, step, elapsed_s, factor, values, every):
        self.window.append(values)
        if step % every:
            return
        mean = [float(sum(v[i] for v in self.window) / len(self.window)) for i in range(4)]
        self.window = []
        tokens = step * self.tokens_per_step
        names = ("loss", "mtp_loss", "token_accuracy", "mtp_token_accuracy")
        self.points.append({"step": step, "elapsed_s": round(elapsed_s, 1), "tokens": tokens,
                            "rate": round(factor, 3), **{n: round(m, 4) for n, m in zip(names, mean)}})
        print(json.dumps(self.points[-1]), flush=True)


def chosen_kernels(config, device):
    """("triton" or "torch", relative error): plain torch where Triton is absent or wrong."""
    kernels = "torch" if device == "cpu" else "triton"
    try:
        error = check_kernels(kernels, config, device)
    except Exception as failure:      # a Triton that cannot compile them; plain torch is slower but right
        print(f"{kernels} kernels failed: {failure!r}"[:500], flush=True)
        error = 1.0
    print(f"{kernels} kernels: relative error {error:.4f}", flush=True)
    if error > KERNEL_ERROR:
        print("using plain torch", flush=True)
        kernels = "torch"
    return kernels, error


def steps(arguments, network, parameters, batches, curve):
    """Trains until the time is over, counted from when both row lengths are compiled. Returns the steps."""
    optimizer = Optimizer(parameters, compiled=arguments.device != "cpu")
    short, long = batches
    step, started, clock = 0, time.time(), None
    while True:
        is_long = step % LONG_EVERY == 1
        rows = (long if is_long else short).next(FIRST_ROWS_S if step < 2 else 0.5)
        if step == 2:
            if arguments.device != "cpu":
                torch.cuda.synchronize()
            clock = time.time()
            print(f"both row lengths compiled after {clock - started:.1f} s", flush=True)
        elapsed = 0 if clock is None else time.time() - clock
        if elapsed >= arguments.seconds:
            return step
        factor = rate(elapsed / arguments.seconds, step)
        loss, mtp_loss, hits, mtp_hits = network.loss(parameters, rows)
        (loss + MTP_WEIGHT * mtp_loss).backward()
        optimizer.step(arguments.muon_rate * factor, arguments.adam_rate * factor)
        step += 1
        curve.add(step, elapsed, factor, [x.detach() for x in (loss, mtp_loss, hits, mtp_hits)],
                  arguments.log_every)


def save(arguments, parameters, summary, config, curve):
    os.makedirs(arguments.out, exist_ok=True)
    save_file({n: v.detach().to(torch.bfloat16).cpu().contiguous() for n, v in parameters.items()},
              f"{arguments.out}/weights.safetensors", metadata={"format": "pt"})
    with open(f"{arguments.out}/training.json", "w", encoding="utf-8") as file:
        json.dump({"summary": summary, "config": vars(config), "curve": curve.points}, file, indent=1)


def train(arguments):
    started, device = time.time(), arguments.device
    compiled = device != "cpu"
    workers = data.start_workers(arguments.tokenizer, arguments.rows, arguments.workers, arguments.seed,
                                 data.LONG if arguments.toy else data.ROWS_TOKENS)
    torch._dynamo.config.cache_size_limit = 64
    torch.set_float32_matmul_precision("high")
    config = toy_config() if arguments.toy else model.Config()
    kernels, error = chosen_kernels(config, device)
    parameters = model.initial(config, arguments.seed, device)
    network = model.Network(config, torch.bfloat16 if compiled else torch.float32, device, kernels,
                            compiled, data.LONG)
    batch_tokens = TOY_BATCH_TOKENS if arguments.toy else BATCH_TOKENS
    batches = [data.Rows(arguments.rows, length, batch_tokens // length, device)
               for length in (data.SHORT, data.LONG)]
    curve = Curve(batch_tokens)
    count = steps(arguments, network, parameters, batches, curve)
    for process in workers:
        process.terminate()
    summary = {"seconds": round(time.time() - started, 1), "steps": count,
               "tokens": count * batch_tokens,
               "long_row_tokens": len(range(1, count, LONG_EVERY)) * batch_tokens,
               "repeated_shards": sum(rows.repeats for rows in batches),
               "kernel_error": round(error, 5), "seed": arguments.seed,
               "device": torch.cuda.get_device_name() if compiled else "cpu",
               "parameters": sum(v.numel() for v in parameters.values()),
               "peak_bytes": torch.cuda.max_memory_allocated() if compiled else 0}
    print(json.dumps(summary), flush=True)
    save(arguments, parameters, summary, config, curve)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--rows", default="/dev/shm/reference-rows", help="folder of the packed rows")
    parser.add_argument("--seconds", type=float, default=360, help="training time after compilation")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--workers", type=int, default=10)
    parser.add_argument("--muon-rate", type=float, default=6e-3)
    parser.add_argument("--adam-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-every", type=int, default=100)
    parser.add_argument("--toy", action="store_true", help="a tiny model and batch, for tests")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
