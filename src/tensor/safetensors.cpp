#include "tensor/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tensor/json.h"
#include "tensor/numbers.h"

namespace quantrial {
namespace {

constexpr uint64_t max_header_bytes = 100'000'000;  // as the safetensors library limits it
constexpr size_t max_dimensions = 16;

// The tensor at `begin` bytes into the data, before its place is checked against its neighbours.
struct Placed {
  StoredTensor tensor;
  int64_t begin, end;
};

std::string_view header_text(std::span<const std::byte> file, const std::string& where) {
  if (file.size() < 8) {
    throw Error("{}: {} bytes, too short for a safetensors file; download it again", where,
                file.size());
  }
  uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  if (length > max_header_bytes || length > file.size() - 8) {
    throw Error(
        "{}: header length {} in a file of {} bytes (limit {}); not a safetensors file or cut off, "
        "download it again",
        where, length, file.size(), max_header_bytes);
  }
  return {reinterpret_cast<const char*>(file.data()) + 8, static_cast<size_t>(length)};
}

// Bytes that `shape` of `dtype` takes; Error when the product passes 2^63.
int64_t bytes_of(const std::vector<int64_t>& shape, DType dtype, const JsonObject& entry) {
  int64_t bytes = element_bytes(dtype);
  for (const int64_t d : shape) {
    if (__builtin_mul_overflow(bytes, d, &bytes)) entry.fail("shape", "less than 2^63 bytes");
  }
  return bytes;
}

Placed read_entry(const std::string& name, const JsonObject& entry, int64_t data_bytes) {
  for (const auto& [key, value] : entry.json().items()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets") {
      entry.fail(key, "only dtype, shape and data_offsets");
    }
  }
  const auto dtype = dtype_named(entry.text("dtype"));
  if (!dtype) entry.fail("dtype", "one of BOOL, U8, I8, F8_E4M3, ..., F32, F64");
  auto shape = entry.integers("shape", 0, INT64_MAX);
  if (shape.size() > max_dimensions) entry.fail("shape", "at most 16 dimensions");
  const auto offsets = entry.integers("data_offsets", 0, INT64_MAX);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    entry.fail("data_offsets", "[begin, end] with begin <= end");
  }
  if (offsets[1] > data_bytes) {
    throw Error(
        "{}: ends at byte {} of the data, but the file holds {}; it is cut off, get it again",
        entry.where(), offsets[1], data_bytes);
  }
  const int64_t bytes = bytes_of(shape, *dtype, entry);
  if (offsets[1] - offsets[0] != bytes) {
    throw Error("{}: {} bytes stored, expected {} for {} {}; the file is damaged", entry.where(),
                offsets[1] - offsets[0], bytes, quantrial::name(*dtype), shape_text(shape));
  }
  return {{name, *dtype, std::move(shape), {}, nullptr}, offsets[0], offsets[1]};
}

// Tensors must follow each other without holes or overlap up to the end of the file.
void check_places(const std::vector<Placed>& placed, int64_t data_bytes, const std::string& where) {
  int64_t at = 0;
  for (const Placed& p : placed) {
    if (p.begin != at) {
      throw Error("{}: tensor {} begins at byte {} of the data, expected {}; the file is damaged",
                  where, escaped(p.tensor.name), p.begin, at);
    }
    at = p.end;
  }
  if (at != data_bytes) {
    throw Error("{}: {} bytes of data, expected {}; the file is cut off or has a foreign tail",
                where, data_bytes, at);
  }
}

}  // namespace

std::string shape_text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

int64_t StoredTensor::elements() const {
  return static_cast<int64_t>(bytes.size()) / element_bytes(dtype);
}

std::string StoredTensor::shape_text() const { return quantrial::shape_text(shape); }

std::vector<float> StoredTensor::floats() const {
  std::vector<float> values(static_cast<size_t>(elements()));
  const auto convert = [&]<typename T>(T) {
    for (size_t i = 0; i < values.size(); ++i) {
      T element;
      std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
      if constexpr (std::is_same_v<T, double>) {
        values[i] = static_cast<float>(element);
      } else {
        values[i] = to_float(element);
      }
    }
  };
  switch (dtype) {
    case DType::f32:
      convert(float{});
      break;
    case DType::bf16:
      convert(bfloat16{});
      break;
    case DType::f16:
      convert(float16{});
      break;
    case DType::f64:
      convert(double{});
      break;
    case DType::f8_e8m0:
      convert(float8_e8m0{});
      break;
    default:
      throw Error("{}: dtype {}, expected F32, BF16, F16, F64 or F8_E8M0", escaped(name),
                  quantrial::name(dtype));
  }
  return values;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : file_(std::make_unique<MappedFile>(path)) {
  const std::string where = shown(path);
  const std::string_view text = header_text(file_->bytes(), where);
  const Json header = parse_json(text, where + ": header");
  if (!header.is_object()) throw Error("{}: header: {}, expected an object", where, shown(header));
  const auto data = file_->bytes().subspan(8 + text.size());
  const auto data_bytes = static_cast<int64_t>(data.size());

  std::vector<Placed> placed;
  placed.reserve(header.size());
  for (const auto& [name, value] : header.items()) {
    const JsonObject entry(value, where, escaped(name));
    if (name == "__metadata__") {
      for (const auto& [key, item] : value.items()) metadata_[key] = entry.text(key);
      continue;
    }
    placed.push_back(read_entry(name, entry, data_bytes));
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  check_places(placed, data_bytes, where);
  for (Placed& p : placed) {
    p.tensor.file = file_.get();
    p.tensor.bytes =
        data.subspan(static_cast<size_t>(p.begin), static_cast<size_t>(p.end - p.begin));
    tensors_.push_back(std::move(p.tensor));
  }
}

}  // namespace quantrial
