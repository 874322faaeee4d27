#include "study/macro_difference.h"

#include <map>

namespace quantrial {
namespace {

std::map<std::string, RunSamples> runs_of(const SampleStore& store, const ResultOptions& options,
                                          const std::string& variant) {
  std::map<std::string, RunSamples> runs;
  for (const RunRecord& record : store.runs()) {
    if (record.variant != variant || (options.is_wanted && !options.is_wanted(record))) continue;
    runs.emplace(record.benchmark, load_run(store, record));
  }
  return runs;
}

}  // namespace

std::optional<statistics::Interval> macro_difference(const SampleStore& store,
                                                     const ResultOptions& options,
                                                     const std::string& a, const std::string& b) {
  return macro_delta(runs_of(store, options, a), runs_of(store, options, b), options);
}

}  // namespace quantrial
