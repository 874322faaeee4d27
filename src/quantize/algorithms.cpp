#include "quantize/algorithms.h"

#include "quantize/auto_round.h"
#include "quantize/awq.h"
#include "quantize/gptq.h"

namespace quantrial {

namespace {

FeedbackParameters feedback(const RecipeParameters& parameters) {
  return {.dampening = parameters.dampening};
}

std::unique_ptr<Algorithm> auto_round(const RecipeParameters& parameters) {
  AutoRoundParameters own{.iters = parameters.iters,
                          .batch = parameters.batch,
                          .start = {.feedback = feedback(parameters)}};
  if (parameters.learning_rate > 0) own.learning_rate = parameters.learning_rate;
  return std::make_unique<AutoRound>(own);
}

}  // namespace

std::unique_ptr<Algorithm> make_algorithm(Method method, const RecipeParameters& parameters) {
  switch (method) {
    case Method::awq:
      return std::make_unique<Awq>(AwqParameters{.grid = parameters.grid});
    case Method::gptq:
      return std::make_unique<Gptq>(GptqParameters{.feedback = feedback(parameters)});
    case Method::auto_round:
      return auto_round(parameters);
    case Method::round_to_nearest:
      break;
  }
  throw Error("{}: looks at no calibration; rounds whole matrices alone", name(method));
}

}  // namespace quantrial
