#include "evals/choices.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "base/strip.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr size_t most_options = 26;

const ordered_json& value_of(const Question& question, const std::string& field,
                             const std::string& where) {
  const auto at = question.fields.find(field);
  if (at != question.fields.end()) return *at;
  throw Error("{}: question '{}' has no field '{}'", where, escaped(question.id), escaped(field));
}

std::string trimmed(const std::string& text) { return std::string(stripped(text, " \t\r\n")); }

// 2, "2" and "C" are the third.
std::optional<size_t> place_of(const std::string& right) {
  if (right.size() == 1 && right[0] >= 'A' && right[0] <= 'Z') {
    return static_cast<size_t>(right[0] - 'A');
  }
  if (right.empty() || right.size() > 2) return std::nullopt;
  if (right.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return static_cast<size_t>(std::stoi(right));
}

std::vector<size_t> order_of(const ChoiceFields& from, const Question& question, size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  if (!from.shuffle) return order;
  const uint64_t seed = std::stoull(Sha256::hex(question.id).substr(0, 16), nullptr, 16);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return uniform(seed, a) < uniform(seed, b); });
  return order;
}

}  // namespace

void add_choices(const ChoiceFields& from, Question& question, const std::string& where) {
  std::vector<std::string> options;
  std::optional<size_t> right = 0;
  if (!from.fields.empty()) {
    for (const std::string& field : from.fields) {
      options.push_back(trimmed(field_text(value_of(question, field, where))));
    }
  } else {
    for (const auto& option : value_of(question, from.list, where)) {
      options.push_back(trimmed(field_text(option)));
    }
    right = place_of(field_text(value_of(question, from.right, where)));
  }
  if (options.size() < 2 || options.size() > most_options || !right || *right >= options.size()) {
    throw Error(
        "{}: question '{}': {} options and no right one among them; give 2 to {} and the "
        "place or letter of one",
        where, escaped(question.id), options.size(), most_options);
  }
  ordered_json shown = ordered_json::array();
  std::string lettered;
  for (const size_t place : order_of(from, question, options.size())) {
    const char letter = static_cast<char>('A' + shown.size());
    if (place == *right) question.fields["letter"] = std::string(1, letter);
    lettered += fmt::format("{}{}. {}", lettered.empty() ? "" : "\n", letter, options[place]);
    shown.push_back(options[place]);
  }
  question.fields["options"] = std::move(shown);
  question.fields["lettered"] = std::move(lettered);
}

}  // namespace quantrial
