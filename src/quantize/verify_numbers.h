// The part of verify() that reads every number of a checkpoint.
#pragma once

#include <optional>
#include <vector>

#include "formats/formats.h"
#include "quantize/verify.h"
#include "tensor/safetensors.h"

namespace quantrial {

// What is found in one matrix. A group is what has a scale of its own within a row.
struct MatrixNumbers {
  int64_t groups = 0;
  int64_t collapsed_groups = 0;  // all zeros, though the base model's are not
  int64_t zero_rows = 0;         // all zeros, though the base model's are not
  int64_t saturated_groups = 0;  // NVFP4: the scale is the largest that E4M3 has
  std::optional<int64_t> not_finite_row{};
  double squared_error = 0, squared_base = 0;
};
// Without a base: nothing is decoded, zero_rows are all rows of zeros, no groups are collapsed.
MatrixNumbers read_numbers(const Weight& weight, ThreadPool& pool);
// With `factors` the weights are multiplied by theirs before they are compared.
struct Factors {
  std::vector<float> rows, columns;  // [N], [K]; empty: all 1
};
MatrixNumbers read_numbers(const Weight& weight, const Weight& base, const Factors& factors,
                           ThreadPool& pool);

// Whether every number is finite; of floating-point types, others are.
bool is_finite(const StoredTensor& tensor, ThreadPool& pool);

}  // namespace quantrial
