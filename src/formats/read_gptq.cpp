// auto_gptq INT4, as AutoRound and GPTQ tools write it (formats.md A.1): qweight [K/8, N] along K,
// qzeros [K/G, N/8] along N holding zero - 1, scales [K/G, N].
#include <algorithm>

#include "base/error.h"
#include "formats/int4_layout.h"
#include "formats/stored_module.h"

namespace quantrial {
namespace {

// Empty when every zero point is the symmetric 8.
Array<uint8_t> read_zeros(const StoredTensor& qzeros, const Int4Group& weight, int zero_offset) {
  const int64_t groups = weight.groups();
  const int64_t words_per_group = (weight.rows + 7) / 8;
  check_dtype(qzeros, {DType::i32});
  check_shape(qzeros, {groups, words_per_group}, fmt::format("group {}", weight.group_size));
  const auto words = qzeros.array<uint32_t>();
  const uint32_t symmetric =
      0x11111111u * static_cast<uint32_t>(Int4Group::symmetric_zero - zero_offset);
  if (std::all_of(words.span().begin(), words.span().end(),
                  [&](uint32_t word) { return word == symmetric; })) {
    return {};
  }
  const int64_t stride = (groups + 1) / 2;
  std::vector<uint8_t> zeros(static_cast<size_t>(weight.rows * stride));
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t n = 0; n < weight.rows; ++n) {
      const uint32_t word = words[g * words_per_group + n / 8];
      set_nibble(zeros, n * stride, g, static_cast<uint8_t>(word >> (n % 8 * 4) & 15));
    }
  }
  qzeros.file->release(qzeros.bytes);
  return Array<uint8_t>(std::move(zeros));
}

}  // namespace

Weight read_gptq(const StoredModule& module, const Scheme& scheme, int zero_offset,
                 ThreadPool& pool) {
  const StoredTensor& qweight = module.at("qweight");
  const StoredTensor& scales = module.at("scales");
  check_dtype(qweight, {DType::i32});
  const auto [words, rows] = matrix_shape(qweight);
  Int4Group weight;
  weight.rows = rows;
  weight.columns = words * 8;
  weight.zero_offset = zero_offset;
  weight.group_size = checked_group(qweight, scheme.group_size, weight.columns);
  check_shape(scales, {weight.groups(), rows}, fmt::format("group {}", weight.group_size));
  if (const StoredTensor* order = module.find("g_idx")) {
    check_trivial_order(*order, weight.columns, weight.group_size);
  }
  if (scheme.symmetric && module.find("qzeros") == nullptr) {
    weight.zeros = {};  // some writers leave them out: all are 8
  } else {
    weight.zeros = read_zeros(module.at("qzeros"), weight, zero_offset);
  }
  // A word's nibbles are already 8 consecutive columns: only the words change places.
  std::vector<uint8_t> codes(static_cast<size_t>(rows * weight.columns / 2));
  transpose(qweight.array<uint32_t>().data(), {words, rows},
            std::as_writable_bytes(std::span(codes)).data(), pool);
  weight.codes = Array<uint8_t>(std::move(codes));
  qweight.file->release(qweight.bytes);
  weight.scales = read_turned_scales(scales, weight.groups(), rows);
  return weight;
}

}  // namespace quantrial
