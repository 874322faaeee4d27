// The mean score of a benchmark and its errors (Miller, "Adding Error Bars to Evals", arXiv
// 2411.00640). A question's score is the share of its samples that are right.
#pragma once

#include <cstdint>
#include <span>

#include "statistics/interval.h"

namespace quantrial::statistics {

double mean(std::span<const double> values);
// Of a sample: divided by n - 1; 0 for fewer than two.
double standard_deviation(std::span<const double> values);

// Mean of `values` with Student's t interval over their number; a single value has no width.
Interval mean_interval(std::span<const double> values);

// The same of amounts: none is below 0, nor does the interval go there.
Interval mean_amount(std::span<const double> amounts);

// The mean of question scores in [0, 1]. Where fewer than five questions differ from all right (or
// all wrong), where t degenerates, the interval holds Wilson's as well.
Interval mean_score(std::span<const double> scores);

// Error on this fixed set of questions: what sampling again would change. `right` of K >= 2 samples
// of each question.
double rerun_error(std::span<const int64_t> right, int64_t K);

// Error when questions of a cluster stand or fall together (evaluation.md 2.2); `cluster` numbers
// from 0 and `clusters` is their count (at least 2).
double clustered_error(std::span<const double> scores, std::span<const int64_t> cluster,
                       int64_t clusters);

}  // namespace quantrial::statistics
