#include "study/findings.h"

#include <optional>
#include <vector>

#include "base/error.h"
#include "statistics/permutation.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
using statistics::Interval;

enum class Verdict : uint8_t { reproduced, not_reproduced, undecided };

ordered_json finding(const char* claim, Verdict verdict, const std::string& evidence) {
  constexpr std::array<const char*, 3> words = {"reproduced", "not reproduced", "undecided"};
  return {{"claim", claim},
          {"verdict", words.at(static_cast<size_t>(verdict))},
          {"evidence", evidence}};
}

std::string points(const Interval& i) {
  return fmt::format("{:+.1f} points, 95 % interval {:+.1f} to {:+.1f}", 100 * i.value, 100 * i.lo,
                     100 * i.hi);
}

// What the interval of an accuracy less BF16's supports, the margin being what counts as a loss.
std::string supported(const Interval& d, double margin) {
  const std::string points = fmt::format("{:g} points", 100 * margin);
  if (d.hi < 0) {
    if (d.lo > -margin) return fmt::format("worse, but by less than the margin of {}", points);
    if (d.hi <= -margin) return fmt::format("worse, by more than the margin of {}", points);
    return fmt::format(
        "worse (the interval excludes 0); whether by more than the margin of {} is undecided",
        points);
  }
  if (d.lo > 0) return "better (the interval excludes 0)";
  if (d.lo > -margin) return fmt::format("no loss is shown, and none of {} or more", points);
  return fmt::format("neither no loss nor one of {} or more is excluded", points);
}

// "above it: a, b; not told apart: c", of what has names.
std::string told_apart(
    std::initializer_list<std::pair<const char*, const std::vector<std::string>*>> groups) {
  std::string text;
  for (const auto& [what, names] : groups) {
    if (names->empty()) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", what, fmt::join(*names, ", "));
  }
  return text;
}

std::optional<Interval> interval(const ordered_json& json) {
  if (!json.is_object() || !json.contains("lo") || json.at("lo").is_null()) return std::nullopt;
  return Interval{json.at("value"), json.at("lo"), json.at("hi")};
}

class Findings {
 public:
  Findings(const ordered_json& results, const SampleStore& store, const ResultOptions& options)
      : results_(results), store_(store), options_(options) {}

  ordered_json all() {
    loses("nvfp4", "NVFP4 with quantized linear attention loses accuracy");
    is_worst("nvfp4");
    loses("nvfp4-autoround", "NVFP4 with linear attention in 16 bits still trails");
    survives("int4-autoround");
    talks_longer();
    more_tokens_less_accuracy();
    return std::move(list_);
  }

 private:
  // The variant made by a recipe and loaded as it is; empty: none that was evaluated.
  std::string variant_of(const std::string& recipe) const {
    for (const auto& [name, v] : results_.at("variants").items()) {
      const ordered_json& about = v.at("about");
      if (about.value("recipe", "") == recipe && !about.contains("load") && v.contains("macro") &&
          v.at("macro").contains("delta")) {
        return name;
      }
    }
    return {};
  }

  std::optional<Interval> delta(const std::string& variant) const {
    if (variant.empty()) return std::nullopt;
    return interval(results_.at("variants").at(variant).at("macro").at("delta"));
  }

  std::optional<Interval> token_ratio(const std::string& variant) const {
    const ordered_json& macro = results_.at("variants").at(variant).at("macro");
    return macro.contains("token_ratio") ? interval(macro.at("token_ratio")) : std::nullopt;
  }

  bool is_lossless(const Interval& d) const { return d.lo > -options_.macro_margin; }

  void loses(const char* recipe, const char* claim) {
    const auto d = delta(variant_of(recipe));
    if (!d) return;
    const Verdict verdict = d->hi < 0         ? Verdict::reproduced
                            : is_lossless(*d) ? Verdict::not_reproduced
                                              : Verdict::undecided;
    list_.push_back(finding(claim, verdict,
                            fmt::format("macro accuracy against BF16 {}: {}", points(*d),
                                        supported(*d, options_.macro_margin))));
  }

  void is_worst(const char* recipe) {
    const std::string worst = variant_of(recipe);
    if (worst.empty()) return;
    constexpr std::array others = {"int4-autoround", "fp8-block128", "int4-awq", "nvfp4-autoround"};
    std::vector<std::string> evidence, above, below, open;
    for (const char* other : others) {
      const std::string variant = variant_of(other);
      if (variant.empty()) continue;
      const auto d = macro_difference(store_, options_, worst, variant);
      if (!d) continue;
      (d->lo > 0 ? above : d->hi < 0 ? below : open).push_back(variant);
      evidence.push_back(fmt::format("{} {:+.1f} ({:+.1f} to {:+.1f})", variant, 100 * d->value,
                                     100 * d->lo, 100 * d->hi));
    }
    if (evidence.empty()) return;
    const size_t missing = others.size() - evidence.size();
    const Verdict verdict = !below.empty()                 ? Verdict::not_reproduced
                            : open.empty() && missing == 0 ? Verdict::reproduced
                                                           : Verdict::undecided;
    list_.push_back(finding(
        "NVFP4 of all Linears is the worst of the five recipes", verdict,
        fmt::format(
            "points above it: {}; {}{}", fmt::join(evidence, ", "),
            told_apart({{"better than it", &above}, {"worse", &below}, {"not told apart", &open}}),
            missing == 0 ? "" : fmt::format("; {} of the five are not here", missing))));
  }

  // That it loses less than the margin.
  void survives(const char* recipe) {
    const auto d = delta(variant_of(recipe));
    if (!d) return;
    const Verdict verdict = is_lossless(*d)                   ? Verdict::reproduced
                            : d->hi <= -options_.macro_margin ? Verdict::not_reproduced
                                                              : Verdict::undecided;
    list_.push_back(finding("INT4 holds up when in_proj_a and in_proj_b stay 16-bit", verdict,
                            fmt::format("AutoRound INT4, macro accuracy against BF16 {}: {}",
                                        points(*d), supported(*d, options_.macro_margin))));
  }

  void talks_longer() {
    std::vector<std::string> evidence, longer, shorter, open;
    for (const std::string& variant : published()) {
      const auto ratio = token_ratio(variant);
      if (!ratio) continue;
      (ratio->lo > 1 ? longer : ratio->hi < 1 ? shorter : open).push_back(variant);
      evidence.push_back(
          fmt::format("{} {:.2f} ({:.2f} to {:.2f})", variant, ratio->value, ratio->lo, ratio->hi));
    }
    if (evidence.empty()) return;
    const Verdict verdict = !shorter.empty() ? Verdict::not_reproduced
                            : open.empty()   ? Verdict::reproduced
                                             : Verdict::undecided;
    list_.push_back(finding(
        "Quantized models emit more tokens", verdict,
        fmt::format(
            "tokens over BF16's: {}; {}", fmt::join(evidence, ", "),
            told_apart({{"more", &longer}, {"fewer", &shorter}, {"not told apart", &open}}))));
  }

  void more_tokens_less_accuracy() {
    std::vector<double> accuracy, tokens;
    std::vector<std::string> variants = published();
    variants.insert(variants.begin(), options_.base);
    for (const std::string& variant : variants) {
      const ordered_json& all = results_.at("variants");
      if (!all.contains(variant) || !all.at(variant).contains("macro")) continue;
      const ordered_json& macro = all.at(variant).at("macro");
      if (!macro.contains("tokens") || !macro.contains("accuracy")) continue;
      accuracy.push_back(macro.at("accuracy").at("value"));
      tokens.push_back(macro.at("tokens").at("value"));
    }
    if (accuracy.size() < 4 || accuracy.size() > 9) return;
    const statistics::Correlation c = statistics::permutation_correlation(tokens, accuracy);
    constexpr double level = 0.05;
    const Verdict verdict = c.p >= level ? Verdict::undecided
                            : c.r < 0    ? Verdict::reproduced
                                         : Verdict::not_reproduced;
    const char* const found = c.p >= level ? "chance alone may give that"
                              : c.r < 0    ? "longer variants are less accurate here"
                                           : "longer variants are more accurate here";
    list_.push_back(
        finding("More tokens go with lower accuracy", verdict,
                fmt::format("over {} variants r = {:.2f}, exact permutation p = {:.3f}: {}",
                            accuracy.size(), c.r, c.p, found)));
  }

  std::vector<std::string> published() const {
    std::vector<std::string> variants;
    for (const char* recipe :
         {"int4-autoround", "fp8-block128", "int4-awq", "nvfp4", "nvfp4-autoround"}) {
      if (std::string name = variant_of(recipe); !name.empty()) variants.push_back(std::move(name));
    }
    return variants;
  }

  const ordered_json& results_;
  const SampleStore& store_;
  const ResultOptions& options_;
  ordered_json list_ = ordered_json::array();
};

}  // namespace

ordered_json findings(const ordered_json& results, const SampleStore& store,
                      const ResultOptions& options) {
  return Findings(results, store, options).all();
}

}  // namespace quantrial
