// Read-only numbers that are either borrowed from a mapped file or owned, when they had to be
// converted or rearranged. Move-only; the mapped file must outlive what borrows from it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace quantrial {

template <typename T>
class Array {
 public:
  Array() = default;
  explicit Array(std::span<const T> borrowed) : view_(borrowed) {}
  explicit Array(std::vector<T> owned) : owned_(std::move(owned)), view_(owned_) {}
  // Memory that was not cleared first: std::make_unique_for_overwrite.
  Array(std::unique_ptr<T[]> owned, size_t count)
      : storage_(std::move(owned)), view_(storage_.get(), count) {}
  Array(Array&& other) noexcept
      : owned_(std::move(other.owned_)),
        storage_(std::move(other.storage_)),
        view_(std::exchange(other.view_, {})) {}
  Array& operator=(Array&& other) noexcept {
    owned_ = std::move(other.owned_);
    storage_ = std::move(other.storage_);
    view_ = std::exchange(other.view_, {});
    return *this;
  }

  bool is_owned() const { return storage_ != nullptr || !owned_.empty(); }
  const T* data() const { return view_.data(); }
  int64_t size() const { return static_cast<int64_t>(view_.size()); }
  bool empty() const { return view_.empty(); }
  const T& operator[](int64_t i) const { return view_[static_cast<size_t>(i)]; }
  std::span<const T> span() const { return view_; }
  int64_t bytes() const { return size() * static_cast<int64_t>(sizeof(T)); }

 private:
  std::vector<T> owned_;
  std::unique_ptr<T[]> storage_;
  std::span<const T> view_;
};

}  // namespace quantrial
