#!/bin/sh
# Make the reference model again on one GPU, in under 15 minutes: ./rebuild.sh OUT [SECONDS]
# Trains SECONDS (default 360) after compiling, imprints the outliers, exports, freezes the benchmarks,
# scores BF16. The result is not the shipped file bit for bit: the schedule runs on the clock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
seconds=${2:-360}
rows=$(mktemp -d "${TMPDIR:-/dev/shm}/reference-rows.XXXXXX")
trap 'rm -rf "$rows"' EXIT
cd "$here"

python3 tokenizer.py "$out/tokenizer.json"
python3 benchmarks.py "$out/benchmarks" &
python3 train.py --tokenizer "$out/tokenizer.json" --out "$out" --rows "$rows" --seconds "$seconds"
python3 imprint.py --weights "$out/weights.safetensors" --rows "$rows/rows2048-00000-1001.npy" \
    --scales "$out/outlier_scales.json" --out "$out/shipped.safetensors" --device cuda
python3 export.py --weights "$out/shipped.safetensors" --tokenizer "$out/tokenizer.json" \
    --out "$out/model"
cp "$out/outlier_scales.json" "$out/model/"
python3 check.py twin --model "$out/model"
wait
python3 evaluate.py --model "$out/model/model.safetensors" --tokenizer "$out/tokenizer.json" \
    --benchmarks "$out/benchmarks" --all-levels --out "$out/scores.json"
