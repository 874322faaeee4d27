#!/usr/bin/env bash
# Installs what building and running quantrial needs from Debian's packages; with --tests also what
# the tests alone do. Does nothing when everything is there already.
set -euo pipefail

packages=(
  # build
  g++ cmake ninja-build make git ca-certificates pkg-config ccache
  clang-format-14 clang-tidy-16
  # libraries
  nlohmann-json3-dev libfmt-dev libcli11-dev libyaml-cpp-dev libhwy-dev libpcre2-dev libutf8proc-dev
  liblzma-dev zlib1g-dev libsqlite3-dev libcpp-httplib-dev libssl-dev libseccomp-dev
  # tests and benchmarks
  libgtest-dev libbenchmark-dev
  # the sandbox of code benchmarks, which runs Python
  bubblewrap python3
  # scripts under tools/ and the layer check
  xz-utils
)

# 290 MB, so not for who wants the program alone: the browser that the report is opened in
[[ ${1:-} == --tests ]] && packages+=(chromium)

missing=()
for package in "${packages[@]}"; do
  # "install ok installed" is the only state that will do.
  if [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) != "install ok installed" ]]; then
    missing+=("$package")
  fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

echo "installing: ${missing[*]}"
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || {
    echo "error: these packages are missing and there is no sudo: ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
