#!/usr/bin/env bash
# clang-tidy over the sources of the dev build, with the allow list of .clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset dev >/dev/null
git ls-files -z 'src/*.cpp' 'apps/*.cpp' | grep -zv _test.cpp |
  xargs -0 -n 4 -P "$(nproc)" clang-tidy-14 -p build/dev --quiet
