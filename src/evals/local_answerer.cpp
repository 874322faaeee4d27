#include "evals/local_answerer.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "text/reasoning.h"
#include "text/stream_decoder.h"

namespace quantrial {
namespace {

using Clock = std::chrono::steady_clock;

// Requests that wait in the engine beside those that run: it shares the prompt of one that runs
// with those that wait, and has the next one at hand when a place is free.
constexpr int64_t waiting_requests = 4;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

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

std::string prompt_text(const Ask& ask, const std::optional<ChatTemplate>& chat_template) {
  if (!chat_template) return ask.messages.back().at("content").get<std::string>();
  return chat_template->render({{"messages", ask.messages},
                                {"add_generation_prompt", true},
                                {"enable_thinking", ask.thinking}});
}

TokenSplit split_tokens(std::span<const int32_t> tokens, const Tokenizer& tokenizer,
                        PromptEnd end) {
  ReasoningSplitter splitter(end);
  StreamDecoder decoder(tokenizer, SpecialTokens::skip);
  TokenSplit split;
  for (const int32_t id : tokens) {
    (splitter.in_reasoning() ? split.thinking : split.answer) += 1;
    splitter.push(decoder.push(id));
  }
  return split;
}

// What is known of a request while it runs.
struct LocalAnswerer::Running {
  uint64_t ticket;
  PromptEnd end;
  ReasoningSplitter splitter;
  Clock::time_point start = Clock::now();
  std::optional<double> ttfa_ms{};

  void push(std::string_view text) {
    const std::string answer = splitter.push(text).answer;
    if (!ttfa_ms && !answer.empty()) ttfa_ms = ms_since(start);
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
    reply.answer = split_reasoning(result.text, running->end).answer;
    reply.in_thinking = running->splitter.in_reasoning();
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
