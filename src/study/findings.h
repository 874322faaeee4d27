// The findings of the study that started it all (The Kaitchup, "Qwen3.6 27B Quantization: FP8 vs
// INT4 vs NVFP4", 2026-05-12), each held against this study's figures: on this model alone.
#pragma once

#include <nlohmann/json.hpp>

#include "evals/results.h"

namespace quantrial {

// [{"claim", "verdict": "reproduced" | "not reproduced" | "undecided", "evidence"}]; findings about
// recipes that this study has not are left out.
nlohmann::ordered_json findings(const nlohmann::ordered_json& results, const SampleStore& store,
                                const ResultOptions& options);

}  // namespace quantrial
