// compressed-tensors pack-quantized INT4 (formats.md A.3). Codes already lie as in memory; zero
// points are packed along N and are turned.
#include "base/error.h"
#include "formats/int4_layout.h"
#include "formats/stored_module.h"

namespace quantrial {
namespace {

// [N, K] of weight_shape, which must fit weight_packed [N, ceil(K/8)].
std::array<int64_t, 2> read_shape(const StoredModule& module, const StoredTensor& packed) {
  const StoredTensor& shape = module.at("weight_shape");
  check_dtype(shape, {DType::i64, DType::i32});
  check_shape(shape, {2}, "rows and columns");
  std::array<int64_t, 2> numbers{};
  for (size_t i = 0; i < 2; ++i) {
    numbers[i] = shape.dtype == DType::i64 ? shape.array<int64_t>()[static_cast<int64_t>(i)]
                                           : shape.array<int32_t>()[static_cast<int64_t>(i)];
  }
  const auto [rows, words] = matrix_shape(packed);
  if (numbers[0] != rows || numbers[1] > words * 8 || numbers[1] <= (words - 1) * 8) {
    throw Error("{}: says [{}, {}], which does not fit weight_packed {}; re-export the checkpoint",
                escaped(shape.name), numbers[0], numbers[1], packed.shape_text());
  }
  return numbers;
}

// weight_zero_point: int32 [ceil(N/8), K/G], nibble j of word r = row 8r+j, stored zero + 8; before
// packing was introduced int8 [N, K/G] with the plain signed zero.
Array<uint8_t> read_zeros(const StoredTensor& zeros, int64_t rows, int64_t groups) {
  std::vector<uint8_t> turned(static_cast<size_t>(rows * ((groups + 1) / 2)));
  check_dtype(zeros, {DType::i32, DType::i8});
  const bool packed = zeros.dtype == DType::i32;
  check_shape(zeros, {packed ? (rows + 7) / 8 : rows, groups}, "zero points");
  const auto words = packed ? zeros.array<uint32_t>() : Array<uint32_t>();
  const auto plain = packed ? Array<int8_t>() : zeros.array<int8_t>();
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t g = 0; g < groups; ++g) {
      const uint32_t zero = packed ? words[n / 8 * groups + g] >> (n % 8 * 4)
                                   : static_cast<uint32_t>(plain[n * groups + g] + 8);
      set_nibble(turned, n * ((groups + 1) / 2), g, static_cast<uint8_t>(zero & 15));
    }
  }
  zeros.file->release(zeros.bytes);
  return Array<uint8_t>(std::move(turned));
}

}  // namespace

Weight read_packed_int4(const StoredModule& module, const Scheme& scheme) {
  const StoredTensor& packed = module.at("weight_packed");
  const StoredTensor& scale = module.at("weight_scale");
  check_dtype(packed, {DType::i32});
  const auto [rows, columns] = read_shape(module, packed);
  Int4Group weight;
  weight.rows = rows;
  weight.columns = columns;
  weight.group_size = checked_group(packed, scheme.group_size, columns);
  check_shape(scale, {rows, weight.groups()}, fmt::format("group {}", weight.group_size));
  if (const StoredTensor* order = module.find("weight_g_idx")) {
    check_trivial_order(*order, columns, weight.group_size);
  }
  weight.codes = packed.array<uint8_t>();
  weight.scales = read_scales(scale);
  if (const StoredTensor* zeros = module.find("weight_zero_point")) {
    weight.zeros = read_zeros(*zeros, rows, weight.groups());
  } else if (!scheme.symmetric) {
    module.at("weight_zero_point");  // reports that it is absent
  }
  return weight;
}

}  // namespace quantrial
