// The first screen: what each variant costs and what it buys, in one row.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/sections.h"

namespace quantrial::report {
namespace {

constexpr int cards[] = {24, 32, 48};  // GB, of the cards that the product is for

const Json& fit_on(const Variant& v, int gigabytes) {
  static const Json nothing;
  for (const Json* fit : elements(v.at({"memory", "fits"}))) {
    if (number(at(*fit, {"gigabytes"})) == gigabytes) return *fit;
  }
  return nothing;
}

Value largest_context(const Variant& v, int gigabytes) {
  const Json& fit = fit_on(v, gigabytes);
  if (!fit.is_object()) return {};
  const auto tokens = number(at(fit, {"largest_context"}));
  return tokens ? Value(*tokens) : Value("does not fit");
}

// Of the run with the fewest sequences and drafts: what one user gets.
Value mean_length(const Variant& v) {
  const Json* chosen = nullptr;
  const auto key = [](const Json& run) {
    return std::pair(number(at(run, {"concurrency"})).value_or(0),
                     number(at(run, {"draft_tokens"})).value_or(0));
  };
  for (const Json* run : elements(v.at({"mtp", "runs"}))) {
    if (!figure(at(*run, {"mean_length"})) || key(*run).second < 1) continue;
    if (chosen == nullptr || key(*run) < key(*chosen)) chosen = run;
  }
  if (chosen != nullptr) return value(figure(at(*chosen, {"mean_length"})));
  const Json& available = v.at({"mtp", "available"});
  return available.is_boolean() && !flag(available) ? Value("no head") : Value();
}

std::string verdict_of(const Results& results, const Variant& v) {
  if (v.failed()) {
    return fmt::format("failed at {}: {}", text(v.at({"failed", "stage"})),
                       text(v.at({"failed", "reason"})));
  }
  const std::string verdict = text(v.at({"macro", "delta", "verdict"}));
  if (!verdict.empty()) return verdict_words(verdict, results.macro_margin());
  if (results.is_base(v)) return "the base";
  return results.has_base() ? "not compared" : "no base to compare with";
}

DataTable verdict_table(const Results& results) {
  DataTable table{"verdict",
                  "What each variant costs and buys",
                  {{"variant", "variant"},
                   {"bytes", "size", Unit::bytes},
                   {"bits_per_weight", "bits/weight", Unit::bits},
                   {"delta", "difference", Unit::points},
                   {"verdict", "verdict"},
                   {"accuracy", "accuracy", Unit::share},
                   {"token_ratio", "token ratio", Unit::ratio},
                   {"seconds_per_correct", "time a correct answer", Unit::seconds},
                   {"context_24gb", "context on 24 GB", Unit::count},
                   {"context_32gb", "on 32 GB", Unit::count},
                   {"context_48gb", "on 48 GB", Unit::count},
                   {"mtp_mean_length", "MTP length", Unit::ratio}}};
  for (const Variant& v : results.variants()) {
    const std::string verdict = text(v.at({"macro", "delta", "verdict"}));
    const bool grey = verdict == "undecided" || v.failed();
    std::vector<Value> row = {label(results, v),
                              value(figure(v.at({"size", "bytes"}))),
                              value(figure(v.at({"size", "bits_per_weight"}))),
                              value(figure(v.at({"macro", "delta"}))),
                              verdict_of(results, v),
                              value(figure(v.at({"macro", "accuracy"}))),
                              value(figure(v.at({"macro", "token_ratio"}))),
                              value(figure(v.at({"speed", "natural", "seconds_per_correct"})))};
    for (const int gigabytes : cards) row.push_back(largest_context(v, gigabytes));
    row.push_back(mean_length(v));
    table.add(std::move(row), grey ? Tone::faint : Tone::plain);
  }
  return table;
}

// "a and b are worse; c is undecided".
std::string summary(const Results& results) {
  std::string out;
  for (const char* verdict : {"lossless", "worse within margin", "worse", "undecided", "failed"}) {
    std::vector<std::string> names;
    for (const Variant& v : results.variants()) {
      const std::string its = v.failed() ? "failed" : text(v.at({"macro", "delta", "verdict"}));
      if (its == verdict) names.push_back(v.name);
    }
    if (names.empty()) continue;
    const std::string_view verb = verdict == std::string_view("failed") ? " "
                                  : names.size() == 1                   ? " is "
                                                                        : " are ";
    out += fmt::format("{}{}{}{}", out.empty() ? "" : "; ", joined(names), verb,
                       verdict_words(verdict, results.macro_margin()));
  }
  if (!out.empty())
    return "Against " + results.base() + ", over all benchmarks together: " + out + ".";
  if (results.variants().empty()) return "Nothing has been measured yet.";
  return results.has_base() ? "No variant could be compared with the base."
                            : "There is no base to compare with: figures stand for themselves.";
}

// "{lowest}" or "{lowest} to {highest}" of a count over all benchmarks.
std::string span_of(const Results& results, std::string_view key) {
  double lowest = 1e18, highest = 0;
  for (const Asked& a : all_asked(results)) {
    const double count = number(at(a.figures, {key})).value_or(0);
    lowest = std::min(lowest, count);
    highest = std::max(highest, count);
  }
  return lowest == highest ? fixed(lowest, 0) : fixed(lowest, 0) + " to " + fixed(highest, 0);
}

std::string evidence(const Results& results) {
  std::string out = "Evidence: ";
  const std::string architecture = text(results.at({"study", "base", "architecture"}));
  const auto parameters = number(results.at({"study", "base", "parameters"}));
  if (!architecture.empty()) out += "one model of architecture " + architecture;
  if (parameters) {
    constexpr double million = 1e6;
    out += fmt::format(" with {} M parameters", significant(*parameters / million, 3));
  }
  if (out != "Evidence: ") out += "; ";
  if (results.benchmarks().empty()) return out + "no benchmark was asked.";
  double questions = 0;
  for (const std::string& benchmark : results.benchmarks()) {
    double most = 0;
    for (const Variant& v : results.variants()) {
      most = std::max(most, number(v.at({"benchmarks", benchmark, "n"})).value_or(0));
    }
    questions += most;
  }
  out += fmt::format("{} questions of {} benchmarks ({} a benchmark), {} samples a question.",
                     fixed(questions, 0), results.benchmarks().size(), span_of(results, "n"),
                     span_of(results, "K"));
  const std::string note = text(results.at({"study", "base", "note"}));
  return note.empty() ? out : out + " " + note;
}

std::string findings(const Results& results) {
  std::string out;
  for (const Json* f : elements(results.at({"findings"}))) {
    const std::string proof = text(at(*f, {"evidence"}));
    out += fmt::format(" {}: {}{}.", text(at(*f, {"claim"})), text(at(*f, {"verdict"})),
                       proof.empty() ? "" : " (" + proof + ")");
  }
  return out.empty() ? out : "The article's findings, on this model." + out;
}

// What the dashes stand for.
std::string gaps_of(const Results& results, const std::vector<std::string>& dropped) {
  std::vector<std::string> served;
  for (const Variant& v : results.variants()) {
    if (v.served()) served.push_back(v.name);
  }
  std::string out;
  if (!dropped.empty()) out = "Not measured: " + joined(dropped) + ". ";
  if (!served.empty()) {
    out += "Size, memory and drafts of " + joined(served) + ": " + served_over_http + ".";
  }
  return out;
}

}  // namespace

Section verdict_section(const Results& results) {
  Section section{"verdict", "Verdict"};
  section.say(summary(results), Paragraph::Role::lead);
  DataTable table = verdict_table(results);
  std::vector<std::string> dropped = drop_empty_columns(table);
  if (!results.has_base()) {
    std::erase_if(dropped, [](const std::string& title) {
      return title == "difference" || title == "token ratio";  // there is nothing to measure
    });
  }
  FigureBlock figure{std::move(table)};
  figure.look = FigureBlock::Look::tall;
  if (figure.table.has_column("delta")) {
    figure.pictured = "delta";
    figure.margin = results.macro_margin();
    figure.caption =
        "Difference: mean over benchmarks of accuracy less the base's, paired by question, with "
        "its "
        "95 % interval; the band in the picture is the margin. Grey: undecided.";
  }
  if (figure.table.has_column("context_24gb")) {
    figure.caption += " Context: tokens of the longest that fits on a card.";
  }
  if (figure.table.has_column("seconds_per_correct")) {
    figure.caption += std::string(" Time a correct answer: ") + of_loaded_machine + ".";
  }
  if (figure.table.has_column("mtp_mean_length")) {
    figure.caption += " MTP length: mean tokens a forward pass with drafts.";
  }
  section.show(std::move(figure));
  const std::string gaps = gaps_of(results, dropped);
  if (!gaps.empty()) section.note(gaps);
  section.say(evidence(results));
  const std::string found = findings(results);
  if (!found.empty()) section.say(found);
  return section;
}

}  // namespace quantrial::report
