#include "study/macro_figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace quantrial {
namespace {

using nlohmann::ordered_json;
using Transform = double (*)(double);

double same(double x) { return x; }

// The figure at `path` of a benchmark; null where there is none.
using Pick = std::function<ordered_json(const ordered_json& benchmark)>;

bool is_figure(const ordered_json& f) {
  return f.is_object() && f.contains("value") && f["value"].is_number() && f["lo"].is_number() &&
         f["hi"].is_number();
}

// Of amounts: no interval goes below nothing.
ordered_json not_negative(ordered_json amount) {
  if (!amount.is_null()) amount["lo"] = std::max(amount["lo"].get<double>(), 0.0);
  return amount;
}

// Of shares: nor beyond all.
ordered_json within_bounds(ordered_json share) {
  share = not_negative(std::move(share));
  if (!share.is_null()) share["hi"] = std::min(share["hi"].get<double>(), 1.0);
  return share;
}

// Mean over all benchmarks of forward(figure), taken back; null where one has no figure.
ordered_json macro(const ordered_json& benchmarks, const Pick& pick, Transform forward,
                   Transform back) {
  double sum = 0, squares = 0, n = 0;
  for (const auto& [name, benchmark] : benchmarks.items()) {
    const ordered_json f = pick(benchmark);
    if (!is_figure(f)) return nullptr;
    const double half = (forward(f["hi"]) - forward(f["lo"])) / 2;
    sum += forward(f["value"]);
    squares += half * half;
    ++n;
  }
  if (n == 0) return nullptr;
  const double mean = sum / n, half = std::sqrt(squares) / n;
  if (!std::isfinite(mean) || !std::isfinite(half)) return nullptr;
  return {{"value", back(mean)}, {"lo", back(mean - half)}, {"hi", back(mean + half)}};
}

ordered_json at(const ordered_json& json, std::initializer_list<const char*> path) {
  const ordered_json* here = &json;
  for (const char* key : path) {
    if (!here->is_object() || !here->contains(key)) return nullptr;
    here = &(*here)[key];
  }
  return *here;
}

// By k, for every k that all benchmarks have.
ordered_json macro_by_k(const ordered_json& benchmarks, const char* name) {
  ordered_json result = ordered_json::object();
  const ordered_json of_first = at(benchmarks.front(), {name});
  for (const auto& [k, first] : of_first.items()) {
    const Pick pick = [&, k = k](const ordered_json& b) { return at(b, {name, k.c_str()}); };
    ordered_json figure = within_bounds(macro(benchmarks, pick, same, same));
    if (!figure.is_null()) result[k] = std::move(figure);
  }
  return result;
}

}  // namespace

void add_macro_figures(ordered_json& variant) {
  if (!variant.contains("macro") || !variant.contains("benchmarks")) return;
  const ordered_json& benchmarks = variant["benchmarks"];
  ordered_json& to = variant["macro"];
  const auto add = [&](const char* key, ordered_json figure) {
    if (!figure.is_null() && !figure.empty()) to[key] = std::move(figure);
  };
  const Pick generated = [](const ordered_json& b) { return at(b, {"tokens", "generated"}); };
  add("tokens", not_negative(macro(benchmarks, generated, same, same)));
  add("token_ratio", macro(
                         benchmarks,
                         [](const ordered_json& b) {
                           return at(b, {"token_ratio", "ratio"});
                         },
                         std::log, std::exp));
  for (const char* by_k : {"pass_at", "pass_hat"}) add(by_k, macro_by_k(benchmarks, by_k));
  // Votes: over the benchmarks that have them.
  ordered_json voted = ordered_json::object();
  for (const auto& [name, benchmark] : benchmarks.items()) {
    if (benchmark.contains("maj_at")) voted[name] = benchmark;
  }
  if (voted.empty()) return;
  for (const char* by_k : {"maj_at", "maj_tied"}) add(by_k, macro_by_k(voted, by_k));
  add("voted", {{"benchmarks", voted.size()}, {"pass_at", macro_by_k(voted, "pass_at")}});
}

}  // namespace quantrial
