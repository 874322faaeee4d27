// Reads results.json (docs/evaluation.md, docs/study.md) for the report: what is absent, null or of
// another type is an ordinary "no", never trouble, since any part may not have been measured.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial::report {

using Json = nlohmann::ordered_json;

// A number and its 95 % interval, where it has one.
struct Figure {
  double value = 0;
  std::optional<double> lo{}, hi{};

  bool operator==(const Figure&) const = default;
};

// What lies along the keys; null where they end early.
const Json& at(const Json& from, std::initializer_list<std::string_view> path);

std::optional<double> number(const Json& from);
std::string text(const Json& from);  // "" where there is none
bool flag(const Json& from);         // false where there is none
// {"value", "lo", "hi"}, or a bare number.
std::optional<Figure> figure(const Json& from);
// Its elements, or none.
std::vector<const Json*> elements(const Json& from);

// One row of the study.
struct Variant {
  std::string name;
  const Json* data = nullptr;

  const Json& at(std::initializer_list<std::string_view> path) const {
    return report::at(*data, path);
  }
  std::string kind() const { return text(at({"about", "kind"})); }
  bool served() const { return kind() == "endpoint"; }
  bool failed() const { return at({"failed"}).is_object(); }
};

// The whole of it. The JSON must outlive this.
class Results {
 public:
  explicit Results(const Json& json);

  const Json& json() const { return json_; }
  const Json& at(std::initializer_list<std::string_view> path) const {
    return report::at(json_, path);
  }
  const std::string& base() const { return base_; }
  bool has_base() const { return base_variant_ != nullptr; }
  const Variant* base_variant() const { return base_variant_; }
  bool is_base(const Variant& v) const { return base_variant_ == &v; }
  // Controls, the base, then the others as they stand.
  const std::vector<Variant>& variants() const { return variants_; }
  // Names for the charts, where the base has the first style: a variant looks the same everywhere.
  const std::vector<std::string>& styles() const { return styles_; }
  const std::vector<std::string>& benchmarks() const { return benchmarks_; }
  // How far a macro average or a benchmark may fall; absent where nobody said.
  std::optional<double> macro_margin() const { return number(at({"margins", "macro"})); }
  std::optional<double> benchmark_margin() const { return number(at({"margins", "benchmark"})); }

 private:
  const Json& json_;
  std::string base_;
  std::vector<Variant> variants_;
  const Variant* base_variant_ = nullptr;
  std::vector<std::string> styles_, benchmarks_;
};

}  // namespace quantrial::report
