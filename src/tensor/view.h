// A borrowed, contiguous, row-major array: pointer and shape, outermost dimension first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace quantrial {

template <typename T, int Rank>
class View {
 public:
  View() = default;
  View(T* data, std::array<int64_t, Rank> shape) : data_(data), shape_(shape) {}
  // View<float> reads as View<const float>, without a word: not explicit.
  template <typename U>
  requires std::is_same_v<const U, T> View(const View<U, Rank>& other)  // NOLINT
      : data_(other.data()), shape_(other.shape()) {}

  T* data() const { return data_; }
  const std::array<int64_t, Rank>& shape() const { return shape_; }
  int64_t shape(int dimension) const { return shape_[static_cast<size_t>(dimension)]; }
  int64_t size() const {
    int64_t n = 1;
    for (const int64_t d : shape_) n *= d;
    return n;
  }

  // Sub-array i of the outermost dimension; an element when Rank is 1.
  decltype(auto) operator[](int64_t i) const {
#if defined(__SANITIZE_ADDRESS__)
    require(i >= 0 && i < shape_[0], "View: index outside the shape");
#endif
    if constexpr (Rank == 1) {
      return (data_[i]);
    } else {
      std::array<int64_t, Rank - 1> inner;
      int64_t stride = 1;
      for (size_t d = 1; d < Rank; ++d) {
        inner[d - 1] = shape_[d];
        stride *= shape_[d];
      }
      return View<T, Rank - 1>(data_ + i * stride, inner);
    }
  }

  // Rows [first, first + count) of the outermost dimension.
  View rows(int64_t first, int64_t count) const {
    require(first >= 0 && count >= 0 && first + count <= shape_[0], "View: rows outside the shape");
    View part = *this;
    part.data_ += shape_[0] == 0 ? 0 : first * (size() / shape_[0]);
    part.shape_[0] = count;
    return part;
  }

  std::span<T> span() const { return {data_, static_cast<size_t>(size())}; }

 private:
  T* data_ = nullptr;
  std::array<int64_t, Rank> shape_{};
};

}  // namespace quantrial
