#include "tensor/dtype.h"

#include <array>

namespace quantrial {
namespace {

struct Entry {
  DType dtype;
  std::string_view name;
  int64_t bytes;
};

constexpr std::array entries = {
    Entry{DType::boolean, "BOOL", 1},    Entry{DType::u8, "U8", 1},
    Entry{DType::i8, "I8", 1},           Entry{DType::f8_e4m3, "F8_E4M3", 1},
    Entry{DType::f8_e5m2, "F8_E5M2", 1}, Entry{DType::f8_e8m0, "F8_E8M0", 1},
    Entry{DType::i16, "I16", 2},         Entry{DType::u16, "U16", 2},
    Entry{DType::f16, "F16", 2},         Entry{DType::bf16, "BF16", 2},
    Entry{DType::i32, "I32", 4},         Entry{DType::u32, "U32", 4},
    Entry{DType::f32, "F32", 4},         Entry{DType::i64, "I64", 8},
    Entry{DType::u64, "U64", 8},         Entry{DType::f64, "F64", 8},
};

const Entry& entry(DType dtype) { return entries[static_cast<size_t>(dtype)]; }

}  // namespace

int64_t element_bytes(DType dtype) { return entry(dtype).bytes; }
std::string_view name(DType dtype) { return entry(dtype).name; }

std::optional<DType> dtype_named(std::string_view name) {
  for (const Entry& e : entries) {
    if (e.name == name) return e.dtype;
  }
  return std::nullopt;
}

}  // namespace quantrial
