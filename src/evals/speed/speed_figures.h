// "speed.runs" and "mtp" of results.json (docs/study.md), from what rounds observed. The caller has
// dropped warm-up rounds: all that is given counts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "evals/speed/speed_observation.h"

namespace quantrial {

// A list with an object for each cell of fixed length, by concurrency, prompt_tokens, draft_tokens.
nlohmann::ordered_json speed_runs(std::span<const SpeedObservation> observations);

// {"runs", "by_context", "by_segment"}. Runs: cells of fixed length with drafts; their acceptance
// at position j is that of draft j where all before it were right. The two others: the first draft
// of a round before the end of a reply, of observe_replies() where it was observed, else of all
// cells. `seed`: of the bootstraps.
nlohmann::ordered_json draft_figures(std::span<const SpeedObservation> observations, uint64_t seed);

}  // namespace quantrial
