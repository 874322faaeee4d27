// GPTQ (Frantar et al. 2022; algorithms.md B.4): each Linear by itself, rounded column by column so
// that the error of its output over the calibration set stays small.
#pragma once

#include "quantize/algorithm.h"
#include "quantize/error_feedback.h"

namespace quantrial {

struct GptqParameters {
  FeedbackParameters feedback{};
  enum class Scales : uint8_t {
    fitted,    // by the largest weight of a group, as the reference tools do
    searched,  // search_scales()
  };
  Scales scales = Scales::searched;
  int passes = 2;  // of coordinate descent afterwards
};

class Gptq : public Algorithm {
 public:
  explicit Gptq(GptqParameters parameters) : parameters_(parameters) {}
  BlockResult quantize(const BlockTask& task) override;

 private:
  GptqParameters parameters_;
};

// Called with what was found for Linear i; `steps` as in round_with_feedback().
using RoundedWithFeedback =
    std::function<void(int64_t i, QuantizedMatrix matrix, std::vector<float> steps)>;
enum class KeepSteps : uint8_t { no, yes };

// GPTQ of every quantized Linear of a block over `moments`, which it uses up. Returns notes for the
// log: where a Hessian had no factor without more dampening.
std::vector<std::string> gptq_block(const BlockTask& task, std::map<int, InputMoments> moments,
                                    const GptqParameters& parameters, KeepSteps keep_steps,
                                    const RoundedWithFeedback& found);

}  // namespace quantrial
