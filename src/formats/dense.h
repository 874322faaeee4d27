// Weights that are not quantized.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>

#include "tensor/array.h"
#include "tensor/numbers.h"

namespace quantrial {

template <typename T>
struct Dense {
  static constexpr std::string_view name = std::is_same_v<T, bfloat16> ? "bf16" : "f32";

  int64_t rows = 0, columns = 0;  // N, K
  Array<T> values;                // [N, K]

  int64_t bytes() const { return values.bytes(); }
  // Row n as floats: row[K].
  void decode_row(int64_t n, std::span<float> row) const {
    const T* source = values.data() + n * columns;
    for (int64_t k = 0; k < columns; ++k) row[static_cast<size_t>(k)] = to_float(source[k]);
  }
};

using Bf16 = Dense<bfloat16>;
using F32 = Dense<float>;  // also what an F16 checkpoint becomes, exactly

}  // namespace quantrial
