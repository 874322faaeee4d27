#include "formats/write_weight.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "formats/int4_layout.h"

namespace quantrial {
namespace {

// The dtype of a number type.
template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float16>) return DType::f16;
  if constexpr (std::is_same_v<T, bfloat16>) return DType::bf16;
  return DType::f32;
}

template <typename T>
std::vector<std::byte> bytes_of(std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

// Collects the tensors of one module.
class Tensors {
 public:
  Tensors(const std::string& module, OutputContainer container, std::shared_ptr<const void> owner)
      : module_(module), container_(container), owner_(std::move(owner)) {}

  OutputContainer container() const { return container_; }
  std::vector<TensorToWrite> take() { return std::move(tensors_); }

  // Bytes of the weight as they are.
  template <typename T>
  void add(const char* suffix, DType dtype, std::vector<int64_t> shape, const Array<T>& array) {
    TensorToWrite& tensor = declare(suffix, dtype, std::move(shape));
    tensor.ready = std::as_bytes(array.span());
    tensor.owner = owner_;
  }
  // Bytes made when they are written; `make` may refer to the weight.
  template <typename Make>
  void make(const char* suffix, DType dtype, std::vector<int64_t> shape, const Make& make) {
    declare(suffix, dtype, std::move(shape)).make_bytes = [make, owner = owner_] { return make(); };
  }
  // The same, piece by piece.
  template <typename Make>
  void make_pieces(const char* suffix, DType dtype, std::vector<int64_t> shape, const Make& make) {
    declare(suffix, dtype, std::move(shape)).make_pieces =
        [make, owner = owner_](const PieceSink& sink) { make(sink); };
  }
  void number(const char* suffix, float value) {
    make(suffix, DType::f32, {1}, [value] { return bytes_of(std::span(&value, 1)); });
  }

  [[noreturn]] void refuse(std::string_view what) const {
    throw Error("{}: {} cannot be stored in {} files; choose another container", escaped(module_),
                what, name(container_));
  }

 private:
  TensorToWrite& declare(const char* suffix, DType dtype, std::vector<int64_t> shape) {
    return tensors_.emplace_back(
        TensorToWrite{fmt::format("{}.{}", module_, suffix), dtype, std::move(shape), {}});
  }

  const std::string& module_;
  OutputContainer container_;
  std::shared_ptr<const void> owner_;
  std::vector<TensorToWrite> tensors_;
};

template <typename T>
void add(const Dense<T>& w, Tensors& tensors) {
  tensors.add("weight", dtype_of<T>(), {w.rows, w.columns}, w.values);
}

bool fits_bfloat16(const Array<float>& values) {
  return std::all_of(values.span().begin(), values.span().end(),
                     [](float v) { return round_to_bfloat16(v) == v; });
}

std::vector<std::byte> as_bfloat16(const Array<float>& values) {
  std::vector<bfloat16> narrow(static_cast<size_t>(values.size()));
  std::transform(values.span().begin(), values.span().end(), narrow.begin(), to_bfloat16);
  return bytes_of(std::span<const bfloat16>(narrow));
}

void add(const Fp8Block& w, Tensors& tensors) {
  const std::vector<int64_t> blocks = {(w.rows + w.block_rows - 1) / w.block_rows,
                                       w.scale_columns()};
  if (tensors.container() == OutputContainer::auto_round) tensors.refuse("FP8");
  tensors.add("weight", DType::f8_e4m3, {w.rows, w.columns}, w.codes);
  if (tensors.container() == OutputContainer::fp8) {
    tensors.add("weight_scale_inv", DType::f32, blocks, w.scales);
  } else if (fits_bfloat16(w.scales)) {  // the model's type, as the tool writes them
    tensors.make("weight_scale", DType::bf16, blocks, [&w] { return as_bfloat16(w.scales); });
  } else {
    tensors.add("weight_scale", DType::f32, blocks, w.scales);
  }
}

// [N, ceil(K/G)] zero points as the words of [ceil(N/8), K/G], nibble j of word r = row 8r+j.
std::vector<std::byte> pack_zeros_down(const Int4Group& w) {
  const int64_t groups = w.groups();
  std::vector<uint32_t> words(static_cast<size_t>((w.rows + 7) / 8 * groups));
  for (int64_t n = 0; n < w.rows; ++n) {
    for (int64_t g = 0; g < groups; ++g) {
      words[static_cast<size_t>(n / 8 * groups + g)] |= static_cast<uint32_t>(w.zero(n, g))
                                                        << (n % 8 * 4);
    }
  }
  return bytes_of(std::span<const uint32_t>(words));
}

// pack-quantized (formats.md A.3).
void add_packed(const Int4Group& w, Tensors& tensors) {
  tensors.add("weight_packed", DType::i32, {w.rows, w.columns / 8}, w.codes);
  std::visit(
      [&]<typename T>(const Array<T>& scales) {
        tensors.add("weight_scale", dtype_of<T>(), {w.rows, w.groups()}, scales);
      },
      w.scales);
  if (!w.zeros.empty()) {
    tensors.make("weight_zero_point", DType::i32, {(w.rows + 7) / 8, w.groups()},
                 [&w] { return pack_zeros_down(w); });
  }
  tensors.make("weight_shape", DType::i64, {2}, [shape = std::array{w.rows, w.columns}] {
    return bytes_of(std::span<const int64_t>(shape));
  });
}

// source[rows, columns] turned, as bytes: a few columns at a time, in a buffer that stays in the
// caches.
template <typename T>
void turn(const T* source, int64_t rows, int64_t columns, const PieceSink& sink) {
  constexpr int64_t step = turned_columns<T>;
  const auto row_bytes = static_cast<size_t>(rows) * sizeof(T);
  std::vector<std::byte> bytes(static_cast<size_t>(step) * row_bytes);
  for (int64_t k = 0; k < columns; k += step) {
    const int64_t count = std::min(step, columns - k);
    transpose_columns(source, {rows, columns}, k, count, bytes.data());
    sink(std::span(bytes).first(static_cast<size_t>(count) * row_bytes));
  }
}

void turn_codes(const Int4Group& w, const PieceSink& sink) {
  std::vector<uint32_t> aligned;  // codes borrowed from a file may lie anywhere
  const auto* words = reinterpret_cast<const uint32_t*>(w.codes.data());
  if (reinterpret_cast<uintptr_t>(words) % alignof(uint32_t) != 0) {
    aligned.resize(static_cast<size_t>(w.codes.bytes()) / sizeof(uint32_t));
    std::memcpy(aligned.data(), w.codes.data(), static_cast<size_t>(w.codes.bytes()));
    words = aligned.data();
  }
  turn(words, w.rows, w.columns / 8, sink);
}

// auto_gptq (formats.md A.1): zero points are stored less 1, so that 0 cannot be.
void add_gptq(const Int4Group& w, Tensors& tensors) {
  if (!w.zeros.empty()) tensors.refuse("INT4 with zero points (auto_gptq keeps them less 1)");
  const auto* scales = std::get_if<Array<float16>>(&w.scales);
  if (scales == nullptr) tensors.refuse("INT4 with scales that are not F16");
  const int64_t words = (w.rows + 7) / 8;
  tensors.make_pieces("qweight", DType::i32, {w.columns / 8, w.rows},
                      [&w](const PieceSink& sink) { turn_codes(w, sink); });
  tensors.make("qzeros", DType::i32, {w.groups(), words}, [count = w.groups() * words] {
    const std::vector<uint32_t> zeros(static_cast<size_t>(count), 0x77777777u);
    return bytes_of(std::span<const uint32_t>(zeros));
  });
  tensors.make_pieces(
      "scales", DType::f16, {w.groups(), w.rows},
      [&w, scales](const PieceSink& sink) { turn(scales->data(), w.rows, w.groups(), sink); });
}

void add(const Int4Group& w, Tensors& tensors) {
  if (tensors.container() == OutputContainer::fp8) tensors.refuse("INT4");
  if (tensors.container() == OutputContainer::auto_round) {
    add_gptq(w, tensors);
  } else {
    add_packed(w, tensors);
  }
}

void add(const Nvfp4& w, Tensors& tensors) {
  if (tensors.container() == OutputContainer::fp8) tensors.refuse("NVFP4");
  tensors.add("weight_packed", DType::u8, {w.rows, w.columns / 2}, w.codes);
  tensors.add("weight_scale", DType::f8_e4m3, {w.rows, w.groups()}, w.scales);
  tensors.number("weight_global_scale", w.global.divisor());
  if (const auto* inputs = std::get_if<Nvfp4Local>(&w.activations)) {
    tensors.number("input_global_scale", inputs->global.divisor());
  }
}

}  // namespace

std::string_view name(OutputContainer container) {
  constexpr std::array<std::string_view, 3> names = {"auto-round", "fp8", "compressed-tensors"};
  return names[static_cast<size_t>(container)];
}

std::vector<TensorToWrite> written_tensors(const std::string& module,
                                           std::shared_ptr<const Weight> weight,
                                           OutputContainer container) {
  Tensors tensors(module, container, weight);
  std::visit([&](const auto& w) { add(w, tensors); }, *weight);
  return tensors.take();
}

}  // namespace quantrial
