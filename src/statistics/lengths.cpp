#include "statistics/lengths.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "statistics/bootstrap.h"
#include "statistics/mean_score.h"

namespace quantrial::statistics {
namespace {

double mean_length(const QuestionLengths& samples) {
  require(!samples.empty(), "lengths: a question without samples");
  double sum = 0;
  for (const Length& sample : samples) sum += sample.tokens;
  return sum / static_cast<double>(samples.size());
}

std::vector<double> mean_lengths(std::span<const QuestionLengths> questions) {
  std::vector<double> means;
  for (const QuestionLengths& samples : questions) means.push_back(mean_length(samples));
  return means;
}

// Sums that a correlation within questions is made of.
struct Moments {
  double lengths = 0, rights = 0, products = 0;

  Moments& operator+=(const Moments& o) {
    lengths += o.lengths;
    rights += o.rights;
    products += o.products;
    return *this;
  }
};

Moments moments(const QuestionLengths& samples) {
  double right = 0;
  for (const Length& s : samples) right += s.right ? 1 : 0;
  right /= static_cast<double>(samples.size());
  const double length = mean_length(samples);
  Moments m;
  for (const Length& s : samples) {
    const double dl = s.tokens - length, dr = (s.right ? 1 : 0) - right;
    m += {dl * dl, dr * dr, dl * dr};
  }
  return m;
}

double correlation(const Moments& m) {
  const double both = m.lengths * m.rights;
  return both > 0 ? m.products / std::sqrt(both) : 0;
}

// Mean lengths of right and wrong samples and the share that is right.
struct Parts {
  double accuracy = 0, right = 0, wrong = 0;
};

std::optional<Parts> parts(std::span<const QuestionLengths> questions) {
  double rights = 0, wrongs = 0;
  Parts p;
  for (const QuestionLengths& samples : questions) {
    for (const Length& s : samples) {
      (s.right ? rights : wrongs) += 1;
      (s.right ? p.right : p.wrong) += s.tokens;
    }
  }
  if (rights == 0 || wrongs == 0) return std::nullopt;
  p.right /= rights;
  p.wrong /= wrongs;
  p.accuracy = rights / (rights + wrongs);
  return p;
}

}  // namespace

Interval length_ratio(std::span<const QuestionLengths> a, std::span<const QuestionLengths> b,
                      uint64_t seed) {
  require(a.size() == b.size() && !a.empty(), "length_ratio: the same questions");
  const std::vector<double> la = mean_lengths(a), lb = mean_lengths(b);
  const auto ratio = [&](std::span<const int64_t> questions) {
    double sum_a = 0, sum_b = 0;
    for (const int64_t q : questions) {
      sum_a += la[static_cast<size_t>(q)];
      sum_b += lb[static_cast<size_t>(q)];
    }
    return sum_a > 0 ? sum_b / sum_a : 1.0;
  };
  return bootstrap(static_cast<int64_t>(a.size()), ratio, seed);
}

Interval geometric_length_ratio(std::span<const QuestionLengths> a,
                                std::span<const QuestionLengths> b) {
  require(a.size() == b.size() && !a.empty(), "length_ratio: the same questions");
  std::vector<double> logs;
  for (size_t i = 0; i < a.size(); ++i) {
    const double la = mean_length(a[i]), lb = mean_length(b[i]);
    require(la > 0 && lb > 0, "geometric_length_ratio: lengths above 0");
    logs.push_back(std::log(lb / la));
  }
  const Interval log = mean_interval(logs);
  return {std::exp(log.value), std::exp(log.lo), std::exp(log.hi)};
}

double restricted_mean(std::span<const QuestionLengths> questions, double cap) {
  struct End {
    double tokens;
    bool cut;
  };
  std::vector<End> ends;
  for (const QuestionLengths& samples : questions) {
    for (const Length& s : samples) ends.push_back({std::min(s.tokens, cap), s.cut});
  }
  require(!ends.empty(), "restricted_mean: no samples");
  // Of equal lengths those that ended come before those that were cut off.
  std::sort(ends.begin(), ends.end(), [](const End& x, const End& y) {
    return x.tokens != y.tokens ? x.tokens < y.tokens : x.cut < y.cut;
  });
  double survival = 1, area = 0, before = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    area += survival * (ends[i].tokens - before);
    before = ends[i].tokens;
    if (!ends[i].cut) survival *= 1 - 1 / static_cast<double>(ends.size() - i);
  }
  return area + survival * (cap - before);
}

std::optional<Interval> within_question_correlation(std::span<const QuestionLengths> questions,
                                                    uint64_t seed) {
  std::vector<Moments> each;
  Moments all;
  for (const QuestionLengths& samples : questions) {
    each.push_back(moments(samples));
    all += each.back();
  }
  if (all.lengths == 0 || all.rights == 0) return std::nullopt;
  const auto figure = [&](std::span<const int64_t> numbers) {
    Moments sum;
    for (const int64_t q : numbers) sum += each[static_cast<size_t>(q)];
    return correlation(sum);
  };
  return bootstrap(static_cast<int64_t>(each.size()), figure, seed);
}

std::vector<BudgetShares> shares_at_budgets(std::span<const QuestionLengths> questions,
                                            std::span<const double> budgets) {
  std::vector<BudgetShares> shares(budgets.size());
  for (const QuestionLengths& samples : questions) {
    const double weight =
        1 / static_cast<double>(samples.size()) / static_cast<double>(questions.size());
    for (const Length& s : samples) {
      for (size_t i = 0; i < budgets.size(); ++i) {
        if (s.tokens > budgets[i]) continue;
        shares[i].ended += weight;
        if (s.right) shares[i].accuracy += weight;
      }
    }
  }
  return shares;
}

std::optional<LengthDecomposition> decompose(std::span<const QuestionLengths> a,
                                             std::span<const QuestionLengths> b) {
  const auto pa = parts(a), pb = parts(b);
  if (!pa || !pb) return std::nullopt;
  const double accuracy = (pa->accuracy + pb->accuracy) / 2;
  const double right = (pa->right + pb->right) / 2, wrong = (pa->wrong + pb->wrong) / 2;
  LengthDecomposition d;
  d.right = accuracy * (pb->right - pa->right);
  d.wrong = (1 - accuracy) * (pb->wrong - pa->wrong);
  d.failures = (pb->accuracy - pa->accuracy) * (right - wrong);
  d.total = d.right + d.wrong + d.failures;
  return d;
}

}  // namespace quantrial::statistics
