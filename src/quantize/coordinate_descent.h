// After GPTQ every code was chosen once, knowing only what came before it. Here each is chosen
// again, knowing all others (cyclic coordinate descent, as QuantEase, Behdin et al. 2023).
#pragma once

#include <span>

#include "formats/codec.h"
#include "ops/workers.h"
#include "quantize/error_feedback.h"
#include "tensor/view.h"

namespace quantrial {

// Goes `passes` times over the columns of `matrix`, the rounded w[N,K]; (w' - w) H (w' - w)^T never
// grows. `steps` as in round_with_feedback().
void descend_by_coordinates(const Codec& codec, View<const float, 2> w,
                            const ErrorFeedback& feedback, int passes, QuantizedMatrix& matrix,
                            std::span<float> steps, Workers& workers);

}  // namespace quantrial
