#include "statistics/majority.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "statistics/distributions.h"

namespace quantrial::statistics {
namespace {

// ways[t][n]: choices of n samples among the classes seen so far in which none has more than m and
// t of them have exactly m.
using Ways = std::vector<std::vector<Quadruple>>;

Ways with_class(const Ways& ways, int64_t size, int64_t m) {
  const size_t samples = ways[0].size();
  std::vector<Quadruple> choices;  // of j of this class's samples
  for (int64_t j = 0; j <= std::min(size, m); ++j) choices.push_back(choose(size, j));
  Ways next(ways.size() + 1, std::vector<Quadruple>(samples, 0));
  for (size_t t = 0; t < ways.size(); ++t) {
    for (size_t n = 0; n < samples; ++n) {
      if (ways[t][n] == 0) continue;
      const auto most = std::min<int64_t>({size, m, static_cast<int64_t>(samples - 1 - n)});
      for (int64_t j = 0; j <= most; ++j) {
        next[t + (j == m ? 1 : 0)][n + static_cast<size_t>(j)] +=
            ways[t][n] * choices[static_cast<size_t>(j)];
      }
    }
  }
  return next;
}

}  // namespace

MajorityVote majority_at_k(const Votes& votes, int64_t k) {
  const int64_t K =
      std::accumulate(votes.others.begin(), votes.others.end(), votes.right + votes.none);
  require(k >= 1 && k <= K && votes.right >= 0 && votes.none >= 0, "maj@k: 1 <= k <= K");
  Quadruple won = 0, shared = 0;
  for (int64_t m = 1; m <= std::min(votes.right, k); ++m) {
    const auto rest = static_cast<size_t>(k - m);
    Ways ways(1, std::vector<Quadruple>(rest + 1));
    for (size_t n = 0; n <= rest; ++n) ways[0][n] = choose(votes.none, static_cast<int64_t>(n));
    for (const int64_t size : votes.others) ways = with_class(ways, size, m);
    for (size_t t = 0; t < ways.size(); ++t) {
      const Quadruple here = choose(votes.right, m) * ways[t][rest];
      won += here / static_cast<Quadruple>(1 + t);
      if (t > 0) shared += here;
    }
  }
  const Quadruple all = choose(K, k);
  return {static_cast<double>(won / all), static_cast<double>(shared / all)};
}

}  // namespace quantrial::statistics
