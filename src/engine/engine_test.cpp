// Whatever the batch, the cuts, the drafts or the memory: the same tokens. On a toy model whose
// logits show every mistake; the same properties on a real checkpoint: checkpoint_test.cpp.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/rng.h"
#include "engine/toy_model.h"

namespace quantrial {
namespace {

std::vector<int32_t> prompt_of(int64_t length, uint64_t seed) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < length; ++i) {
    ids.push_back(static_cast<int32_t>(philox(seed, static_cast<uint64_t>(i))[0] % 97));
  }
  return ids;
}

struct EngineSetup {
  int64_t max_batch_tokens = 256;
  EngineOptions engine = {.max_sequences = 1, .max_tokens = 2048, .max_draft_tokens = 3};
};

std::vector<Result> run(const EngineSetup& setup, std::vector<Request> requests) {
  ToyModel model(setup.max_batch_tokens);
  Engine engine(model, nullptr, setup.engine);
  return generate(engine, std::move(requests));
}

// Prompt lengths around the chunk (64), page (64) and sharing (16) borders; greedy, sampled and
// penalised ones; each prompt twice in a row.
std::vector<Request> mixed_requests(int64_t draft_tokens) {
  std::vector<Request> requests;
  uint64_t seed = 1;
  for (const int64_t length : {1, 2, 16, 17, 63, 64, 65, 66, 127, 128, 129, 150, 257, 300}) {
    for (int sample = 0; sample < 2; ++sample) {
      Request request{.prompt = prompt_of(length, static_cast<uint64_t>(length))};
      request.sampling = {.temperature = seed % 3 == 0 ? 0.0 : 0.8,
                          .top_k = seed % 2 == 0 ? 20 : 0,
                          .top_p = seed % 5 == 0 ? 0.9 : 1.0,
                          .presence_penalty = seed % 4 == 0 ? 0.5 : 0.0,
                          .repetition_penalty = seed % 4 == 0 ? 1.1 : 1.0,
                          .seed = seed,
                          .top_logprobs = seed % 7 == 0 ? std::optional<int64_t>(2) : std::nullopt};
      request.max_tokens = 20 + static_cast<int64_t>(seed * 37) % 200;
      request.end_of_text = seed % 2 == 0 ? EndOfText::stops : EndOfText::is_ignored;
      request.draft_tokens = draft_tokens;
      requests.push_back(std::move(request));
      ++seed;
    }
  }
  return requests;
}

void expect_same(const std::vector<Result>& a, const std::vector<Result>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].tokens, b[i].tokens) << "request " << i;
    EXPECT_EQ(a[i].finish_reason, b[i].finish_reason) << "request " << i;
    ASSERT_EQ(a[i].logprobs.size(), b[i].logprobs.size());
    for (size_t t = 0; t < a[i].logprobs.size(); ++t) {
      EXPECT_EQ(a[i].logprobs[t].chosen, b[i].logprobs[t].chosen);
    }
  }
}

void expect_same_drafts(const std::vector<Result>& a, const std::vector<Result>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].speculation.drafts, b[i].speculation.drafts) << "request " << i;
    EXPECT_EQ(a[i].speculation.drafted_tokens, b[i].speculation.drafted_tokens);
    EXPECT_EQ(a[i].speculation.accepted_by_position, b[i].speculation.accepted_by_position);
  }
}

const std::vector<Result>& one_by_one() {
  static const std::vector<Result> results = run({}, mixed_requests(0));
  return results;
}

TEST(Engine, DraftsChangeNothing) {
  for (const int64_t drafts : {1, 2, 3}) {
    const auto results = run({}, mixed_requests(drafts));
    expect_same(results, one_by_one());
    SpeculationCounters sum;
    for (const Result& r : results) sum += r.speculation;
    EXPECT_GT(sum.accepted_tokens, sum.drafted_tokens / 4);  // the toy head is right 2 times of 3
    EXPECT_LT(sum.accepted_tokens, sum.drafted_tokens);
    EXPECT_EQ(sum.accepted_by_position[static_cast<size_t>(drafts) - 1] > 0, true);
  }
}

struct Case {
  const char* name;
  int64_t max_batch_tokens;
  EngineOptions engine;
};

class EngineSetups : public testing::TestWithParam<Case> {};

TEST_P(EngineSetups, SameTokensAndDraftsAsOneByOne) {
  const EngineSetup setup{GetParam().max_batch_tokens, GetParam().engine};
  for (const int64_t drafts : {0, 3}) {
    const auto alone = run({}, mixed_requests(drafts));
    const auto results = run(setup, mixed_requests(drafts));
    expect_same(results, one_by_one());
    expect_same_drafts(results, alone);

    auto reversed = mixed_requests(drafts);
    std::reverse(reversed.begin(), reversed.end());
    auto reversed_results = run(setup, std::move(reversed));
    std::reverse(reversed_results.begin(), reversed_results.end());
    expect_same(reversed_results, one_by_one());
    expect_same_drafts(reversed_results, alone);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineSetups,
                         testing::Values(Case{"one_chunk_a_step", 64, {3, 4096, 3}},
                                         Case{"two_chunks_a_step", 128, {5, 4096, 3}},
                                         Case{"many", 256, {16, 16384, 3}},
                                         Case{"more_decoding_than_rows", 64, {28, 16384, 3}},
                                         Case{"few_pages", 192, {8, 704, 3}},
                                         Case{"very_few_pages", 64, {4, 576, 3}}),
                         [](const auto& test) { return test.param.name; });

TEST(Engine, PreemptsAndSharesInTheSetupsAbove) {
  const EngineSetup setup{192, {8, 704, 3}};  // few_pages
  int64_t preemptions = 0, shared = 0;
  for (const Result& r : run(setup, mixed_requests(3))) {
    preemptions += r.preemptions;
    shared += r.shared_prompt_tokens;
  }
  EXPECT_GT(preemptions, 0);
  EXPECT_GT(shared, 0);
}

TEST(Engine, SamplesOfOnePromptShareItsPrefill) {
  ToyModel model(256);
  Engine engine(model, nullptr, {.max_sequences = 4, .max_tokens = 8192});
  std::vector<Request> requests;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    Request request{.prompt = prompt_of(700, 1), .max_tokens = 10};
    request.sampling.seed = seed;
    request.end_of_text = EndOfText::is_ignored;
    requests.push_back(request);
  }
  const auto results = generate(engine, std::move(requests));
  // 700 prompt rows once, the last one again for each of the others, and 9 tokens each.
  EXPECT_EQ(engine.counters().rows, 700 + 7 + 8 * 9);
  for (size_t i = 1; i < 8; ++i) EXPECT_EQ(results[i].shared_prompt_tokens, 699);
  EXPECT_NE(results[0].tokens, results[1].tokens);
}

// What a memory plan promises: max_sequences of them with their whole context at once.
TEST(Engine, AllSequencesThatWerePlannedForRunAtOnce) {
  for (const int64_t length : {20, 32, 64, 65, 100}) {
    for (const bool same_prompt : {false, true}) {
      for (const int64_t drafts : {0, 2}) {
        constexpr int64_t sequences = 5, output = 40;
        const int64_t pages = StatePool::pages_for(length + output);
        ToyModel model(256);
        Engine engine(model, nullptr,
                      {.max_sequences = sequences,
                       .max_tokens = sequences * pages * page_tokens,
                       .max_draft_tokens = drafts});
        std::set<uint64_t> started;
        size_t started_at_first_end = 0;
        for (uint64_t i = 0; i < sequences; ++i) {
          Request request{.prompt = prompt_of(length, same_prompt ? 0 : i), .max_tokens = output};
          request.end_of_text = EndOfText::is_ignored;
          request.draft_tokens = drafts;
          request.on_delta = [&](const Delta& delta) { started.insert(delta.id); };
          request.on_finish = [&](const Result&) {
            if (started_at_first_end == 0) started_at_first_end = started.size();
          };
          engine.submit(std::move(request));
        }
        engine.run();
        EXPECT_EQ(started_at_first_end, sequences)
            << length << (same_prompt ? ", one prompt" : "") << ", drafts " << drafts;
      }
    }
  }
}

// The state after a prompt without MTP lacks the head's keys and values: it is not shared.
TEST(Engine, RequestsWithAndWithoutDraftsMix) {
  auto requests = mixed_requests(3);
  const auto alone = run({}, requests);
  for (size_t i = 0; i < requests.size(); i += 2) requests[i].draft_tokens = 0;
  const auto results = run({256, {16, 16384, 3}}, requests);
  expect_same(results, one_by_one());
  for (size_t i = 1; i < results.size(); i += 2) {
    expect_same_drafts({results[i]}, {alone[i]});
  }
}

TEST(Engine, RefusesWhatCannotRunWithTheNumbers) {
  ToyModel model(64);
  Engine engine(model, nullptr, {.max_sequences = 1, .max_tokens = 100});
  EXPECT_EQ(engine.context_tokens(), 128);  // whole pages
  const auto message = [&](Request request) -> std::string {
    try {
      engine.submit(std::move(request));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({.prompt = prompt_of(120, 1), .max_tokens = 9}),
            "request: 120 prompt tokens and 9 to generate exceed the context of 128 tokens (model: "
            "1000); shorten them or raise the context");
  EXPECT_EQ(message({.prompt = prompt_of(120, 1), .max_tokens = 8}), "");
  EXPECT_NE(message({.prompt = {}}), "");
  EXPECT_NE(message({.prompt = {97}}), "");
  EXPECT_NE(message({.prompt = {-1}}), "");
  EXPECT_NE(message({.prompt = {1}, .draft_tokens = 1}), "");
  EXPECT_NE(message({.prompt = {1}, .stop_strings = {"x"}}), "");
  EXPECT_NE(message({.prompt = {1}, .max_tokens = 0}), "");
  EXPECT_NE(message({.prompt = {1}, .sampling = {.top_p = 0}}), "");
  EXPECT_THROW(Engine(model, nullptr, {.max_draft_tokens = 4}), Error);
}

TEST(Engine, StopsAtEndOfTextAndStopIds) {
  Request request{.prompt = prompt_of(5, 9), .max_tokens = 500};
  request.sampling.seed = 3;
  const Result to_end = run({}, {request})[0];
  ASSERT_EQ(to_end.finish_reason, FinishReason::stop);
  EXPECT_TRUE(to_end.tokens.back() == 11 || to_end.tokens.back() == 13);
  EXPECT_EQ(std::count(to_end.tokens.begin(), to_end.tokens.end(), 11) +
                std::count(to_end.tokens.begin(), to_end.tokens.end(), 13),
            1);
  ASSERT_GT(to_end.tokens.size(), 3u);
  request.stop_token_ids = {to_end.tokens[2]};
  const Result stopped = run({}, {request})[0];
  EXPECT_EQ(stopped.finish_reason, FinishReason::stop);
  EXPECT_LE(stopped.tokens.size(), 3u);
  request.end_of_text = EndOfText::is_ignored;
  request.stop_token_ids.clear();
  const Result to_limit = run({}, {request})[0];
  EXPECT_EQ(to_limit.finish_reason, FinishReason::length);
  EXPECT_EQ(to_limit.tokens.size(), 500u);
}

TEST(Engine, StreamsEveryTokenOnceAndCancels) {
  ToyModel model(64);
  Engine engine(model, nullptr, {.max_sequences = 2, .max_tokens = 2048, .max_draft_tokens = 2});
  std::vector<int32_t> streamed;
  Request request{.prompt = prompt_of(70, 2), .max_tokens = 40, .draft_tokens = 2};
  request.end_of_text = EndOfText::is_ignored;
  request.on_delta = [&](const Delta& delta) {
    streamed.insert(streamed.end(), delta.tokens.begin(), delta.tokens.end());
  };
  const RequestId whole = engine.submit(request);
  request.on_delta = [&](const Delta& delta) { engine.cancel(delta.id); };
  const RequestId cut = engine.submit(request);
  const RequestId never_started = engine.submit(request);
  engine.cancel(never_started);
  engine.run();
  EXPECT_EQ(engine.take_result(whole)->tokens, streamed);
  EXPECT_EQ(streamed.size(), 40u);
  const auto cancelled = engine.take_result(cut);
  EXPECT_EQ(cancelled->finish_reason, FinishReason::cancelled);
  EXPECT_GE(cancelled->tokens.size(), 1u);
  EXPECT_LE(cancelled->tokens.size(), 3u);
  EXPECT_TRUE(engine.take_result(never_started)->tokens.empty());
  EXPECT_FALSE(engine.cancel(whole));
  EXPECT_EQ(engine.unfinished(), 0);
}

TEST(Engine, CallbacksMaySubmit) {
  ToyModel model(64);
  Engine engine(model, nullptr, {.max_sequences = 2, .max_tokens = 2048});
  int finished = 0;
  Request request{.prompt = {1, 2, 3}, .max_tokens = 2};
  std::function<void(const Result&)> again = [&](const Result&) {
    Request next{.prompt = {4, 5}, .max_tokens = 2};
    next.on_finish = again;
    if (++finished < 20) engine.submit(next);
  };
  request.on_finish = again;
  engine.submit(request);
  engine.run();
  EXPECT_EQ(finished, 20);
}

TEST(Engine, CountsTheTimeOfSchedulingApart) {
  ToyModel model(256);
  Engine engine(model, nullptr, {.max_sequences = 64, .max_tokens = 64 * 128});
  std::vector<Request> requests;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    Request request{.prompt = prompt_of(5, seed), .max_tokens = 100};
    request.end_of_text = EndOfText::is_ignored;
    requests.push_back(request);
  }
  generate(engine, std::move(requests));
  EXPECT_GT(engine.counters().scheduling_ms, 0);
  EXPECT_LE(engine.counters().scheduling_ms, engine.counters().step_ms);
}

}  // namespace
}  // namespace quantrial
