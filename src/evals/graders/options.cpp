#include "evals/graders/options.h"

#include <algorithm>

#include "base/error.h"

namespace quantrial {

GraderOptions::GraderOptions(const nlohmann::ordered_json& options, std::string where,
                             std::initializer_list<std::string_view> keys)
    : options_(options), where_(std::move(where)) {
  for (const auto& [key, value] : options_.items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    throw Error("{}: no key '{}'; it has {}", where_, escaped(key), fmt::join(keys, ", "));
  }
}

std::string GraderOptions::text(const std::string& key) const {
  const auto at = options_.find(key);
  if (at == options_.end() || !at->is_string()) {
    throw Error("{}: {}: {}, give a text", where_, key,
                at == options_.end() ? "absent" : escaped(at->dump()));
  }
  return at->get<std::string>();
}

std::string GraderOptions::text(const std::string& key, const std::string& fallback) const {
  return options_.contains(key) ? text(key) : fallback;
}

std::vector<std::string> GraderOptions::texts(const std::string& key,
                                              std::vector<std::string> fallback) const {
  const auto at = options_.find(key);
  if (at == options_.end()) return fallback;
  if (!at->is_array()) return {text(key)};
  std::vector<std::string> list;
  for (const auto& item : *at) {
    if (!item.is_string()) throw Error("{}: {}: give texts", where_, key);
    list.push_back(item.get<std::string>());
  }
  return list;
}

double GraderOptions::number(const std::string& key, double fallback) const {
  const auto at = options_.find(key);
  if (at == options_.end()) return fallback;
  if (!at->is_number()) throw Error("{}: {}: {}, give a number", where_, key, escaped(at->dump()));
  return at->get<double>();
}

bool GraderOptions::flag(const std::string& key, bool fallback) const {
  const auto at = options_.find(key);
  if (at == options_.end()) return fallback;
  if (!at->is_boolean()) {
    throw Error("{}: {}: {}, give true or false", where_, key, escaped(at->dump()));
  }
  return at->get<bool>();
}

}  // namespace quantrial
