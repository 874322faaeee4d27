#include "engine/token_counts.h"

namespace quantrial {

void TokenCounts::add_prompt(std::span<const int32_t> ids) {
  for (const int32_t id : ids) entry(id).in_prompt = true;
}

TokenCounts::Entry& TokenCounts::entry(int32_t id) {
  const auto [place, is_new] = index_.try_emplace(id, entries_.size());
  if (is_new) entries_.push_back({.id = id});
  return entries_[place->second];
}

}  // namespace quantrial
