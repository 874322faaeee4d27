#include "evals/endpoint_answerer.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "base/error.h"

namespace quantrial {
namespace {

constexpr auto watch_interval = std::chrono::milliseconds(50);
// So many samples given up while none succeeded: something is wrong with all of them.
constexpr int64_t hopeless = 8;

std::vector<std::string> names(const std::vector<ServerAddress>& addresses) {
  std::vector<std::string> list;
  for (const ServerAddress& address : addresses) list.push_back(address.text());
  return list;
}

double random_share() {
  thread_local std::mt19937_64 generator{std::random_device()()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

// The connections of all threads, one for each endpoint, so that one thread can watch over them.
class EndpointAnswerer::Connections {
 public:
  Connections(const EndpointOptions& options, size_t threads)
      : options_(options), endpoints_(options.addresses.size()), all_(threads * endpoints_) {}

  HttpConnection& of(size_t thread, size_t endpoint) {
    const std::lock_guard lock(mutex_);
    auto& connection = all_.at(thread * endpoints_ + endpoint);
    if (!connection) {
      connection = std::make_unique<HttpConnection>(options_.addresses[endpoint], options_.http);
      if (stopped_) connection->stop();
    }
    return *connection;
  }
  size_t next_thread() { return threads_++; }
  void thread_ends() { --running_; }
  void thread_begins() { ++running_; }
  bool any_thread() const { return running_ > 0; }

  void watch() {
    const std::lock_guard lock(mutex_);
    for (const auto& connection : all_) {
      if (connection) connection->watch();
    }
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& connection : all_) {
      if (connection) connection->stop();
    }
  }

 private:
  const EndpointOptions& options_;
  size_t endpoints_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpConnection>> all_;  // [thread][endpoint]
  bool stopped_ = false;
  std::atomic<size_t> threads_ = 0, running_ = 0;
};

EndpointAnswerer::EndpointAnswerer(EndpointOptions options)
    : options_(std::move(options)),
      pool_(names(options_.addresses), options_.retry, options_.note),
      counter_(options_.model_text, options_.model.id) {}

void EndpointAnswerer::work(WorkQueue& queue) {
  const auto count = static_cast<size_t>(std::max<int64_t>(1, options_.concurrency));
  Connections connections(options_, count);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) {
    connections.thread_begins();
    threads.emplace_back([&] {
      try {
        ask_on(queue, connections);
      } catch (const std::exception&) {
        fail(std::current_exception());
      }
      connections.thread_ends();
    });
  }
  watch_over(queue, connections);
  for (std::thread& thread : threads) thread.join();
  note_unsplit();
  if (failure_) std::rethrow_exception(failure_);
}

// All of these are `no_answer`, and nothing else would say why.
void EndpointAnswerer::note_unsplit() const {
  if (unsplit_ == 0 || !options_.note) return;
  options_.note(
      fmt::format("{} of {} replies ended without </think> and have no answer: does the server "
                  "have a reasoning parser? For a model that does not think, use --thinking off",
                  unsplit_, succeeded_));
}

void EndpointAnswerer::watch_over(WorkQueue& queue, Connections& connections) {
  bool stopped = false;
  while (connections.any_thread()) {
    if ((queue.stopped() || pool_.stopped()) && !stopped) {
      stopped = true;
      pool_.stop();
      connections.stop();
    }
    connections.watch();
    std::this_thread::sleep_for(watch_interval);
  }
}

void EndpointAnswerer::fail(std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
  }
  pool_.stop();
}

void EndpointAnswerer::ask_on(WorkQueue& queue, Connections& connections) {
  const size_t thread = connections.next_thread();
  while (!pool_.stopped()) {
    const std::optional<Ask> next = queue.next();
    if (!next) return;
    try {
      if (!ask(*next, queue, connections, thread)) return;
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw Error("{}: {}", next->name, error.what());
    }
  }
}

bool EndpointAnswerer::ask(const Ask& ask, WorkQueue& queue, Connections& connections,
                           size_t thread) {
  std::optional<Reply> reply = answer(ask, connections, thread);
  if (!reply) return false;
  count_ending(ask, *reply);
  queue.done(ask.ticket, std::move(*reply));
  return true;
}

std::optional<Reply> EndpointAnswerer::answer(const Ask& ask, Connections& connections,
                                              size_t thread) {
  for (int failures = 0;;) {
    const std::optional<size_t> endpoint = pool_.acquire();
    if (!endpoint) return std::nullopt;
    ChatAttempt a =
        ask_once({ask, options_.addresses[*endpoint], options_.model.id, options_.omitted},
                 connections.of(thread, *endpoint), counter_);
    settle(a, *endpoint);
    switch (a.kind) {
      case ChatAttempt::Kind::answered:
        return std::move(a.reply);
      case ChatAttempt::Kind::stopped:
        return std::nullopt;
      case ChatAttempt::Kind::refused:
        throw Error("{}", a.failure);
      case ChatAttempt::Kind::unreachable:
        continue;  // the pool knows when to try again
      case ChatAttempt::Kind::failed:
        break;
    }
    if (++failures >= options_.retry.attempts) {
      Reply reply;
      reply.error = a.failure;
      return reply;
    }
    const double wait = a.rest_s.value_or(0) + backoff_s(options_.retry, failures, random_share());
    if (!pool_.sleep(wait)) return std::nullopt;
  }
}

void EndpointAnswerer::settle(const ChatAttempt& a, size_t endpoint) {
  if (a.kind == ChatAttempt::Kind::unreachable) {
    pool_.release_unreachable(endpoint, a.failure);
  } else if (a.rest_s) {
    pool_.release_to_rest(endpoint, *a.rest_s);
  } else {
    pool_.release(endpoint);
  }
}

void EndpointAnswerer::count_ending(const Ask& ask, const Reply& reply) {
  const std::lock_guard lock(mutex_);
  const bool unsplit = ask.thinking && reply.in_thinking && reply.finish_reason == "stop" &&
                       reply.server.value("thinking", "") == "none";
  unsplit_ += unsplit ? 1 : 0;
  ++(reply.error ? given_up_ : succeeded_);
  if (succeeded_ == 0 && given_up_ >= hopeless) {
    throw Error("{}; {} samples were given up after {} tries each, and none came", *reply.error,
                given_up_, options_.retry.attempts);
  }
}

}  // namespace quantrial
