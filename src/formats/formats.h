// The one list of weight formats: how numbers are stored. To add one, write its header and add it
// here; `decode_row` alone makes it run, slowly, on every backend.
#pragma once

#include <concepts>
#include <string_view>
#include <variant>

#include "formats/dense.h"
#include "formats/fp8_block.h"
#include "formats/int4_group.h"
#include "formats/nvfp4.h"

namespace quantrial {

// A matrix w[N,K] of a Linear (y = x w^T), as stored.
using Weight = std::variant<Bf16, F32, Fp8Block, Int4Group, Nvfp4>;

template <typename F>
concept Format = requires(const F& f, int64_t n, std::span<float> row) {
  { F::name } -> std::convertible_to<std::string_view>;
  { f.rows } -> std::convertible_to<int64_t>;
  { f.columns } -> std::convertible_to<int64_t>;
  { f.bytes() } -> std::same_as<int64_t>;
  f.decode_row(n, row);
};
template <typename Variant>
inline constexpr bool only_formats = false;
template <typename... F>
inline constexpr bool only_formats<std::variant<F...>> = (Format<F> && ...);
static_assert(only_formats<Weight>);

int64_t rows(const Weight& weight);                    // N
int64_t columns(const Weight& weight);                 // K
int64_t bytes(const Weight& weight);                   // codes, scales and zero points
std::string_view format_name(const Weight& weight);    // "bf16", "fp8-block", "int4", ...
const Activations& activations(const Weight& weight);  // what the input is quantized to
void decode_row(const Weight& weight, int64_t n, std::span<float> row);  // row[K]

}  // namespace quantrial
