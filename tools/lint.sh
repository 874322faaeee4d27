#!/usr/bin/env bash
# clang-tidy over the sources of the dev build, with the allow list of .clang-tidy.
#   lint.sh [SOURCE...]   without: everything under src/ and apps/ but the tests
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset dev >/dev/null
sources() {
  if [[ $# -gt 0 ]]; then printf '%s\0' "$@"; else git ls-files -z 'src/*.cpp' 'apps/*.cpp' | grep -zv _test.cpp; fi
}
# The flags are g++'s: clang does not know all of its warnings.
sources "$@" | xargs -0 -n 4 -P "$(nproc)" \
  clang-tidy-16 -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option
