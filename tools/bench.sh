#!/usr/bin/env bash
# Operators, then a whole model, against the limits that they measure themselves.
#   bench.sh BUILD_DIR [MODEL]
set -euo pipefail
"$1/bench/operator_bench"
"$1/apps/quantrial" bench "${2:-$1/oracles/tiny/mm}"
