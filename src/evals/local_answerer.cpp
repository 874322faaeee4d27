#include "evals/local_answerer.h"

#include <algorithm>

#include "base/error.h"
#include "base/seconds_since.h"
#include "evals/prompt_text.h"
#include "evals/sample_text.h"

namespace quantrial {
namespace {

using Clock = std::chrono::steady_clock;

// Requests that wait in the engine beside those that run: it shares the prompt of one that runs
// with those that wait, and has the next one at hand when a place is free.
constexpr int64_t waiting_requests = 4;

void take_speculation(const SpeculationCounters& counters, int64_t draft_tokens, Reply& reply) {
  if (draft_tokens == 0) return;
  reply.drafts = counters.drafts;
  reply.drafted_tokens = counters.drafted_tokens;
  reply.accepted_tokens = counters.accepted_tokens;
  reply.accepted_by_position.assign(counters.accepted_by_position.begin(),
                                    counters.accepted_by_position.begin() + draft_tokens);
}

// The reply to a prompt that leaves nothing to generate.
Reply without_room(const Request& request, const Ask& ask) {
  Reply reply;
  reply.in_thinking = ask.thinking;
  reply.finish_reason = name(FinishReason::length);
  reply.prompt_tokens = static_cast<int64_t>(request.prompt.size());
  reply.warning = "the prompt alone fills the context";
  return reply;
}

}  // namespace

// What is known of a request while it runs.
struct LocalAnswerer::Running {
  uint64_t ticket;
  PromptEnd end;
  ReasoningSplitter splitter;  // as it streams: for the first answer token
  Clock::time_point start = Clock::now();
  std::optional<double> ttfa_ms{};

  void push(std::string_view text) {
    const std::string answer = splitter.push(text).answer;
    if (!ttfa_ms && !answer.empty()) ttfa_ms = 1000 * seconds_since(start);
  }
};

LocalAnswerer::LocalAnswerer(Engine& engine, const Tokenizer& tokenizer,
                             const std::optional<ChatTemplate>& chat_template, Options options)
    : engine_(engine),
      tokenizer_(tokenizer),
      chat_template_(chat_template),
      options_(std::move(options)) {}

void LocalAnswerer::submit(const Ask& ask, WorkQueue& queue) {
  const std::string text = prompt_text(ask, chat_template_);
  const PromptEnd end = prompt_end(text);
  auto running = std::make_shared<Running>(Running{ask.ticket, end, ReasoningSplitter(end)});
  Request request;
  request.prompt = tokenizer_.encode(text);
  request.sampling = ask.sampling;
  request.draft_tokens = options_.draft_tokens;
  request.max_tokens = std::min(
      ask.max_tokens, engine_.context_tokens() - static_cast<int64_t>(request.prompt.size()));
  request.on_delta = [running](const Delta& delta) { running->push(delta.text); };
  request.on_finish = [this, running, &queue](const Result& result) {
    if (result.finish_reason == FinishReason::cancelled) return;
    Reply reply;
    reply.text = result.text;
    SampleText parts = split_sample(result.text, running->end);
    reply.answer = std::move(parts.answer);
    reply.in_thinking = parts.in_thinking;
    reply.finish_reason = name(result.finish_reason);
    reply.prompt_tokens = result.prompt_tokens;
    const TokenSplit split = split_tokens(result.tokens, tokenizer_, running->end);
    reply.thinking_tokens = split.thinking;
    reply.answer_tokens = split.answer;
    reply.generated_tokens = split.thinking + split.answer;
    reply.token_ids = result.tokens;
    // Waiting for a place says nothing of the model.
    reply.ttft_ms = result.ttft_ms - result.queue_ms;
    if (running->ttfa_ms) reply.ttfa_ms = *running->ttfa_ms - result.queue_ms;
    reply.e2e_ms = result.e2e_ms - result.queue_ms;
    take_speculation(result.speculation, options_.draft_tokens, reply);
    queue.done(running->ticket, std::move(reply));
  };
  if (*request.max_tokens < 1) {
    queue.done(ask.ticket, without_room(request, ask));
    return;
  }
  engine_.submit(std::move(request));
}

void LocalAnswerer::work(WorkQueue& queue) {
  bool more = true;
  while (!queue.stopped()) {
    while (more && engine_.unfinished() < options_.concurrency + waiting_requests) {
      const std::optional<Ask> ask = queue.next();
      more = ask.has_value();
      if (more) submit(*ask, queue);
    }
    if (!engine_.step() && !more) return;
  }
}

}  // namespace quantrial
