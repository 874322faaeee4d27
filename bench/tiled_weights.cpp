#include "bench/tiled_weights.h"

#include "base/error.h"
#include "tests/random_weights.h"

namespace quantrial::bench {
namespace {

template <typename T>
Array<T> repeated(const Array<T>& block, int64_t times) {
  std::vector<T> all;
  all.reserve(static_cast<size_t>(block.size() * times));
  for (int64_t i = 0; i < times; ++i) {
    all.insert(all.end(), block.span().begin(), block.span().end());
  }
  return Array<T>(std::move(all));
}

// Each format's numbers lie row after row, so that blocks of rows follow each other.
template <typename T>
void repeat(Dense<T>& w, int64_t times) {
  w.values = repeated(w.values, times);
}
void repeat(Fp8Block& w, int64_t times) {
  w.codes = repeated(w.codes, times);
  w.scales = repeated(w.scales, times);
}
void repeat(Int4Group& w, int64_t times) {
  w.codes = repeated(w.codes, times);
  w.scales = std::visit([&](const auto& s) -> Scales { return repeated(s, times); }, w.scales);
  w.zeros = repeated(w.zeros, times);
}
void repeat(Nvfp4& w, int64_t times) {
  w.codes = repeated(w.codes, times);
  w.scales = repeated(w.scales, times);
}

Weight random_block(Stored stored, int64_t K) {
  Random random(1);
  switch (stored) {
    case Stored::bf16:
      return random_bf16(random, tile_rows, K);
    case Stored::fp8:
      return random_fp8(random, tile_rows, K, 128);
    case Stored::fp8_w8a8:
      return random_fp8(random, tile_rows, K, 128, Fp8Dynamic{128});
    case Stored::int4_g128:
      return random_int4(random, tile_rows, K, 128, Zeros::symmetric);
    case Stored::int4_g32:
      return random_int4(random, tile_rows, K, 32, Zeros::asymmetric);
    case Stored::nvfp4:
      return random_nvfp4(random, tile_rows, K);
    case Stored::nvfp4_w4a4:
      break;
  }
  return random_nvfp4(random, tile_rows, K, Nvfp4Local{{700, GlobalScale::Kind::divisor}});
}

}  // namespace

std::string name(Stored stored) {
  constexpr std::string_view names[] = {
      "bf16", "fp8", "fp8 w8a8", "int4 g128", "int4 g32 asymmetric", "nvfp4", "nvfp4 w4a4"};
  return std::string(names[static_cast<size_t>(stored)]);
}

Weight tiled_weight(Stored stored, int64_t N, int64_t K) {
  require(N % tile_rows == 0, "tiled_weight: whole tiles");
  Weight weight = random_block(stored, K);
  std::visit(
      [&](auto& w) {
        repeat(w, N / tile_rows);
        w.rows = N;
      },
      weight);
  return weight;
}

}  // namespace quantrial::bench
