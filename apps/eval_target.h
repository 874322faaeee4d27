// The target that the options of `quantrial eval` mean.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/eval_arguments.h"
#include "evals/target.h"

namespace quantrial {

struct EvalHooks {
  std::function<bool()> stopped;                 // Ctrl-C; from any thread
  std::function<void(const std::string&)> note;  // a line for people, from any thread
};

// By whether the model's name is a list of addresses. Throws Error for options of the other kind.
std::unique_ptr<EvalTarget> make_eval_target(const EvalArguments& arguments,
                                             const CommonOptions& common, const EvalHooks& hooks);

// The key for servers, from the environment: never from the command line, where others see it.
// `variable`: without one OPENAI_API_KEY, which may be unset.
std::string api_key(const std::optional<std::string>& variable);

}  // namespace quantrial
