// How a model is sampled where nobody says otherwise.
#pragma once

#include "engine/sampling_parameters.h"
#include "model/config.h"

namespace quantrial {

// As the model's own configuration says: greedy where it does not sample. The seed is the caller's.
SamplingParameters usual_sampling(const GenerationDefaults& model);

}  // namespace quantrial
