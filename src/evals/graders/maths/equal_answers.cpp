#include "evals/graders/maths/equal_answers.h"

#include <algorithm>
#include <cctype>

#include "evals/graders/maths/assignment.h"

namespace quantrial::maths {
namespace {

constexpr size_t most_parts = 50;

Equality equal(const Answer& gold, const Answer& given);

Equality as_equality(bool same) { return same ? Equality::same : Equality::different; }

// Both must hold.
Equality both(Equality a, Equality b) {
  if (a == Equality::different || b == Equality::different) return Equality::different;
  return a == Equality::same ? b : a;
}
// One suffices.
Equality either(Equality a, Equality b) {
  if (a == Equality::same || b == Equality::same) return Equality::same;
  return a == Equality::different ? b : a;
}

Equality in_order(const std::vector<Answer>& a, const std::vector<Answer>& b) {
  if (a.size() != b.size()) return Equality::different;
  Equality result = Equality::same;
  for (size_t i = 0; i < a.size() && result != Equality::different; ++i) {
    result = both(result, equal(a[i], b[i]));
  }
  return result;
}

// Each of `a` has its own equal in `b`.
Equality in_any_order(const std::vector<Answer>& a, const std::vector<Answer>& b) {
  if (a.size() != b.size() || a.size() > most_parts) return Equality::different;
  std::vector<bool> used(b.size(), false);
  bool undecided = false;
  for (const Answer& wanted : a) {
    bool found = false;
    for (size_t i = 0; i < b.size() && !found; ++i) {
      if (used[i]) continue;
      const Equality equality = equal(wanted, b[i]);
      undecided |= equality == Equality::undecided;
      if (equality == Equality::same) found = used[i] = true;
    }
    if (!found) return undecided ? Equality::undecided : Equality::different;
  }
  return Equality::same;
}

std::vector<Answer> without_repetitions(const std::vector<Answer>& parts) {
  std::vector<Answer> once;
  if (parts.size() > most_parts) return parts;
  for (const Answer& part : parts) {
    const bool there = std::any_of(once.begin(), once.end(), [&](const Answer& other) {
      return equal(other, part) == Equality::same;
    });
    if (!there) once.push_back(part);
  }
  return once;
}

// Letters and digits; small ones, unless it is a single letter.
std::string word_key(std::string_view text) {
  std::string key;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80) != 0) key += c;
  }
  if (key.size() < 2) return key;
  for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

// x <= 3 and 1 < x <= 3 as intervals of a variable.
std::optional<Answer> as_interval(const Answer& a) {
  if (a.kind != AnswerKind::relation || a.parts.size() > 3) return std::nullopt;
  const auto is_variable = [](const Answer& part) {
    return part.kind == AnswerKind::value && part.value.operation == Operation::symbol;
  };
  const bool first = a.parts.size() == 2 && is_variable(a.parts[0]);
  if (!first && !is_variable(a.parts[1])) return std::nullopt;
  const bool upward = a.signs[0][0] == '<';  // bounds grow from left to right
  for (const std::string& sign : a.signs) {
    if (sign[0] != '<' && sign[0] != '>') return std::nullopt;
    if ((sign[0] == '<') != upward) return std::nullopt;
  }
  Answer infinite;
  infinite.kind = AnswerKind::value;
  infinite.value = {Operation::symbol, "infinity", {}, {}};
  const auto closed = [](const std::string& sign) { return sign.ends_with("="); };
  Answer left = first ? infinite : a.parts[0];
  Answer right = first ? a.parts[1] : a.parts.size() == 3 ? a.parts[2] : infinite;
  bool left_closed = !first && closed(a.signs[0]);
  bool right_closed = (first || a.parts.size() == 3) && closed(a.signs.back());
  if (!upward) {
    std::swap(left, right);
    std::swap(left_closed, right_closed);
  }
  if (left.value.operation == Operation::symbol && left.value.name == "infinity") {
    left.value = {Operation::negation, {}, {}, {left.value}};
  }
  Answer interval;
  interval.kind = AnswerKind::tuple;
  interval.open = left_closed ? "[" : "(";
  interval.close = right_closed ? "]" : ")";
  interval.parts = {std::move(left), std::move(right)};
  return interval;
}

// left - right of a relation with one sign; right - left of ">", so that it is "<" or "<=".
std::optional<Expression> difference(const Answer& a) {
  const Answer& left = a.parts.front();
  const Answer& right = a.parts.back();
  if (left.kind != AnswerKind::value || right.kind != AnswerKind::value) return std::nullopt;
  const bool swap = a.signs[0][0] == '>';
  const Expression& from = swap ? right.value : left.value;
  const Expression& taken = swap ? left.value : right.value;
  return Expression{Operation::sum, {}, {}, {from, {Operation::negation, {}, {}, {taken}}}};
}

Equality equal_relations(const Answer& a, const Answer& b) {
  if (is_equation(a) != is_equation(b)) return Equality::different;
  if (!is_equation(a)) {
    const auto interval_a = as_interval(a), interval_b = as_interval(b);
    if (interval_a && interval_b) {
      const auto names_a = variables(a.parts[0].value), names_b = variables(b.parts[0].value);
      if (!names_a.empty() && !names_b.empty() && names_a != names_b) return Equality::different;
      return equal(*interval_a, *interval_b);
    }
    if (a.signs.size() != 1 || b.signs.size() != 1) {
      return a.signs == b.signs ? in_order(a.parts, b.parts) : Equality::undecided;
    }
    if (a.signs[0].back() != b.signs[0].back() && a.signs[0].size() != b.signs[0].size()) {
      return Equality::different;
    }
  }
  if (in_order(a.parts, b.parts) == Equality::same && a.signs == b.signs) return Equality::same;
  const auto difference_a = difference(a), difference_b = difference(b);
  if (!difference_a || !difference_b) {
    if (a.parts.front().text != b.parts.front().text) return Equality::different;
    return equal(a.parts.back(), b.parts.back());
  }
  const bool one_way = !is_equation(a) && a.signs[0] != "!=";
  return proportional(*difference_a, *difference_b, one_way ? Factor::positive : Factor::any);
}

Equality equal_relation_and_other(const Answer& relation, const Answer& other) {
  if (const Answer* value = assigned(relation)) return equal(*value, other);
  const auto interval = as_interval(relation);
  return interval ? equal(*interval, other) : Equality::different;
}

bool is_collection(const Answer& a) {
  return a.kind == AnswerKind::list || a.kind == AnswerKind::set || a.kind == AnswerKind::united;
}

// x = 1, y = 2 given for (1, 2).
bool assigns_all(const Answer& list) {
  return std::all_of(list.parts.begin(), list.parts.end(),
                     [](const Answer& part) { return assigned(part) != nullptr; }) &&
         list.parts.size() > 1 && list.parts[0].parts[0].text != list.parts[1].parts[0].text;
}

Equality equal_tuples(const Answer& a, const Answer& b) {
  if (a.parts.size() == 2 && (a.open != b.open || a.close != b.close)) return Equality::different;
  return in_order(a.parts, b.parts);
}

Equality equal_matrices(const Answer& a, const Answer& b) {
  return a.columns == b.columns ? in_order(a.parts, b.parts) : Equality::different;
}

bool is_vector(const Answer& a) {
  return a.kind == AnswerKind::matrix && (a.columns == 1 || a.columns == a.parts.size());
}

Equality equal_collections(const Answer& gold, const Answer& given) {
  if (gold.kind == AnswerKind::set || given.kind == AnswerKind::set) {
    return in_any_order(without_repetitions(gold.parts), without_repetitions(given.parts));
  }
  return in_any_order(gold.parts, given.parts);
}

Equality equal_to_collection(const Answer& gold, const Answer& given) {
  if (is_collection(gold) && is_collection(given)) return equal_collections(gold, given);
  const bool gold_is = is_collection(gold);
  const Answer& collection = gold_is ? gold : given;
  const Answer& other = gold_is ? given : gold;
  if (collection.parts.size() == 1) {
    return gold_is ? equal(collection.parts[0], other) : equal(other, collection.parts[0]);
  }
  if (other.kind == AnswerKind::unreadable) return Equality::undecided;
  if (other.kind != AnswerKind::tuple || collection.kind != AnswerKind::list) {
    return Equality::different;
  }
  // A list of solutions may be given in brackets; a point's order counts.
  if (gold_is && !assigns_all(gold)) return in_any_order(gold.parts, given.parts);
  return in_order(gold.parts, given.parts);
}

Equality equal_words(const Answer& a, const Answer& b) {
  const std::string key = word_key(a.text);
  return as_equality(key.empty() ? a.text == b.text : key == word_key(b.text));
}

// A number in a base: the base may be left out, since the question names it.
Equality equal_based(const Answer& a, const Answer& b) {
  if (a.kind == b.kind) return in_order(a.parts, b.parts);
  const Answer& based = a.kind == AnswerKind::based ? a : b;
  return as_equality(based.parts[0].text == (&based == &a ? b : a).text);
}

// 1 hour 30 minutes, or "1 hour, 30 minutes": number by number.
Equality equal_compounds(const Answer& a, const Answer& b) {
  const auto is_sequence = [](const Answer& answer) {
    return answer.kind == AnswerKind::compound || answer.kind == AnswerKind::list;
  };
  return is_sequence(a) && is_sequence(b) ? in_order(a.parts, b.parts) : Equality::different;
}

Equality equal(const Answer& gold, const Answer& given) {
  const auto any = [&](AnswerKind kind) { return gold.kind == kind || given.kind == kind; };
  const auto all = [&](AnswerKind kind) { return gold.kind == kind && given.kind == kind; };
  if (!gold.text.empty() && gold.text == given.text) return Equality::same;
  if (all(AnswerKind::relation)) return equal_relations(gold, given);
  if (gold.kind == AnswerKind::relation) return equal_relation_and_other(gold, given);
  if (given.kind == AnswerKind::relation) {
    if (const Answer* value = assigned(given)) return equal(gold, *value);
    const auto interval = as_interval(given);
    return interval ? equal(gold, *interval) : Equality::different;
  }
  if (any(AnswerKind::compound)) return equal_compounds(gold, given);
  if (any(AnswerKind::builder)) {
    return all(AnswerKind::builder) ? in_order(gold.parts, given.parts) : Equality::undecided;
  }
  if (is_collection(gold) || is_collection(given)) return equal_to_collection(gold, given);
  if (any(AnswerKind::words)) return equal_words(gold, given);
  if (any(AnswerKind::unreadable)) return Equality::undecided;
  if (any(AnswerKind::based)) return equal_based(gold, given);
  if (all(AnswerKind::value)) return equal_values(gold, given);
  if (all(AnswerKind::tuple)) return equal_tuples(gold, given);
  if (all(AnswerKind::matrix)) return equal_matrices(gold, given);
  if ((is_vector(gold) || is_vector(given)) && any(AnswerKind::tuple)) {
    return in_order(gold.parts, given.parts);
  }
  return Equality::different;
}

std::optional<Equality> equal_as(std::string_view gold, std::string_view answer, Commas commas) {
  const auto gold_tokens = tokens_of(gold, commas), tokens = tokens_of(answer, commas);
  if (!gold_tokens || !tokens || gold_tokens->empty() || tokens->empty()) return std::nullopt;
  return equal(read_answer(*gold_tokens), read_answer(*tokens));
}

}  // namespace

Equality equal_answers(std::string_view gold, std::string_view answer) {
  if (gold == answer) return Equality::same;
  const auto grouped = equal_as(gold, answer, Commas::group);
  if (!grouped) return Equality::undecided;
  if (grouped == Equality::same || answer.find(',') == std::string_view::npos) return *grouped;
  return either(*grouped, *equal_as(gold, answer, Commas::separate));
}

}  // namespace quantrial::maths
