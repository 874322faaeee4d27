// results.json of a study (docs/study.md): every figure, from samples.sqlite alone.
#pragma once

#include <nlohmann/json.hpp>

#include "evals/measurement_store.h"
#include "evals/sample_store.h"

namespace quantrial {

// Of a folder that a study wrote; of one that `eval` wrote what evaluation_results() gives.
nlohmann::ordered_json study_results(const SampleStore& samples,
                                     const MeasurementStore& measurements);

}  // namespace quantrial
