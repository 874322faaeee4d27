#include "evals/graders/maths/identity.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "evals/graders/maths/evaluate.h"

namespace quantrial::maths {
namespace {

constexpr double tolerance = 1e-9;  // relative (evaluation.md 3.3)
constexpr int wanted_points = 20;
constexpr int most_draws = 100;
constexpr size_t most_terms = 200;
constexpr long double far = 1000;  // times the bound of the rounding errors
constexpr int fewest_points = 4;   // of expressions with variables

// Both expressions at one point, in both precisions.
template <typename Real>
struct Pair {
  Value<Real> a, b;
};
struct Sampled {
  Pair<double> coarse;
  Pair<long double> fine;
};

template <typename Real>
std::optional<Pair<Real>> values(const Expression& a, const Expression& b, const Point& point) {
  const auto at_a = evaluate<Real>(a, point);
  const auto at_b = at_a ? evaluate<Real>(b, point) : std::nullopt;
  if (!at_b) return std::nullopt;
  return Pair<Real>{*at_a, *at_b};
}

// Draws by turns: near 0, of either sign, positive, large, and small whole numbers.
double coordinate(int draw, uint64_t variable) {
  const double u = uniform(variable, static_cast<uint64_t>(draw));
  switch (draw % 5) {
    case 0:
      return 2 * u - 1;
    case 1:
      return 8 * u - 4;
    case 2:
      return 3 * u + 0.01;
    case 3:
      return 30 * u + 1;
    default:
      return 1 + std::floor(9 * u);
  }
}

std::vector<Sampled> sampled(const Expression& a, const Expression& b,
                             const std::set<std::string>& names, Domain domain) {
  std::vector<Sampled> points;
  const int draws = names.empty() ? 1 : most_draws;
  for (int draw = 0; draw < draws && points.size() < wanted_points; ++draw) {
    Point point{{}, domain};
    uint64_t variable = 0;
    for (const std::string& name : names) point.variables[name] = coordinate(draw, ++variable);
    const auto fine = values<long double>(a, b, point);
    const auto coarse = fine ? values<double>(a, b, point) : std::nullopt;
    if (coarse) points.push_back({*coarse, *fine});
  }
  return points;
}

std::vector<Sampled> sampled(const Expression& a, const Expression& b,
                             const std::set<std::string>& names) {
  const size_t enough = names.empty() ? 1 : fewest_points;
  std::vector<Sampled> points = sampled(a, b, names, Domain::real);
  if (points.size() < enough) points = sampled(a, b, names, Domain::complex);
  if (points.size() < enough) points.clear();
  return points;
}

template <typename Real>
Equality agreement(const Value<Real>& a, const Value<Real>& b) {
  const Real distance = std::abs(a.value - b.value);
  const Real allowed = Real(tolerance) * std::max(std::abs(a.value), std::abs(b.value));
  const Real noise = 8 * (a.error + b.error);
  if (distance > std::max(noise, allowed)) return Equality::different;
  // Where the value is lost in rounding, what is left must be nothing beside 1.
  return noise <= std::max(allowed, Real(tolerance)) ? Equality::same : Equality::undecided;
}

template <typename Real>
Value<Real> times(const Value<Real>& a, const Value<Real>& b) {
  return {a.value * b.value, std::abs(a.value) * b.error + std::abs(b.value) * a.error};
}

// `of(sampled)` for every point: one reliable difference decides, so do enough agreements.
template <typename Of>
Equality over(const std::vector<Sampled>& points, Of of) {
  bool any_same = false;
  for (const Sampled& point : points) {
    const Equality fine = of(point.fine), coarse = of(point.coarse);
    if (fine == Equality::different && coarse != Equality::same) return Equality::different;
    any_same |= fine == Equality::same && coarse != Equality::different;
  }
  return any_same ? Equality::same : Equality::undecided;
}

bool has_decimal(const Expression& e) {
  if (e.operation == Operation::number) return !e.number.is_integer();
  return std::any_of(e.arguments.begin(), e.arguments.end(), has_decimal);
}

bool same_tree(const Expression& a, const Expression& b) {
  return a.operation == b.operation && a.name == b.name && a.number == b.number &&
         std::equal(a.arguments.begin(), a.arguments.end(), b.arguments.begin(), b.arguments.end(),
                    same_tree);
}

// The terms of a sum with their signs.
struct Term {
  const Expression* value;
  bool negative;
};
void add_terms(const Expression& e, bool negative, std::vector<Term>& to) {
  if (e.operation == Operation::sum) {
    for (const Expression& term : e.arguments) add_terms(term, negative, to);
  } else if (e.operation == Operation::negation) {
    add_terms(e.arguments[0], !negative, to);
  } else {
    to.push_back({&e, negative});
  }
}

// a - b without the terms that both have.
std::vector<Term> remaining_terms(const Expression& a, const Expression& b) {
  std::vector<Term> terms, left;
  add_terms(a, false, terms);
  add_terms(b, true, terms);
  if (terms.size() > most_terms) return terms;
  for (const Term& term : terms) {
    const auto opposite = std::find_if(left.begin(), left.end(), [&](const Term& other) {
      return other.negative != term.negative && same_tree(*other.value, *term.value);
    });
    if (opposite == left.end()) {
      left.push_back(term);
    } else {
      left.erase(opposite);
    }
  }
  return left;
}

// Whether the exact numbers that are left of a - b are all of it: e^100 + 1 and e^100.
Equality after_cancelling(const Expression& a, const Expression& b) {
  std::optional<Rational> sum = Rational(0);
  for (const Term& term : remaining_terms(a, b)) {
    const auto value = sum ? exact_value(*term.value) : std::nullopt;
    const auto sign = Rational(term.negative ? -1 : 1);
    const auto signed_value = value ? Rational::product(*value, sign) : std::nullopt;
    if (!signed_value) return Equality::undecided;
    sum = Rational::sum(*sum, *signed_value);
  }
  if (!sum) return Equality::undecided;
  return *sum == Rational(0) ? Equality::same : Equality::different;
}

// a^m and b^n of positive whole numbers too large to write: a^(m/g) and b^(n/g) for g = gcd(m, n).
Equality of_powers(const Expression& a, const Expression& b) {
  if (a.operation != Operation::power || b.operation != Operation::power) {
    return Equality::undecided;
  }
  const auto base_a = exact_value(a.arguments[0]), base_b = exact_value(b.arguments[0]);
  const auto m = exact_value(a.arguments[1]), n = exact_value(b.arguments[1]);
  for (const auto& whole : {base_a, base_b, m, n}) {
    if (!whole || !whole->is_integer() || !whole->numerator().is_small() ||
        !whole->denominator().is_small() || whole->value() < 1) {
      return Equality::undecided;
    }
  }
  const auto small = [](const Rational& r) {
    return r.numerator().small() / r.denominator().small();
  };
  const int64_t common = std::gcd(small(*m), small(*n));
  const auto reduced_a = Rational::power(*base_a, Rational(small(*m) / common));
  const auto reduced_b = Rational::power(*base_b, Rational(small(*n) / common));
  if (!reduced_a || !reduced_b) return Equality::undecided;
  return *reduced_a == *reduced_b ? Equality::same : Equality::different;
}

// A root of an exact number and an exact number: the power of the latter decides.
Equality of_root(const Expression& root, const std::optional<Rational>& other) {
  if (root.operation != Operation::root || !other || other->value() < 0) {
    return Equality::undecided;
  }
  const auto radicand = exact_value(root.arguments[0]), degree = exact_value(root.arguments[1]);
  if (!radicand || !degree || radicand->value() < 0 || degree->value() < 1) {
    return Equality::undecided;
  }
  const auto power = Rational::power(*other, *degree);
  if (!power) return Equality::undecided;
  return *power == *radicand ? Equality::same : Equality::different;
}

// Constants without decimals: what algebra tells, then a difference far above the rounding errors,
// however small it is beside the values.
Equality of_constants(const Expression& a, const Expression& b) {
  for (const Equality found : {after_cancelling(a, b), of_powers(a, b), of_root(a, exact_value(b)),
                               of_root(b, exact_value(a))}) {
    if (found != Equality::undecided) return found;
  }
  for (const Sampled& point : sampled(a, b, {})) {
    const auto distance = std::abs(point.fine.a.value - point.fine.b.value);
    if (distance > far * (point.fine.a.error + point.fine.b.error)) return Equality::different;
  }
  return Equality::undecided;
}

// 1, -1 or 0: not infinite.
int infinite_sign(const Expression& e) {
  if (e.operation == Operation::symbol) return e.name == "infinity" ? 1 : 0;
  return e.operation == Operation::negation ? -infinite_sign(e.arguments[0]) : 0;
}

}  // namespace

Equality identical(const Expression& a, const Expression& b) {
  const auto exact_a = exact_value(a), exact_b = exact_value(b);
  if (exact_a && exact_b) return *exact_a == *exact_b ? Equality::same : Equality::different;
  const int infinite_a = infinite_sign(a), infinite_b = infinite_sign(b);
  if (infinite_a != 0 || infinite_b != 0) {
    return infinite_a == infinite_b ? Equality::same : Equality::different;
  }
  const std::set<std::string> names = variables(a);
  if (names != variables(b)) return Equality::different;
  if (names.empty() && !has_decimal(a) && !has_decimal(b)) {
    const Equality constants = of_constants(a, b);
    if (constants != Equality::undecided) return constants;
  }
  return over(sampled(a, b, names), [](const auto& pair) { return agreement(pair.a, pair.b); });
}

Equality proportional(const Expression& a, const Expression& b, Factor factor) {
  const std::set<std::string> names = variables(a);
  if (names != variables(b)) return Equality::different;
  std::vector<Sampled> points = sampled(a, b, names);
  const auto reference = std::find_if(points.begin(), points.end(), [](const Sampled& p) {
    return std::abs(p.coarse.a.value) > 1e-6 && std::abs(p.coarse.b.value) > 1e-6;
  });
  if (reference == points.end()) return Equality::undecided;
  const Sampled first = *reference;
  const auto ratio = first.fine.a.value / first.fine.b.value;
  if (factor == Factor::positive && ratio.real() < 0) return Equality::different;
  return over(points, [&](const auto& pair) {
    if constexpr (std::is_same_v<decltype(pair), const Pair<double>&>) {
      return agreement(times(pair.a, first.coarse.b), times(pair.b, first.coarse.a));
    } else {
      return agreement(times(pair.a, first.fine.b), times(pair.b, first.fine.a));
    }
  });
}

}  // namespace quantrial::maths
