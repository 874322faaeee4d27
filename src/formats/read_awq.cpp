// AutoAWQ `gemm` INT4 (formats.md A.6): qweight [K, N/8] and qzeros [K/G, N/8] along N, nibble i of
// word c = column 8c + order[i], plain zero points; scales [K/G, N].
#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "formats/int4_layout.h"
#include "formats/stored_module.h"

namespace quantrial {
namespace {

constexpr std::array<int64_t, 8> order = {0, 2, 4, 6, 1, 3, 5, 7};

// Eight words of eight nibbles as a square: nibble j of word i becomes nibble i of word j.
// Blocks of 4x4, 2x2, 1x1 across the diagonal are exchanged (Hacker's Delight 7-3).
void transpose_nibbles(std::array<uint32_t, 8>& words) {
  constexpr std::array<uint32_t, 3> masks = {0x0000FFFF, 0x00FF00FF, 0x0F0F0F0F};
  for (size_t step = 0; step < 3; ++step) {
    const size_t j = size_t{4} >> step;
    for (size_t i = 0; i < 8; ++i) {
      if (i & j) continue;
      const uint32_t changed = ((words[i] >> (4 * j)) ^ words[i + j]) & masks[step];
      words[i + j] ^= changed;
      words[i] ^= changed << (4 * j);
    }
  }
}

// qweight[K, N/8] to codes [N, K/2]; eight words down a column become four bytes of eight rows.
std::vector<uint8_t> turn_codes(const uint32_t* source, int64_t columns, int64_t words_per_row) {
  constexpr int64_t tile = 16;  // words of a cache line
  const int64_t octets = columns / 8;
  std::vector<uint8_t> turned(static_cast<size_t>(octets * words_per_row * 32));
  const auto turn = [&](int64_t octet, int64_t c) {
    std::array<uint32_t, 8> words;
    for (int64_t i = 0; i < 8; ++i) {
      words[static_cast<size_t>(i)] = source[(octet * 8 + i) * words_per_row + c];
    }
    transpose_nibbles(words);
    for (size_t i = 0; i < 8; ++i) {
      std::memcpy(&turned[static_cast<size_t>(((c * 8 + order[i]) * octets + octet) * 4)],
                  &words[i], 4);
    }
  };
  for (int64_t octet0 = 0; octet0 < octets; octet0 += tile) {
    for (int64_t c0 = 0; c0 < words_per_row; c0 += tile) {
      for (int64_t c = c0; c < std::min(words_per_row, c0 + tile); ++c) {
        for (int64_t octet = octet0; octet < std::min(octets, octet0 + tile); ++octet) {
          turn(octet, c);
        }
      }
    }
  }
  return turned;
}

Array<uint8_t> read_zeros(const StoredTensor& qzeros, const Int4Group& weight) {
  const int64_t groups = weight.groups();
  const int64_t words_per_group = weight.rows / 8;
  check_dtype(qzeros, {DType::i32});
  check_shape(qzeros, {groups, words_per_group}, fmt::format("group {}", weight.group_size));
  const auto words = qzeros.array<uint32_t>();
  const int64_t stride = (groups + 1) / 2;
  std::vector<uint8_t> zeros(static_cast<size_t>(weight.rows * stride));
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t c = 0; c < words_per_group; ++c) {
      const uint32_t word = words[g * words_per_group + c];
      for (size_t i = 0; i < 8; ++i) {
        set_nibble(zeros, (c * 8 + order[i]) * stride, g,
                   static_cast<uint8_t>(word >> (4 * i) & 15));
      }
    }
  }
  qzeros.file->release(qzeros.bytes);
  return Array<uint8_t>(std::move(zeros));
}

}  // namespace

Weight read_awq(const StoredModule& module, const Scheme& scheme) {
  const StoredTensor& qweight = module.at("qweight");
  const StoredTensor& scales = module.at("scales");
  check_dtype(qweight, {DType::i32});
  const auto [columns, words] = matrix_shape(qweight);
  Int4Group weight;
  weight.rows = words * 8;
  weight.columns = columns;
  weight.group_size = checked_group(qweight, scheme.group_size, columns);
  check_shape(scales, {weight.groups(), weight.rows}, fmt::format("group {}", weight.group_size));
  weight.zeros = read_zeros(module.at("qzeros"), weight);
  weight.codes = Array<uint8_t>(turn_codes(qweight.array<uint32_t>().data(), columns, words));
  qweight.file->release(qweight.bytes);
  weight.scales = read_turned_scales(scales, weight.groups(), weight.rows);
  return weight;
}

}  // namespace quantrial
