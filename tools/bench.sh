#!/usr/bin/env bash
# Operators, rounding to nearest, the tokenizer, then whole models of the Qwen3.5-0.8B shape, made on the
# spot in a temporary folder (up to 1.6 GB of it): most against the limits that they measure themselves,
# and against bench/baselines/<machine>.json where there is one.
#   bench.sh BUILD_DIR [--save]      --save: writes the baseline of this machine
set -euo pipefail
build=$1 save=${2:-}
[[ -z $save || $save == --save ]] || { echo "usage: bench.sh BUILD_DIR [--save]" >&2; exit 2; }
tools=$(dirname "$0")

# Memory rather than a disk where there is room, since the models are read from the page cache anyway.
where=${TMPDIR:-/tmp}
if [[ -z ${TMPDIR:-} && -w /dev/shm && $(df --output=avail -B1M /dev/shm | tail -1) -gt 8000 ]]; then where=/dev/shm; fi
folder=$(mktemp -d -p "$where" quantrial-bench-XXXXXX)
trap 'rm -rf "$folder"' EXIT

"$build/bench/operator_bench" --json "$folder/operators.json"
"$build/bench/rounding_bench"
"$build/bench/tokenizer_bench"
if ! python3 -c '' 2>/dev/null; then
  echo "python3 is not here: no synthetic models, no baseline"
  exit 0
fi

# measure FORMAT HEAD_BITS: the figures of one model as FORMAT, or FORMAT-head8, .json
measure() {
  local name=$1
  [[ $2 == 16 ]] || name=$1-head8
  "$build/apps/quantrial" bench "$folder/model" --head-bits "$2" --prompt-tokens 512 --output-tokens 48 --json > "$folder/model-$name.json"
}
for format in bf16 fp8 int4-g128 nvfp4; do
  python3 "$tools/make_synthetic_checkpoint.py" "$folder/model" --shape 0.8b --format $format
  measure $format 16
  if [[ $format == int4-g128 || $format == nvfp4 ]]; then measure $format 8; fi
  rm -r "$folder/model"
done
python3 "$tools/bench_baseline.py" "$folder" $save
