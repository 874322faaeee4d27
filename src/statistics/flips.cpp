#include "statistics/flips.h"

#include <algorithm>

#include "base/error.h"

namespace quantrial::statistics {
namespace {

double count(std::span<const uint8_t> right) {
  return static_cast<double>(std::count(right.begin(), right.end(), 1));
}

// mean over pairs of different samples: c (K - c) / (K (K - 1)) * 2.
double self_flips(double c, double K) { return 2 * c * (K - c) / (K * (K - 1)); }

double squared_difference(const QuestionPair& q, Seeds seeds) {
  const double ca = count(q.a), cb = count(q.b);
  const double Ka = static_cast<double>(q.a.size()), Kb = static_cast<double>(q.b.size());
  if (seeds == Seeds::independent) {
    const double pa = ca / Ka, pb = cb / Kb;
    return (pa - pb) * (pa - pb) - pa * (1 - pa) / (Ka - 1) - pb * (1 - pb) / (Kb - 1);
  }
  double both = 0;
  for (size_t k = 0; k < q.a.size(); ++k) both += q.a[k] * q.b[k];
  return (ca * (ca - 1) + cb * (cb - 1) - 2 * (ca * cb - both)) / (Ka * (Ka - 1));
}

}  // namespace

Flips flips(std::span<const QuestionPair> questions, Seeds seeds) {
  require(!questions.empty(), "flips: no question");
  Flips sum;
  for (const QuestionPair& q : questions) {
    require(q.a.size() >= 2 && q.b.size() >= 2, "flips: two samples at least");
    require(seeds == Seeds::independent || q.a.size() == q.b.size(), "flips: shared seeds");
    const double Ka = static_cast<double>(q.a.size()), Kb = static_cast<double>(q.b.size());
    const double pa = count(q.a) / Ka, pb = count(q.b) / Kb;
    sum.lost += pa * (1 - pb);
    sum.gained += pb * (1 - pa);
    sum.self_a += self_flips(count(q.a), Ka);
    sum.self_b += self_flips(count(q.b), Kb);
    sum.excess += squared_difference(q, seeds);
  }
  const double n = static_cast<double>(questions.size());
  for (double* figure : {&sum.lost, &sum.gained, &sum.self_a, &sum.self_b, &sum.excess}) {
    *figure /= n;
  }
  sum.cross = sum.lost + sum.gained;
  return sum;
}

}  // namespace quantrial::statistics
