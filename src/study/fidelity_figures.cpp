#include "study/fidelity_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "statistics/distributions.h"
#include "statistics/interval.h"
#include "statistics/permutation.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// Where a figure ends by its definition.
struct Bounds {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

class Summary {
 public:
  explicit Summary(ordered_json& json) : json_(json), texts_(json.at("sequences")) {}

  void add(const ordered_json::json_pointer& path, const Bounds& bounds) {
    ordered_json& estimate = json_.at(path);
    if (texts_ < 2 || !estimate.at("value").is_number() || !estimate.at("error").is_number()) {
      return;
    }
    const double value = estimate.at("value");
    const double half =
        estimate.at("error").get<double>() *
        statistics::student_t_quantile(0.5 + statistics::confidence / 2, texts_ - 1);
    estimate["lo"] = std::max(value - half, bounds.least);
    estimate["hi"] = std::min(value + half, bounds.most);
  }

 private:
  ordered_json& json_;
  double texts_;
};

void add_intervals(ordered_json& summary) {
  Summary s(summary);
  const auto path = [](const char* text) { return ordered_json::json_pointer(text); };
  s.add(path("/kl/mean"), {.least = 0});
  for (const char* share : {"/total_variation", "/sampled_variation", "/same_top"}) {
    s.add(path(share), {.least = 0, .most = 1});
  }
  s.add(path("/probability_change/mean"), {.least = -1, .most = 1});
  for (const char* perplexity : {"/perplexity/base", "/perplexity/model"}) {
    s.add(path(perplexity), {.least = 1});
  }
  s.add(path("/perplexity/log_ratio"), {});
}

}  // namespace

void add_fidelity_intervals(ordered_json& fidelity) {
  for (const char* whole : {"all", "noise_floor", "twin"}) {
    if (fidelity.contains(whole) && fidelity.at(whole).is_object()) add_intervals(fidelity[whole]);
  }
  for (const char* parts : {"by_position", "by_confidence", "by_segment"}) {
    for (ordered_json& summary : fidelity.at(parts)) add_intervals(summary);
  }
}

ordered_json kl_against_accuracy(const ordered_json& variants) {
  const ordered_json::json_pointer kl_path("/fidelity/all/kl/mean/value");
  const ordered_json::json_pointer delta_path("/macro/delta/value");
  std::vector<double> log_kl, delta;
  for (const ordered_json& variant : variants) {
    if (!variant.contains(kl_path) || !variant.contains(delta_path)) continue;
    const ordered_json& kl = variant.at(kl_path);
    if (!kl.is_number() || kl.get<double>() <= 0) continue;
    log_kl.push_back(std::log(kl.get<double>()));
    delta.push_back(variant.at(delta_path));
  }
  if (delta.size() < 3) return nullptr;
  const std::optional<double> r = statistics::pearson(log_kl, delta);
  if (!r) return nullptr;
  return {{"variants", delta.size()}, {"correlation", *r}};
}

}  // namespace quantrial
