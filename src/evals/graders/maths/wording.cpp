#include "evals/graders/maths/wording.h"

#include <cctype>
#include <string>
#include <vector>

#include "evals/graders/maths/vocabulary.h"

namespace quantrial::maths {
namespace {

// With one of these the number is not the answer, or not all of it.
constexpr std::array<std::string_view, 81> telling_words{
    "not",       "no",         "none",       "never",      "isn",         "aren",      "cannot",
    "neither",   "nor",        "without",    "except",     "unless",      "if",        "but",
    "would",     "could",      "might",      "maybe",      "negative",    "minus",     "plus",
    "divided",   "multiplied", "modulo",     "half",       "halves",      "thirds",    "tenths",
    "twice",     "double",     "triple",     "thrice",     "root",        "power",     "powers",
    "factorial", "logarithm",  "reciprocal", "inverse",    "opposite",    "least",     "most",
    "than",      "between",    "above",      "below",      "or",          "either",    "difference",
    "product",   "ratio",      "wrong",      "incorrect",  "false",       "undefined", "impossible",
    "hundred",   "thousand",   "million",    "billion",    "trillion",    "dozen",     "one",
    "two",       "three",      "four",       "five",       "six",         "seven",     "eight",
    "nine",      "ten",        "zero",       "hundredths", "thousandths", "sqrt",      "hundreds",
    "thousands", "millions",   "billions",   "dozens"};
// The same, but only before a number: "5 more apples" is what "how many more" asks for.
constexpr std::array<std::string_view, 18> telling_leads{
    "more", "less",    "fewer", "greater", "up",  "over",    "under",   "within",  "square",
    "cube", "squared", "cubed", "sum",     "log", "minimum", "maximum", "percent", "times"};
// "equal to 5", "a total of 5" are 5; "up to 5", "the square of 5" are not.
constexpr std::array<std::string_view, 8> before_to{
    "equal", "equals", "comes", "amounts", "rounded", "simplifies", "reduces", "evaluates"};
constexpr std::array<std::string_view, 11> before_of{"total",  "answer",      "value",   "average",
                                                     "length", "area",        "cost",    "price",
                                                     "profit", "probability", "distance"};

struct Multiple {
  std::string_view name;
  int64_t factor;
};
constexpr Multiple multiples[] = {
    {"dozen", 12},          {"hundred", 100},           {"thousand", 1'000},
    {"million", 1'000'000}, {"billion", 1'000'000'000}, {"trillion", 1'000'000'000'000}};

int64_t multiple(std::string_view word) {
  for (const Multiple& m : multiples) {
    if (m.name == word) return m.factor;
  }
  return 1;
}

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// A digit that belongs to no unit (cm2, m/s^2), or a sign of arithmetic.
bool has_formula(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (std::string_view("+=<>!?").find(text[i]) != std::string_view::npos) return true;
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) continue;
    const char before = i == 0 ? ' ' : text[i - 1];
    if (before == ' ' || before == ',' || before == ';') return true;
  }
  return false;
}

}  // namespace

Lead lead_of(std::string_view text) {
  if (text.find_first_of("0123456789+<>") != std::string_view::npos) return Lead::other;
  std::vector<std::string> words = words_in(text);
  const bool negative = !words.empty() && (words.back() == "negative" || words.back() == "minus");
  if (negative) words.pop_back();
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view before = i > 0 ? std::string_view(words[i - 1]) : "";
    if (contains(telling_words, words[i]) || contains(telling_leads, words[i])) return Lead::other;
    if (words[i] == "to" && !contains(before_to, before)) return Lead::other;
    const bool last = i + 1 == words.size();
    if (last && words[i] == "of" && !contains(before_of, before)) return Lead::other;
  }
  return negative ? Lead::negative : Lead::plain;
}

Unit unit_of(std::string_view text) {
  const std::vector<std::string> words = words_in(text);
  if (!words.empty() && words[0] == "mod") return {.understood = true};
  if (has_formula(text)) return {};
  Unit unit;
  size_t i = 0;
  for (; i < words.size() && multiple(words[i]) > 1; ++i) {
    if (unit.factor >= 1'000'000'000'000) return {};
    unit.factor *= multiple(words[i]);
  }
  if (i < words.size()) unit.percent = words[i].starts_with("percent");
  if (i < words.size() && (words[i] == "squared" || words[i] == "cubed")) return {};
  for (; i < words.size(); ++i) {
    if (contains(telling_words, words[i])) return {};
    const bool first = i == 0, last = i + 1 == words.size();
    if ((first || last) && words[i] == "to") return {};  // "5 ways to choose" has a unit
    if (last && (words[i] == "per" || words[i] == "by")) return {};
  }
  unit.understood = true;
  return unit;
}

}  // namespace quantrial::maths
