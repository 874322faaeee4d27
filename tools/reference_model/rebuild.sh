#!/bin/sh
# Make the reference model again on one GPU, in under 15 minutes: ./rebuild.sh OUT [SECONDS]
# Trains SECONDS (default 360) after compiling, imprints the outliers, exports, freezes the benchmarks,
# scores BF16. The result is not the shipped file bit for bit: the schedule runs on the clock.
#
# ./rebuild.sh --toy OUT: the same stages with a toy model on a CPU, for the test (a minute; learns nothing).
set -eu
toy=
if [ "${1:-}" = --toy ]; then
    toy=yes
    shift
fi
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 OUT [SECONDS] | $0 --toy OUT" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
if [ "$toy" ]; then
    seconds=1 device=cpu
    tokenizer_options="--documents 1000"
    train_options="--device cpu --toy --workers 2"
    score_options="--device cpu --families facts,lineq --per-level 1 --samples 2 --length 160 --kl 100
        --recipes bf16,nvfp4"
else
    seconds=${2:-360} device=cuda tokenizer_options='' train_options='' score_options=--all-levels
fi
rows=$(mktemp -d "${TMPDIR:-/dev/shm}/reference-rows.XXXXXX")
trap 'rm -rf "$rows"' EXIT
cd "$here"

# The options are lists of words: they are left unquoted on purpose.
python3 tokenizer.py "$out/tokenizer.json" $tokenizer_options
python3 benchmarks.py "$out/benchmarks" &
benchmarks=$!
python3 train.py --tokenizer "$out/tokenizer.json" --out "$out" --rows "$rows" --seconds "$seconds" \
    $train_options
python3 imprint.py --weights "$out/weights.safetensors" --rows "$rows/rows2048-00000-1001.npy" \
    --scales "$out/outlier_scales.json" --out "$out/shipped.safetensors" --device "$device"
python3 export.py --weights "$out/shipped.safetensors" --tokenizer "$out/tokenizer.json" \
    --out "$out/model"
cp "$out/outlier_scales.json" "$out/model/"
python3 check.py twin --model "$out/model"
wait "$benchmarks"
python3 evaluate.py --model "$out/model/model.safetensors" --tokenizer "$out/tokenizer.json" \
    --benchmarks "$out/benchmarks" --out "$out/scores.json" $score_options
