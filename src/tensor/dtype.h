// Element types as safetensors names them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quantrial {

enum class DType : uint8_t {
  boolean,
  u8,
  i8,
  f8_e4m3,
  f8_e5m2,
  f8_e8m0,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  i64,
  u64,
  f64
};

int64_t element_bytes(DType dtype);
std::string_view name(DType dtype);                       // "BF16", "F8_E4M3", ...
std::optional<DType> dtype_named(std::string_view name);  // the inverse

}  // namespace quantrial
