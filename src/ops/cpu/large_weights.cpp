#include "ops/cpu/large_weights.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/large_pages.h"

namespace quantrial {
namespace {

// Below that large pages hold too little of it.
constexpr int64_t worth_a_copy = int64_t{4} << 20;

// Whole pages of memory that was read: of a mapped file the system may forget them.
void give_back(const void* data, int64_t bytes) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<uintptr_t>(data);
  const uintptr_t first = (start + page - 1) / page * page;
  const uintptr_t last = (start + static_cast<uintptr_t>(bytes)) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_PAGEOUT);
}

template <typename T>
void move_to_large_pages(Array<T>& array) {
  if (array.is_owned() || array.bytes() < worth_a_copy) return;
  const std::span<const T> mapped = array.span();
  auto copy = std::make_unique_for_overwrite<T[]>(mapped.size());
  prefer_large_pages(copy.get(), mapped.size_bytes());
  std::copy(mapped.begin(), mapped.end(), copy.get());
  array = Array<T>(std::move(copy), mapped.size());
  give_back(mapped.data(), static_cast<int64_t>(mapped.size_bytes()));
}

// Of formats that keep their numbers in `values` or `codes`; another one stays where it is.
template <typename F>
void move_codes(F& w) {
  if constexpr (requires { move_to_large_pages(w.values); }) {
    move_to_large_pages(w.values);
  } else if constexpr (requires { move_to_large_pages(w.codes); }) {
    move_to_large_pages(w.codes);
  }
}

}  // namespace

Weight in_large_pages(Weight weight) {
  std::visit([](auto& w) { move_codes(w); }, weight);
  return weight;
}

}  // namespace quantrial
