#!/usr/bin/env python3
"""Speed of `quantize` beside `cp -r` of the same checkpoint: bytes read plus written a second, and the share of cp's rate.
Usage: quantize_speed.py QUANTRIAL MODEL [RECIPE ...] [--folder DIR] [--threads 2] [--rounds 5] [--set key=value]
Default recipes: fp8-block128 int4-rtn; their goal is 60 %. A calibrated recipe without tuning (nvfp4) gets one row more: the seconds
above that goal, which is what its calibration pass costs. DIR (default: beside MODEL) needs room for two copies; cp and the recipes take
turns. Warm means that the model is in the page cache, and that the memory of the new files has been used before: a virtual machine that
must first get it from its host writes at a tenth of the speed. Needs Python alone."""
import argparse
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("quantrial")
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("recipes", nargs="*", default=["fp8-block128", "int4-rtn"])
parser.add_argument("--folder", type=pathlib.Path)
parser.add_argument("--threads", default="2")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--set", action="append", default=[], help="key=value, for every recipe")
args = parser.parse_args()
GOAL = 0.6


def bytes_in(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def warm(folder):
    for file in args.model.rglob("*"):
        if file.is_file():
            with open(file, "rb") as stream:
                while stream.read(1 << 24):
                    pass
    for name in ("warm1", "warm2"):
        shutil.copytree(args.model, folder / name)
    for name in ("warm1", "warm2"):
        shutil.rmtree(folder / name)
    subprocess.run(["sync"], check=True)


def timed(command, out):
    start = time.monotonic()
    subprocess.run([*command, out], check=True, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    written = bytes_in(out)
    shutil.rmtree(out)
    return seconds, written


commands = {"cp -r": ["cp", "-r", args.model]}
for recipe in args.recipes:
    commands[recipe] = [args.quantrial, "quantize", args.model, "--recipe", recipe, "--threads", args.threads, "--quiet"]
    commands[recipe] += [word for setting in args.set for word in ("--set", setting)] + ["-o"]
seconds = {name: [] for name in commands}
written = {}
with tempfile.TemporaryDirectory(dir=args.folder or args.model.resolve().parent) as folder:
    folder = pathlib.Path(folder)
    for _ in range(args.rounds):
        for name, command in commands.items():
            warm(folder)
            took, written[name] = timed(command, folder / "out")
            seconds[name].append(took)

read = bytes_in(args.model)
cp_rate = 2 * read / statistics.median(seconds["cp -r"])
print(f"{'':<16} {'median s':>8} {'min':>6} {'max':>6} {'GB read':>8} {'written':>8} {'GB/s':>6} {'of cp':>6} {'goal s':>7}")
for name, times in seconds.items():
    median, moved = statistics.median(times), read + written[name]
    print(f"{name:<16} {median:8.2f} {min(times):6.2f} {max(times):6.2f} {read / 1e9:8.2f} {written[name] / 1e9:8.2f} {moved / median / 1e9:6.2f} "
          f"{100 * moved / median / cp_rate:4.0f} % {moved / GOAL / cp_rate:7.2f}", flush=True)
    if name.startswith("nvfp4"):
        print(f"{'':<16} {median - moved / GOAL / cp_rate:8.2f} s above the goal of data-free recipes: the calibration pass")
