// McNemar's test, for one sample a question (or greedy decoding) alone: repeats of a question are
// no separate pairs.
#pragma once

#include <cstdint>

namespace quantrial::statistics {

struct McNemar {
  double p = 1;                           // exact, two-sided
  double mid_p = 1;                       // less conservative
  double effect = 0, standard_error = 0;  // (gained - lost) / n
};

// lost: A right, B wrong; gained: A wrong, B right; of n questions.
McNemar mcnemar(int64_t lost, int64_t gained, int64_t n);

}  // namespace quantrial::statistics
