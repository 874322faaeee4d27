// When two Python literals are equal, and an order in which sets and dicts are kept.
#include <algorithm>
#include <cmath>
#include <compare>

#include "evals/graders/python_literal.h"

namespace quantrial {
namespace {

using Kind = PythonLiteral::Kind;

std::strong_ordering sign_of(bool less, bool more) {
  return less   ? std::strong_ordering::less
         : more ? std::strong_ordering::greater
                : std::strong_ordering::equal;
}

std::strong_ordering order(const maths::Rational& a, const maths::Rational& b) {
  constexpr long double rounding = 1e-15L;
  const long double x = a.value(), y = b.value(), apart = rounding * (std::fabs(x) + std::fabs(y));
  if (std::isfinite(apart) && std::fabs(x - y) > apart) return sign_of(x<y, x> y);
  const maths::BigInteger left = a.numerator() * b.denominator();
  const maths::BigInteger right = b.numerator() * a.denominator();
  return sign_of(left < right, right < left);
}

// An order of all literals in which those that Python calls equal are equal (and NaN is itself).
std::strong_ordering order(const PythonLiteral& a, const PythonLiteral& b) {
  if (a.kind != b.kind) return a.kind <=> b.kind;
  if (a.kind == Kind::number) return order(a.number, b.number);
  if (a.kind == Kind::infinite) return b.negative <=> a.negative;
  if (const auto text = a.text.compare(b.text); text != 0) return text <=> 0;
  return std::lexicographical_compare_three_way(
      a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
      [](const PythonLiteral& x, const PythonLiteral& y) { return order(x, y); });
}

}  // namespace

void put_in_order(PythonLiteral& literal) {
  const size_t step = literal.kind == Kind::dict ? 2 : 1;
  std::vector<PythonLiteral>& items = literal.items;
  std::vector<size_t> places(items.size() / step);
  for (size_t i = 0; i < places.size(); ++i) places[i] = i * step;
  std::stable_sort(places.begin(), places.end(),
                   [&](size_t a, size_t b) { return order(items[a], items[b]) < 0; });
  std::vector<PythonLiteral> ordered;
  for (size_t i = 0; i < places.size(); ++i) {
    const bool again = i + 1 < places.size() && order(items[places[i]], items[places[i + 1]]) == 0;
    if (again) continue;
    for (size_t part = 0; part < step; ++part) {
      ordered.push_back(std::move(items[places[i] + part]));
    }
  }
  items = std::move(ordered);
}

bool operator==(const PythonLiteral& a, const PythonLiteral& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::none:
    case Kind::ellipsis:
      return true;
    case Kind::not_a_number:
      return false;
    case Kind::number:
      return a.number == b.number;
    case Kind::infinite:
      return a.negative == b.negative;
    case Kind::text:
    case Kind::bytes:
      return a.text == b.text;
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::set:
      return a.items == b.items;
  }
  return false;
}

}  // namespace quantrial
