// What is asked, before it is opened: a model on this machine or servers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/open_model.h"
#include "evals/answerer.h"
#include "evals/endpoint/http_connection.h"
#include "evals/endpoint/retry_policy.h"
#include "model/config.h"

namespace quantrial {

class EvalTarget {
 public:
  virtual ~EvalTarget() = default;
  // Sampling where neither options nor benchmark say anything; needs no open model.
  virtual GenerationDefaults defaults() const = 0;
  // Loads the model, or asks the servers what they serve; the first time alone.
  virtual Answerer& open() = 0;
  // How it worked, for people who want to know more; may be empty.
  virtual std::string summary() const { return {}; }
  // The name in the results; of an open target.
  virtual std::string name() const = 0;
};

struct LocalTarget {
  ModelChoice model;
  int64_t concurrency = 16;
  std::optional<int64_t> context{};  // of one sample; without: what fits
  int64_t draft_tokens = 0;
  std::function<void(const MemoryPlan&)> planned{};  // told when it is opened
};
std::unique_ptr<EvalTarget> make_target(const LocalTarget& local);

struct ServedTarget {
  std::string addresses;                 // URL[,URL]
  std::optional<std::string> model;      // without: the only one that is served
  std::optional<std::string> tokenizer;  // folder, to count tokens with
  HttpOptions http;
  RetryPolicy retry;
  std::vector<std::string> omitted;              // fields of requests that the servers refuse
  int64_t concurrency = 16;                      // over all of them
  std::function<bool()> stopped;                 // asked from any thread
  std::function<void(const std::string&)> note;  // told what people must know, from any thread
};
// Throws Error for addresses that are none.
std::unique_ptr<EvalTarget> make_target(const ServedTarget& served);

// Whether a model is given by addresses in place of a folder.
bool is_address(const std::string& model);

}  // namespace quantrial
