#include "engine/usual_sampling.h"

namespace quantrial {

SamplingParameters usual_sampling(const GenerationDefaults& model) {
  return {.temperature = model.do_sample ? model.temperature : 0.0,
          .top_k = model.top_k,
          .top_p = model.top_p,
          .min_p = model.min_p};
}

}  // namespace quantrial
