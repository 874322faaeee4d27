#include "evals/speed/observe_replies.h"

#include "base/error.h"
#include "engine/engine.h"

namespace quantrial {

std::vector<std::vector<int32_t>> reply_prompts(std::span<const FidelityText> texts) {
  std::vector<std::vector<int32_t>> prompts;
  for (const FidelityText& text : texts) {
    const int64_t tokens = prompt_length(text);
    if (tokens > 0) prompts.emplace_back(text.tokens.begin(), text.tokens.begin() + tokens);
  }
  return prompts;
}

SpeedObservation observe_replies(Model& model, const EngineOptions& options, const ReplyLoad& load,
                                 std::span<const std::vector<int32_t>> prompts,
                                 const std::function<void()>& between_steps) {
  Engine engine(model, nullptr, options);
  std::vector<RequestId> ids;
  std::vector<DraftLog> logs(prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i) {
    Request request;
    request.prompt = prompts[i];
    request.sampling = load.sampling;
    request.sampling.seed += i;
    request.draft_tokens = load.draft_tokens;
    request.on_draft_round = [&log = logs[i]](const DraftRound& round) { log.add(round); };
    ids.push_back(engine.submit(std::move(request)));
  }
  do {
    between_steps();
  } while (engine.step());
  SpeedObservation o{.cell = {.concurrency = load.concurrency,
                              .prompt_tokens = 0,
                              .draft_tokens = load.draft_tokens}};
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::optional<Result> result = engine.take_result(ids[i]);
    require(result.has_value(), "observe_replies: every request ended");
    o.requests.push_back({.ttft_ms = result->ttft_ms - result->queue_ms,
                          .e2e_ms = result->e2e_ms - result->queue_ms,
                          .tokens = static_cast<int64_t>(result->tokens.size()),
                          .shared_prompt_tokens = result->shared_prompt_tokens,
                          .drafts = logs[i].groups(prompts[i], result->tokens, load.tags,
                                                   model.config().eos_token_ids)});
  }
  return o;
}

}  // namespace quantrial
