// GPTQ's rounding of one Linear: columns in turn, each rounding error made good by the columns that
// follow (algorithms.md B.4).
#pragma once

#include <span>
#include <vector>

#include "formats/codec.h"
#include "ops/workers.h"
#include "quantize/error_feedback.h"
#include "tensor/view.h"

namespace quantrial {

// w[N,K] under fixed scales [N, K/G]. `steps`, [N,K] or empty, receives what was rounded in
// the place of each weight, in steps of its scale.
QuantizedMatrix round_with_feedback(const Codec& codec, View<const float, 2> w,
                                    std::vector<GroupScale> scales, const ErrorFeedback& feedback,
                                    std::span<float> steps, Workers& workers);

}  // namespace quantrial
