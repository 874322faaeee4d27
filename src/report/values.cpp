#include "report/values.h"

#include <algorithm>
#include <cmath>

namespace quantrial::report {
namespace {

const Json& nothing() {
  static const Json null;
  return null;
}

int rank(const Variant& v, const std::string& base) {
  if (v.kind() == "control") return 0;
  return v.name == base ? 1 : 2;
}

}  // namespace

const Json& at(const Json& from, std::initializer_list<std::string_view> path) {
  const Json* here = &from;
  for (const std::string_view key : path) {
    if (!here->is_object()) return nothing();
    const auto found = here->find(std::string(key));
    if (found == here->end()) return nothing();
    here = &*found;
  }
  return *here;
}

std::optional<double> number(const Json& from) {
  if (!from.is_number()) return std::nullopt;
  const double value = from.get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string text(const Json& from) { return from.is_string() ? from.get<std::string>() : ""; }

bool flag(const Json& from) { return from.is_boolean() && from.get<bool>(); }

std::optional<Figure> figure(const Json& from) {
  if (const auto bare = number(from)) return Figure{*bare};
  const auto value = number(at(from, {"value"}));
  if (!value) return std::nullopt;
  Figure f{*value, number(at(from, {"lo"})), number(at(from, {"hi"}))};
  if (!f.lo || !f.hi) f.lo = f.hi = std::nullopt;
  return f;
}

std::vector<const Json*> elements(const Json& from) {
  std::vector<const Json*> all;
  if (!from.is_array()) return all;
  for (const Json& element : from) all.push_back(&element);
  return all;
}

Results::Results(const Json& json) : json_(json), base_(text(at({"base"}))) {
  const Json& variants = at({"variants"});
  if (variants.is_object()) {
    for (const auto& [name, data] : variants.items()) variants_.push_back({name, &data});
  }
  std::stable_sort(variants_.begin(), variants_.end(), [&](const Variant& a, const Variant& b) {
    return rank(a, base_) < rank(b, base_);
  });
  for (const Variant& v : variants_) {
    if (v.name == base_) base_variant_ = &v;
    const Json& asked = v.at({"benchmarks"});
    if (!asked.is_object()) continue;
    for (const auto& [name, figures] : asked.items()) {
      if (std::find(benchmarks_.begin(), benchmarks_.end(), name) == benchmarks_.end()) {
        benchmarks_.push_back(name);
      }
    }
  }
  if (base_variant_ != nullptr) styles_.push_back(base_);
  for (const Variant& v : variants_) {
    if (v.name != base_) styles_.push_back(v.name);
  }
}

}  // namespace quantrial::report
