// What a suite's own solution gives for every input: run once a question, in a sandbox of its own,
// so that no expected value is ever in the sandbox of an answer.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sandbox/sandbox.h"

namespace quantrial {

struct ReferenceCall {
  std::string arguments, output;  // marshal; the arguments: a list
  std::string alternative;        // another output that is right as well; empty: none
  bool equals_itself = false;     // of the output: equal to itself (python_value.h)
  bool is_floats = false;         // the output is a float, or floats in a list or tuple
};
ReferenceCall reference_call(std::string arguments, std::string output,
                             std::string alternative = "");

struct ReferenceCalls {
  std::vector<ReferenceCall> calls;
  size_t base = 0;             // the first `base` calls are the suite without its extension
  double slowest_seconds = 0;  // of processor time, of one call
};

// The calls that a reference driver (`reference` or `check`) tells of. Throws Error (`where`) when
// the suite's solution fails or has no inputs, SandboxShortage when it was never run.
ReferenceCalls run_reference(const Sandbox& sandbox, Sandbox::Job job, const std::string& where);

// Made when first asked for, then kept. Any thread may ask.
template <typename T>
class Kept {
 public:
  template <typename Make>
  std::shared_ptr<const T> get(const std::string& key, const Make& make) {
    std::shared_ptr<Place> place;
    {
      const std::lock_guard lock(mutex_);
      auto& there = places_[key];
      if (!there) there = std::make_shared<Place>();
      place = there;
    }
    const std::lock_guard lock(place->mutex);
    if (!place->value) place->value = std::make_shared<const T>(make());
    return place->value;
  }

 private:
  struct Place {
    std::mutex mutex;
    std::shared_ptr<const T> value;
  };
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Place>> places_;
};

}  // namespace quantrial
