#include "evals/endpoint/chat_attempt.h"

#include <chrono>
#include <ctime>

#include "base/error.h"
#include "base/seconds_since.h"
#include "evals/endpoint/chat_request.h"
#include "evals/endpoint/refusal.h"
#include "evals/endpoint/retry_policy.h"
#include "evals/endpoint/server_events.h"

namespace quantrial {
namespace {

using Clock = std::chrono::steady_clock;
using End = HttpReply::End;
using Kind = ChatAttempt::Kind;

constexpr size_t largest_document = size_t{64} << 20;
constexpr std::string_view completions = "/chat/completions";

// A reply as it comes in: events, or a document where there are none.
class Incoming {
 public:
  explicit Incoming(bool thinking) : stream(thinking) {}

  bool take(std::string_view piece) {
    if (!events_seen) document += piece;
    return document.size() <= largest_document && events_.push(piece, [&](std::string_view data) {
      events_seen = true;
      return stream.event(data, elapsed_ms());
    });
  }
  // A server that answers all at once.
  void take_document() { stream.event(document, elapsed_ms()); }

  ChatStream stream;
  bool events_seen = false;
  std::string document;

 private:
  double elapsed_ms() const { return 1000 * seconds_since(start_); }

  ServerEvents events_;
  Clock::time_point start_ = Clock::now();
};

ChatAttempt judge_status(const HttpReply& http, const ChatQuestion& q) {
  const std::string what = q.address.prefix + std::string(completions);
  const std::string words =
      refusal(http, what, fmt::format("is '{}' the model and this the address?", escaped(q.model)));
  ChatAttempt a{.kind = is_transient(http.status) ? Kind::failed : Kind::refused,
                .failure = fmt::format("{}: {}", q.address.text(), words)};
  if (a.kind == Kind::failed) a.rest_s = retry_after_s(http.retry_after, std::time(nullptr));
  return a;
}

// Of a reply with status 200.
ChatAttempt judge_text(const HttpReply& http, Incoming& in, const ChatQuestion& q) {
  const auto ended = [&](Kind kind, const std::string& why) {
    return ChatAttempt{.kind = kind, .failure = fmt::format("{}: {}", q.address.text(), why)};
  };
  const bool stream = http.content_type.starts_with("text/event-stream");
  if (!in.events_seen && !stream && http.end == End::complete) {
    if (http.content_type.starts_with("text/html") || !in.document.starts_with('{')) {
      return ended(
          Kind::refused,
          fmt::format("it answers {} with {} ('{}'), not with a completion; is this an "
                      "OpenAI-compatible server?",
                      completions, escaped(http.content_type, 40), escaped(in.document, 60)));
    }
    in.take_document();
  }
  if (!in.stream.failure().empty()) {
    const int status = in.stream.error_status();
    const bool refused = status >= 400 && status < 500 && !is_transient(status);
    return ended(refused ? Kind::refused : Kind::failed, in.stream.failure());
  }
  if (in.stream.complete() && (in.stream.done() || http.end == End::complete)) {
    return {.kind = Kind::answered};
  }
  if (http.end == End::stopped) return {.kind = Kind::stopped};
  return ended(Kind::failed,
               http.failure.empty() ? "the stream ended before the text did" : http.failure);
}

ChatAttempt judge(const HttpReply& http, Incoming& in, const ChatQuestion& q) {
  if (http.status == 0) {
    if (http.end == End::stopped) return {.kind = Kind::stopped};
    const Kind kind = http.end == End::unreachable ? Kind::unreachable : Kind::failed;
    const bool named = kind == Kind::unreachable;  // the pool names it
    return {
        .kind = kind,
        .failure = named ? http.failure : fmt::format("{}: {}", q.address.text(), http.failure)};
  }
  return http.status == 200 ? judge_text(http, in, q) : judge_status(http, q);
}

}  // namespace

ChatAttempt ask_once(const ChatQuestion& q, HttpConnection& connection, TokenCounter& counter) {
  const std::string body =
      chat_request(q.ask, q.model, q.omitted)
          .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  Incoming in(q.ask.thinking);
  const HttpReply http = connection.post(q.address.prefix + std::string(completions), body,
                                         [&](std::string_view piece) { return in.take(piece); });
  ChatAttempt a = judge(http, in, q);
  if (a.kind != Kind::answered) return a;
  a.reply = in.stream.reply();
  if (!counter.count(q.ask, in.stream, q.address, connection, a.reply)) {
    return {.kind = Kind::stopped};
  }
  return a;
}

}  // namespace quantrial
