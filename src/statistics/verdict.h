// What a paired difference permits to say, and how much more would decide
// (evaluation.md 2.9, 2.10).
#pragma once

#include <cstdint>
#include <string_view>

#include "statistics/interval.h"

namespace quantrial::statistics {

enum class Judgement {
  lossless,             // the interval lies above -margin
  worse,                // it lies below 0
  worse_within_margin,  // both
  undecided,
};
std::string_view name(Judgement judgement);

// `delta`: accuracy of the variant minus that of the base; margin > 0, fixed beforehand.
Judgement judge(const Interval& delta, double margin);

// What differs between and within questions.
struct Spread {
  double between = 0;                 // omega^2 = Var_i(p_A,i - p_B,i)
  double within_a = 0, within_b = 0;  // s^2 = E[p (1 - p)]
};

// The difference that n questions with K samples show with 80 % power at 5 %, two-sided.
double minimum_detectable(const Spread& spread, int64_t n, int64_t K);
// Questions with K samples each that would show `difference` so.
int64_t questions_needed(const Spread& spread, double difference, int64_t K);

}  // namespace quantrial::statistics
