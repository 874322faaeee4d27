// What answers questions: the local engine or endpoints. Both pull work from a queue and hand
// replies back as they come, so that neither knows of benchmarks, stores or grading.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/sampling_parameters.h"

namespace quantrial {

// One sample to generate.
struct Ask {
  uint64_t ticket = 0;              // of the queue, given back with the reply
  std::string name;                 // of its question, for messages: "gsm8k, question '12'"
  nlohmann::ordered_json messages;  // [{"role", "content"}, ...]
  SamplingParameters sampling;      // with the seed
  int64_t max_tokens = 0;
  bool thinking = true;
};

struct Reply {
  std::string text;                  // as generated, thinking and </think> included
  std::string answer;                // what follows the thinking
  bool in_thinking = false;          // it ended before </think>
  std::string finish_reason;         // "stop", "length", or what the server said
  std::optional<std::string> error;  // no answer came, after all retries
  std::optional<int64_t> prompt_tokens, thinking_tokens, answer_tokens;
  std::optional<int64_t> generated_tokens;  // both together, also where the split is unknown
  std::vector<int32_t> token_ids;
  bool tokenized_again = false;  // token_ids are made of the text, not those that were generated
  std::optional<double> ttft_ms, ttfa_ms, e2e_ms;
  std::optional<int64_t> drafts, drafted_tokens, accepted_tokens;
  std::vector<int64_t> accepted_by_position;
  nlohmann::ordered_json server = nlohmann::ordered_json::object();  // what an endpoint said
  std::string warning;
};

class WorkQueue {
 public:
  virtual ~WorkQueue() = default;
  // The next sample; none when all is handed out or the run is to stop. Any thread may call.
  virtual std::optional<Ask> next() = 0;
  virtual void done(uint64_t ticket, Reply reply) = 0;
  // Whether work in flight is to be given up. Called by the thread of work() alone, often.
  virtual bool stopped() = 0;
};

class Answerer {
 public:
  virtual ~Answerer() = default;
  // Works until the queue is empty and every reply is handed back, or the queue has stopped (what
  // is in flight is dropped then).
  virtual void work(WorkQueue& queue) = 0;
  // Identifies what answers: SHA-256 over weights or endpoint and model.
  virtual std::string fingerprint() const = 0;
};

}  // namespace quantrial
