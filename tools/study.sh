#!/usr/bin/env bash
# Until the study exists: the engine on one oracle checkpoint of each format.
#   study.sh BUILD_DIR
set -euo pipefail
oracles="$1/oracles"
"$1/bench/format_table" "$oracles/tiny/prompts.json" "$oracles/tiny/mm" \
  "$oracles"/{fp8_hf_block128,fp8_block_ct,autoround_int4,awq_int4_g32,nvfp4_llmc,nvfp4_autoround_llm_compressor,nvfp4_autoround_auto_round}
