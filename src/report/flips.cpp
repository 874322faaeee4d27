// Answers that change from right to wrong and back, and the texts where that happens.
#include <fmt/format.h>

#include <algorithm>

#include "report/sections.h"

namespace quantrial::report {
namespace {

DataTable matrix(const Results& results) {
  DataTable table{"flip_matrix",
                  "Flips between the base and a variant",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"lost", "lost", Unit::share},
                   {"gained", "gained", Unit::share},
                   {"self_base", "base with itself", Unit::share},
                   {"self", "variant with itself", Unit::share},
                   {"excess", "excess", Unit::share}}};
  for (const Asked& a : all_asked(results)) {
    const Json& flips = at(a.figures, {"flips"});
    if (!flips.is_object()) continue;
    const auto of = [&](std::string_view key) { return value(number(at(flips, {key}))); };
    table.add({a.benchmark, a.variant.name, of("lost"), of("gained"), of("self_base"), of("self"),
               of("excess")});
  }
  return table;
}

FigureBlock bars(const Results& results) {
  DataTable table{"flips",
                  "Lost, gained, and in excess of sampling alone",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"flip", "flip"},
                   {"share", "pairs of samples", Unit::share}}};
  for (const Asked& a : all_asked(results)) {
    for (const char* key : {"lost", "gained", "excess"}) {
      if (const auto share = number(at(a.figures, {"flips", key}))) {
        table.add({a.benchmark, a.variant.name, key, *share});
      }
    }
  }
  Chart chart{Kind::bars, {"share"}, {"variant"}};
  chart.series = "flip";
  chart.facet = "benchmark";
  return {std::move(table), chart};
}

DataTable single_samples(const Results& results) {
  DataTable table{"mcnemar",
                  "Questions lost and gained (one sample each, McNemar)",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"lost", "lost", Unit::count},
                   {"gained", "gained", Unit::count},
                   {"p", "p", Unit::probability},
                   {"mid_p", "mid-p", Unit::probability}}};
  for (const Asked& a : all_asked(results)) {
    const Json& test = at(a.figures, {"mcnemar"});
    if (!test.is_object()) continue;
    const auto of = [&](std::string_view key) { return value(number(at(test, {key}))); };
    table.add({a.benchmark, a.variant.name, of("lost"), of("gained"), of("p"), of("mid_p")});
  }
  return table;
}

std::vector<std::pair<std::string, double>> likeliest(const Json& top) {
  std::vector<std::pair<std::string, double>> tokens;
  for (const Json* pair : elements(top)) {
    const std::vector<const Json*> parts = elements(*pair);
    if (parts.size() != 2) continue;
    if (const auto p = number(*parts[1])) tokens.emplace_back(text(*parts[0]), *p);
  }
  return tokens;
}

std::string word(const Json& from) { return from.is_number() ? from.dump() : text(from); }

// Within both texts, whatever was stored.
size_t same_bytes(const Json& example) {
  const size_t shorter =
      std::min(text(at(example, {"base_text"})).size(), text(at(example, {"variant_text"})).size());
  const double stored = number(at(example, {"same_bytes"})).value_or(0);
  return static_cast<size_t>(std::clamp(stored, 0.0, static_cast<double>(shorter)));
}

TextPair example(const Results& results, const Variant& v, const Json& e) {
  const auto side = [&](const std::string& name, const char* text_key, const char* answer_key,
                        const char* top_key) {
    const std::string answer = word(at(e, {answer_key}));
    return TextPair::Side{name, text(at(e, {text_key})), answer.empty() ? "none" : answer,
                          likeliest(at(e, {top_key}))};
  };
  TextPair pair{
      fmt::format("{} {}: {}, question {}, sample {}", v.name, text(at(e, {"kind"})),
                  text(at(e, {"benchmark"})), word(at(e, {"question"})), word(at(e, {"sample"}))),
      same_bytes(e),
      {},
      side(results.base(), "base_text", "base_answer", "base_top"),
      side(v.name, "variant_text", "variant_answer", "variant_top")};
  const std::string prompt = text(at(e, {"prompt"})), gold = word(at(e, {"gold"}));
  if (!prompt.empty()) pair.facts.emplace_back("question", prompt);
  if (!gold.empty()) pair.facts.emplace_back("right", gold);
  return pair;
}

}  // namespace

Section flips_section(const Results& results) {
  Section section{"flips", "Flips"};
  FigureBlock chart = bars(results);
  DataTable alone = single_samples(results);
  if (chart.table.rows.empty() && alone.rows.empty()) {
    section.note("Nothing was compared with the base, so there are no flips.");
    return section;
  }
  section.say(
      "A flip: a sample of the base and one of the variant for the same question, one right and "
      "one wrong. Two runs of "
      "one model flip too; the excess is what sampling does not explain, the mean of (p base - p "
      "variant)^2. It is "
      "unbiased, so it may fall below 0 where there is none.");
  section.show(std::move(chart));
  section.show({matrix(results), std::nullopt, "", FigureBlock::Shown::folded});
  section.show({std::move(alone)});
  bool first = true;
  for (const Variant& v : results.variants()) {
    for (const Json* e : elements(v.at({"examples"}))) {
      if (first) section.note("Examples: both replies from where they part (marked).");
      first = false;
      section.blocks.push_back(example(results, v, *e));
    }
  }
  return section;
}

}  // namespace quantrial::report
