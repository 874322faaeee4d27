// Many requests at once on one model: the step loop that the commands, the server and the
// evaluations drive. One thread calls it; the backend uses its own.
//
// A result depends on its request and the model alone: not on what else runs, when it arrived, the
// size of a step, preemption, the number of threads or of drafts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/request.h"
#include "engine/sampler.h"
#include "engine/scheduler.h"
#include "engine/speculative.h"
#include "model/model.h"

namespace quantrial {

struct EngineOptions {
  int64_t max_sequences = 1;                // that run at once
  int64_t max_tokens = 4096;                // positions of all of them together
  int64_t max_draft_tokens = 0;             // that a request may ask for
  std::optional<int64_t> context_tokens{};  // of one request; without: the model's, as room allows
};

// The memory that an engine with these options asks the model for.
StateLimits state_limits(const EngineOptions& options);

struct EngineCounters {
  int64_t steps = 0;
  int64_t rows = 0;         // run through the model
  int64_t prompt_rows = 0;  // of those, prompt tokens and what preemption ran again
  int64_t generated_tokens = 0;
  int64_t preemptions = 0;
  double step_ms = 0;        // all steps
  double scheduling_ms = 0;  // of that, planning and handing out results
};

class Engine {
 public:
  // `model` and `tokenizer` (which may be null: no text) outlive the engine. Throws Error when the
  // options ask for what the model has not.
  Engine(Model& model, const Tokenizer* tokenizer, const EngineOptions& options);

  // Throws Error for what can never run: empty prompt, unknown ids, too long, bad parameters.
  RequestId submit(Request request);
  // Ends a request at the start of the next step; false when it is unknown or done.
  bool cancel(RequestId id);
  // One forward pass. False when nothing is left to do. After an Error (the model gives NaN) the
  // engine cannot be used further.
  bool step();
  void run() {
    while (step()) {
    }
  }
  std::optional<Result> take_result(RequestId id);

  // The longest prompt and output of one request.
  int64_t context_tokens() const { return context_tokens_; }
  int64_t unfinished() const { return scheduler_.running() + scheduler_.waiting(); }
  const EngineCounters& counters() const { return counters_; }

 private:
  void check(const Request& request) const;
  void finish_cancelled();
  void forward(std::span<Piece> pieces);
  void sample(std::span<Piece> pieces);
  void settle(std::span<const Piece> pieces);
  void deliver(std::span<const Piece> pieces);
  void finish(Sequence& sequence);

  Model& model_;
  const Tokenizer* tokenizer_;
  EngineOptions options_;
  std::unique_ptr<StatePool> pool_;
  int64_t context_tokens_;
  std::vector<int32_t> end_of_text_ids_;  // of the model and of the tokenizer
  Scheduler scheduler_;
  Sampler sampler_;
  Drafter drafter_;
  RequestId next_id_ = 1;
  std::map<RequestId, Result> results_;
  EngineCounters counters_;

  std::vector<SequenceInput> inputs_, speculative_;  // scratch, as are the following
  std::vector<int32_t> verified_tokens_;             // last token and drafts of each piece
  std::vector<int64_t> rows_, keep_;
};

// Runs the requests and returns their results in the same order.
std::vector<Result> generate(Engine& engine, std::vector<Request> requests);

}  // namespace quantrial
