// What `quantrial eval` asks: a model on this machine or servers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/eval_arguments.h"
#include "evals/answerer.h"

namespace quantrial {

class EvalTarget {
 public:
  virtual ~EvalTarget() = default;
  // Sampling where neither options nor benchmark say anything; needs no open model.
  virtual GenerationDefaults defaults() const = 0;
  // Loads the model, or asks the servers what they serve; once.
  virtual Answerer& open() = 0;
  // How it worked, for people who want to know more; may be empty.
  virtual std::string summary() const { return {}; }
  // The name in the results; of an open target.
  virtual std::string name() const = 0;
};

struct EvalHooks {
  std::function<bool()> stopped;                 // Ctrl-C; from any thread
  std::function<void(const std::string&)> note;  // a line for people, from any thread
};

// By whether the model's name is a list of addresses. Throws Error for options of the other kind.
std::unique_ptr<EvalTarget> make_eval_target(const EvalArguments& arguments,
                                             const CommonOptions& common, const EvalHooks& hooks);

}  // namespace quantrial
