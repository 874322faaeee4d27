// The measuring loop on a model without arithmetic: what is counted, not how fast it is.
#include "evals/speed/observe_speed.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/toy_model.h"
#include "evals/speed/observe_replies.h"

namespace quantrial {
namespace {

constexpr int64_t max_batch_tokens = 128;

std::vector<std::vector<int32_t>> prompts_of(const SpeedCell& cell) {
  std::vector<std::vector<int32_t>> prompts;
  for (int64_t i = 0; i < cell.concurrency; ++i) {
    std::vector<int32_t>& prompt = prompts.emplace_back();
    for (int64_t t = 0; t < cell.prompt_tokens; ++t) {
      prompt.push_back(static_cast<int32_t>((t * 7 + i * 31) % 97));
    }
  }
  return prompts;
}

SpeedObservation observed(const SpeedLoad& load) {
  ToyModel model(max_batch_tokens);
  const MemoryWish wish = memory_wish(load, max_batch_tokens);
  const EngineOptions engine{.max_sequences = wish.concurrency,
                             .max_tokens = wish.concurrency * (*wish.context_tokens + page_tokens),
                             .max_draft_tokens = wish.draft_tokens,
                             .context_tokens = wish.context_tokens};
  return observe_speed(model, engine, load, prompts_of(load.cell), [] {});
}

constexpr SpeedLoad with_drafts{.cell = {.concurrency = 5, .prompt_tokens = 150, .draft_tokens = 2},
                                .output_tokens = 20};

TEST(ObserveSpeed, EveryRequestHasItsOutput) {
  for (const int64_t draft_tokens : {0, 2}) {
    SpeedLoad load = with_drafts;
    load.cell.draft_tokens = draft_tokens;
    const SpeedObservation o = observed(load);
    ASSERT_EQ(o.requests.size(), 5u);
    for (const TimedRequest& request : o.requests) {
      EXPECT_GE(request.tokens, 20);
      EXPECT_LE(request.tokens, 20 + draft_tokens);
      EXPECT_GT(request.ttft_ms, 0);
      EXPECT_GT(request.e2e_ms, request.ttft_ms);
      EXPECT_EQ(request.shared_prompt_tokens, 0);
    }
    EXPECT_EQ(o.prefill.tokens, 5 * 150);
    EXPECT_GE(o.decode.tokens, 5 * 20);
    EXPECT_GT(o.prefill.seconds, 0);
    EXPECT_GT(o.decode.seconds, 0);
  }
}

TEST(ObserveSpeed, WithoutDraftsEachStepGivesATokenOfEachRequest) {
  SpeedLoad load = with_drafts;
  load.cell.draft_tokens = 0;
  const SpeedObservation o = observed(load);
  EXPECT_EQ(o.decode.tokens, 5 * 20);
  EXPECT_EQ(o.decode.steps, 20);
  EXPECT_EQ(o.speculation().drafts, 0);
}

TEST(ObserveSpeed, TwoRunsCountTheSame) {
  const SpeedObservation a = observed(with_drafts), b = observed(with_drafts);
  EXPECT_GT(a.speculation().accepted_tokens, 0);
  EXPECT_EQ(a.speculation().accepted_by_position, b.speculation().accepted_by_position);
  EXPECT_EQ(a.speculation().drafts, b.speculation().drafts);
  EXPECT_EQ(a.decode.steps, b.decode.steps);
}

// The toy's end-of-text ids are 11 and 13; its tokens are as good as random.
TEST(ObserveSpeed, DraftRoundsAreGroupedByContextAndSegment) {
  SpeedLoad load = with_drafts;
  load.cell.prompt_tokens = 240;
  load.output_tokens = 60;
  load.tags = {.open = 20, .close = 30};
  const SpeedObservation o = observed(load);
  std::map<ContextRange, int64_t> contexts;
  std::map<DraftSegment, int64_t> segments;
  for (const TimedRequest& request : o.requests) {
    for (const DraftGroup& group : request.drafts) {
      contexts[group.context] += group.counters.drafts;
      segments[group.segment] += group.counters.drafts;
      EXPECT_LE(group.counters.accepted_by_position[0], group.counters.drafts);
      EXPECT_LE(group.counters.accepted_tokens, group.counters.drafted_tokens);
    }
  }
  EXPECT_EQ(contexts.size(), 2u);
  EXPECT_GT(contexts[ContextRange::to_256], 0);
  EXPECT_GT(contexts[ContextRange::to_1k], contexts[ContextRange::to_256]);
  EXPECT_EQ(segments.size(), 3u) << "thinking, answer, outside";
}

TEST(ObserveSpeed, StopsWhenTheCallerThrows) {
  ToyModel model(max_batch_tokens);
  const SpeedLoad load{.cell = {.concurrency = 1, .prompt_tokens = 10}, .output_tokens = 4};
  const auto stop = [] { throw Error("interrupted"); };
  EXPECT_THROW(observe_speed(model, {.max_tokens = 900}, load, prompts_of(load.cell), stop), Error);
}

TEST(SpeedObservation, IsTheSameAfterJson) {
  const SpeedObservation o = observed(with_drafts);
  const nlohmann::ordered_json json = to_json(o);
  EXPECT_EQ(to_json(speed_observation(json)).dump(), json.dump());
  nlohmann::ordered_json broken = json;
  broken["decode"].erase("seconds");
  EXPECT_THROW(speed_observation(broken), Error);
}

FidelityText trace(std::vector<int32_t> tokens, size_t prompt_tokens) {
  FidelityText text{.tokens = std::move(tokens), .segments = {}, .source = {}};
  text.segments.assign(text.tokens.size(), TextSegment::answer);
  std::fill_n(text.segments.begin(), prompt_tokens, TextSegment::prompt);
  return text;
}

TEST(SpeedPrompts, EndWhereTheReplyOfATraceBegins) {
  const std::vector<FidelityText> texts = {trace({1, 2, 3, 4}, 2), trace({5, 6, 7}, 1),
                                           trace({8, 9, 10, 11, 12, 13}, 5)};
  using Prompts = std::vector<std::vector<int32_t>>;
  EXPECT_EQ(speed_prompts(texts, 4, 0, 3),
            (Prompts{{12, 13, 1, 2}, {2, 3, 4, 5}, {9, 10, 11, 12}}));
  EXPECT_EQ(speed_prompts(texts, 4, 3, 1), (Prompts{{6, 7, 1, 2}})) << "another trace before it";
  EXPECT_EQ(speed_prompts(texts, 8, 1, 1), (Prompts{{11, 12, 13, 1, 2, 3, 4, 5}}));
}

TEST(SpeedPrompts, TextsThatAreNoTracesGiveTheirBeginning) {
  const std::vector<FidelityText> texts = {trace({1, 2, 3, 4}, 0), trace({5, 6}, 0)};
  EXPECT_EQ(speed_prompts(texts, 3, 0, 2),
            (std::vector<std::vector<int32_t>>{{1, 2, 3}, {4, 5, 6}}));
}

// The toy's replies end at its end-of-text ids; without tags all of them is answer.
TEST(ObserveReplies, RunToTheEndOfText) {
  const std::vector<FidelityText> texts = {trace({1, 2, 3, 4}, 2), trace({5, 6}, 0),
                                           trace({7, 8, 9}, 1)};
  const std::vector<std::vector<int32_t>> prompts = reply_prompts(texts);
  ASSERT_EQ(prompts, (std::vector<std::vector<int32_t>>{{1, 2}, {7}}));
  ToyModel model(max_batch_tokens);
  const SpeedObservation o = observe_replies(
      model, {.max_sequences = 2, .max_tokens = 2000, .max_draft_tokens = 1},
      {.concurrency = 2, .draft_tokens = 1, .sampling = {.temperature = 2}}, prompts, [] {});
  EXPECT_EQ(o.cell.prompt_tokens, SpeedCell::natural);
  ASSERT_EQ(o.requests.size(), 2u);
  for (const TimedRequest& request : o.requests) {
    EXPECT_GT(request.tokens, 0);
    EXPECT_LT(request.tokens, 900) << "ended before the context was full";
    for (const DraftGroup& group : request.drafts) EXPECT_EQ(group.segment, DraftSegment::answer);
  }
  EXPECT_GT(o.speculation().drafts, 0);
}

}  // namespace
}  // namespace quantrial
