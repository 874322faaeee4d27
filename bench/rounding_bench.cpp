// Round to nearest of a BF16 matrix into each format: G weights/s by the clock and by the time that
// one core is busy, GB/s read plus written, beside a copy in memory, measured in the same run.
//   rounding_bench [THREADS]
#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>

#include "base/error.h"
#include "formats/round_to_nearest.h"

namespace quantrial {
namespace {

constexpr int64_t matrix_rows = 4096, matrix_columns = 8192;

// The shortest of some calls: by the clock, and what the cores spent, which other programs on them
// change less.
struct Seconds {
  double elapsed = 1e9, busy = 1e9;
};
Seconds best_seconds(const std::function<void()>& call) {
  Seconds best;
  for (int i = 0; i < 9; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t busy = std::clock();
    call();
    const auto end = std::chrono::steady_clock::now();
    best.elapsed = std::min(best.elapsed, std::chrono::duration<double>(end - start).count());
    best.busy = std::min(best.busy, static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC);
  }
  return best;
}

// Bytes a second read plus written by copies into fresh memory, as the formats' own outputs are.
double copy_rate(std::span<const std::byte> from, ThreadPool& pool) {
  constexpr int64_t piece = 1 << 18;
  const auto pieces = static_cast<int64_t>(from.size()) / piece;
  const Seconds seconds = best_seconds([&] {
    const auto to = std::make_unique_for_overwrite<std::byte[]>(from.size());
    pool.parallel_for(pieces, [&](int64_t i, int) {
      std::memcpy(to.get() + i * piece, from.data() + i * piece, piece);
    });
  });
  return 2 * static_cast<double>(from.size()) / seconds.elapsed;
}

int run(int threads) {
  ThreadPool pool(threads);
  std::vector<bfloat16> values(static_cast<size_t>(matrix_rows * matrix_columns));
  uint32_t state = 1;
  for (bfloat16& value : values) {
    state = state * 1664525 + 1013904223;
    value = to_bfloat16(static_cast<float>(static_cast<int32_t>(state)) * 0x1p-36f);
  }
  const Weight weight = Bf16{matrix_rows, matrix_columns, Array(std::span<const bfloat16>(values))};
  const double copy = copy_rate(std::as_bytes(std::span(values)), pool);
  fmt::print("{} threads; copy in memory {:.1f} GB/s read plus written\n", pool.size(), copy / 1e9);
  const auto show = [&](const char* name, const RoundingCodec& codec) {
    int64_t written = 0;
    const auto [seconds, busy] = best_seconds([&] {
      written = bytes(round_to_nearest({weight, "bench"}, codec, Unquantized{}, pool));
    });
    const auto moved = static_cast<double>(bytes(weight) + written);
    const auto count = static_cast<double>(values.size());
    fmt::print("{:<36} {:6.2f} {:6.2f} G weights/s {:6.1f} GB/s {:4.0f} % of the copy\n", name,
               count / seconds / 1e9, count / busy / 1e9, moved / seconds / 1e9,
               100 * moved / seconds / copy);
  };
  const auto bfloat = Arithmetic::bfloat16;
  show("int4 g128 signed, auto-round", Int4Codec{});
  show("int4 g128 symmetric, llm-compressor",
       Int4Codec{Int4Codec::Fit::absmax, 128, DType::bf16, bfloat});
  show("int4 g32 asymmetric, llm-compressor",
       Int4Codec{Int4Codec::Fit::range, 32, DType::bf16, bfloat});
  show("nvfp4", Nvfp4Codec{2688 / 0.03125f});
  show("fp8 128x128, Hugging Face", Fp8Codec{});
  show("fp8 128x128, compressed-tensors", Fp8Codec{Fp8Codec::Rule::compressed_tensors});
  return 0;
}

}  // namespace
}  // namespace quantrial

int main(int argc, char** argv) { return quantrial::run(argc > 1 ? std::atoi(argv[1]) : 0); }
