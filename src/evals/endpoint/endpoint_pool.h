// Which endpoint gets the next request: the one with the fewest in flight among those that are
// neither resting nor unreachable. Any thread may call.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "evals/endpoint/retry_policy.h"

namespace quantrial {

class EndpointPool {
 public:
  using Note = std::function<void(const std::string&)>;
  // `note` is told of endpoints that go and come back.
  EndpointPool(std::vector<std::string> names, const RetryPolicy& policy, Note note);

  // Waits for an endpoint that may be asked. Absent after stop(). Throws Error when for
  // `patience_s` none could be reached.
  std::optional<size_t> acquire();

  // After a request: it went through to the server; or the server asked for a rest; or no
  // connection came about.
  void release(size_t endpoint);
  void release_to_rest(size_t endpoint, double rest_s);
  void release_unreachable(size_t endpoint, const std::string& why);

  // False when stop() came before the time was over.
  bool sleep(double seconds);
  void stop();
  bool stopped() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Endpoint {
    std::string name, why;  // of being unreachable
    int in_flight = 0, failures = 0;
    Clock::time_point rests_until{}, down_since{};
  };

  std::optional<size_t> choose(Clock::time_point now);
  Clock::time_point next_change(Clock::time_point now) const;
  void check_patience(Clock::time_point now) const;
  void rest(Endpoint& endpoint, double seconds);

  RetryPolicy policy_;
  Note note_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Endpoint> endpoints_;
  size_t last_ = 0;  // chosen; ties go to the next one
  bool stopped_ = false;
};

}  // namespace quantrial
