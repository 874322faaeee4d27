// Teacher-forced comparison of every local variant with the base, on the base's own traces and on
// texts that nothing was calibrated on.
#pragma once

#include "evals/fidelity/own_traces.h"
#include "study/stage.h"

namespace quantrial {

// What the variants are compared on: made once, then read from the study's folder (traces.jsonl).
struct StudyTexts {
  std::vector<FidelityText> texts;
  std::string key;  // a hash of them
  std::string description;
};
// Throws Error when a text holds a piece of the calibration text.
StudyTexts fidelity_texts(StudyContext& context);

// With traces in any case: the speed stage needs them.
FidelityPlan traces_plan(FidelityPlan plan);

// The questions that the base answers for them; its sampling is to be added.
TraceRequest trace_request(const FidelityPlan& plan, const StudyPlaces& places, uint64_t seed);

// The base's own traces, made once (traces.jsonl); at most `tokens` of them. Where the study has no
// fidelity stage, those of its defaults.
std::vector<FidelityText> own_traces_of_base(StudyContext& context, int64_t tokens);

// The base against itself with what a lossless but different kernel would change.
void measure_noise_floor(StudyContext& context, const StudyTexts& texts);
// KL and friends of the variant, which is no server.
void measure_fidelity(StudyContext& context, const StudyVariant& variant, const StudyTexts& texts);

}  // namespace quantrial
