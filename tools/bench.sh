#!/usr/bin/env bash
# Operators, rounding to nearest, the tokenizer, then a whole model; most against the limits that they
# measure themselves.
#   bench.sh BUILD_DIR [MODEL]
set -euo pipefail
"$1/bench/operator_bench"
"$1/bench/rounding_bench"
"$1/bench/tokenizer_bench"
"$1/apps/quantrial" bench "${2:-$1/oracles/tiny/mm}"
