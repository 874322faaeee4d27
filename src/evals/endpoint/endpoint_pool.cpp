#include "evals/endpoint/endpoint_pool.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace quantrial {
namespace {

constexpr double longest_wait_s = 1;  // before looking at patience again

auto duration(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

}  // namespace

EndpointPool::EndpointPool(std::vector<std::string> names, const RetryPolicy& policy, Note note)
    : policy_(policy), note_(std::move(note)) {
  for (std::string& name : names) {
    Endpoint endpoint;
    endpoint.name = std::move(name);
    endpoints_.push_back(std::move(endpoint));
  }
}

std::optional<size_t> EndpointPool::choose(Clock::time_point now) {
  std::optional<size_t> best;
  for (size_t i = 1; i <= endpoints_.size(); ++i) {
    const size_t e = (last_ + i) % endpoints_.size();
    const Endpoint& endpoint = endpoints_[e];
    // One request at a time finds out whether an endpoint is back.
    const bool may =
        endpoint.rests_until <= now && (endpoint.failures == 0 || endpoint.in_flight == 0);
    if (may && (!best || endpoint.in_flight < endpoints_[*best].in_flight)) best = e;
  }
  return best;
}

EndpointPool::Clock::time_point EndpointPool::next_change(Clock::time_point now) const {
  Clock::time_point next = now + duration(longest_wait_s);
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.rests_until > now) next = std::min(next, endpoint.rests_until);
  }
  return next;
}

void EndpointPool::check_patience(Clock::time_point now) const {
  const Endpoint* latest = nullptr;
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.failures == 0) return;
    if (latest == nullptr || endpoint.down_since > latest->down_since) latest = &endpoint;
  }
  if (now - latest->down_since < duration(policy_.patience_s)) return;
  throw Error(
      "{}: {}, for {:.0f} s{}; start it again and run the same command to go on with what is left",
      latest->name, latest->why, policy_.patience_s,
      endpoints_.size() > 1 ? ", nor can the other endpoints be reached" : "");
}

std::optional<size_t> EndpointPool::acquire() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const Clock::time_point now = Clock::now();
    if (const auto endpoint = choose(now)) {
      last_ = *endpoint;
      ++endpoints_[*endpoint].in_flight;
      return endpoint;
    }
    check_patience(now);
    changed_.wait_until(lock, next_change(now));
  }
  return std::nullopt;
}

void EndpointPool::rest(Endpoint& endpoint, double seconds) {
  endpoint.rests_until = std::max(endpoint.rests_until, Clock::now() + duration(seconds));
}

void EndpointPool::release(size_t e) {
  std::string back;
  {
    const std::lock_guard lock(mutex_);
    Endpoint& endpoint = endpoints_.at(e);
    --endpoint.in_flight;
    if (std::exchange(endpoint.failures, 0) > 0) back = endpoint.name + ": reached again";
  }
  if (!back.empty()) note_(back);
  changed_.notify_all();
}

void EndpointPool::release_to_rest(size_t e, double rest_s) {
  {
    const std::lock_guard lock(mutex_);
    rest(endpoints_.at(e), rest_s);
  }
  release(e);
}

void EndpointPool::release_unreachable(size_t e, const std::string& why) {
  std::string gone;
  {
    const std::lock_guard lock(mutex_);
    Endpoint& endpoint = endpoints_.at(e);
    --endpoint.in_flight;
    const bool known = endpoint.failures > 0 && endpoint.rests_until > Clock::now();
    if (!known && endpoint.failures++ == 0) {
      endpoint.down_since = Clock::now();
      gone = fmt::format("{}: {}; {}", endpoint.name, why,
                         endpoints_.size() > 1 ? "its work goes to the others" : "trying again");
    }
    endpoint.why = why;
    if (!known) rest(endpoint, backoff_s(policy_, endpoint.failures, 0.5));
  }
  if (!gone.empty()) note_(gone);
  changed_.notify_all();
}

bool EndpointPool::sleep(double seconds) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_until(lock, Clock::now() + duration(seconds), [&] { return stopped_; });
}

void EndpointPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

bool EndpointPool::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace quantrial
