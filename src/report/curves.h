// Figures by k (pass@k, votes) of the macro average and of single benchmarks.
#pragma once

#include <string>
#include <vector>

#include "report/sections.h"

namespace quantrial::report {

// Name in results.json and for people.
struct Measure {
  std::string key, title;
};

// measure, variant, k, share; small charts by measure where there are several.
FigureBlock macro_curves(const Results& results, const std::string& name, const std::string& title,
                         const std::vector<Measure>& measures);
// The same of one measure by benchmark.
FigureBlock benchmark_curves(const Results& results, const std::string& name,
                             const Measure& measure);

// Why pass@1 has not the interval of the accuracy that it is.
std::string one_sample_note();

// One point of a curve.
struct AtK {
  double k = 0;
  Figure figure;
};
std::vector<AtK> curve(const Json& by_k);  // {"1": F, "2": F}, by k

}  // namespace quantrial::report
