// OpenAI-compatible servers as what answers: keeps `concurrency` requests running, spread over the
// endpoints; asks again what failed for a time (product.md 7).
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "evals/answerer.h"
#include "evals/endpoint/chat_attempt.h"
#include "evals/endpoint/endpoint_pool.h"
#include "evals/endpoint/served_model.h"

namespace quantrial {

struct EndpointOptions {
  std::vector<ServerAddress> addresses;
  ServedModel model;
  HttpOptions http;
  RetryPolicy retry;
  std::vector<std::string> omitted;       // fields of requests that these servers refuse
  int64_t concurrency = 16;               // over all endpoints
  const ModelText* model_text = nullptr;  // to count tokens with; outlives the answerer
  EndpointPool::Note note;                // from any thread
};

class EndpointAnswerer : public Answerer {
 public:
  explicit EndpointAnswerer(EndpointOptions options);

  // Throws Error for what no other try can mend (a refused request, a web page in place of a
  // completion), when no endpoint could be reached for long, and when nothing ever succeeds.
  void work(WorkQueue& queue) override;
  std::string fingerprint() const override { return options_.model.fingerprint(options_.omitted); }

 private:
  class Connections;

  void ask_on(WorkQueue& queue, Connections& connections);
  // False: there is nothing more to do.
  bool ask(const Ask& ask, WorkQueue& queue, Connections& connections, size_t thread);
  void watch_over(WorkQueue& queue, Connections& connections);
  // With retries; absent when stopped. `thread`: of `connections`.
  std::optional<Reply> answer(const Ask& ask, Connections& connections, size_t thread);
  void settle(const ChatAttempt& attempt, size_t endpoint);
  void count_ending(const Ask& ask, const Reply& reply);
  void note_unsplit() const;
  void fail(std::exception_ptr failure);

  EndpointOptions options_;
  EndpointPool pool_;
  TokenCounter counter_;

  std::mutex mutex_;  // of what follows
  std::exception_ptr failure_;
  int64_t succeeded_ = 0, given_up_ = 0;
  int64_t unsplit_ = 0;  // replies that ended without </think> though thinking was asked for
};

}  // namespace quantrial
