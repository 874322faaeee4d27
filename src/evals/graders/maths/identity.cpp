#include "evals/graders/maths/identity.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "evals/graders/maths/evaluate.h"

namespace quantrial::maths {
namespace {

constexpr double tolerance = 1e-9;  // relative (evaluation.md 3.3)
constexpr int wanted_points = 20;
constexpr int most_draws = 100;
constexpr int fewest_points = 4;  // of expressions with variables

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
