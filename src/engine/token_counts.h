// Which ids a sequence has seen, for the penalties. Kept only for requests that use one.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace quantrial {

class TokenCounts {
 public:
  struct Entry {
    int32_t id = 0;
    bool in_prompt = false;
    int32_t output_count = 0;
  };

  void add_prompt(std::span<const int32_t> ids);
  void add_output(int32_t id) { ++entry(id).output_count; }
  void remove_output(int32_t id) { --entry(id).output_count; }  // one that was added
  // Distinct ids, in order of first appearance.
  std::span<const Entry> entries() const { return entries_; }

 private:
  Entry& entry(int32_t id);

  std::vector<Entry> entries_;
  std::unordered_map<int32_t, size_t> index_;
};

}  // namespace quantrial
