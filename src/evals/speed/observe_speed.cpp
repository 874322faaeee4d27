#include "evals/speed/observe_speed.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "base/seconds_since.h"

namespace quantrial {
namespace {

// The most steps that an engine takes until it has run all prompts: sequences that decode leave at
// least one chunk of a step, or every other step where it has no room for both.
int64_t prompt_steps(const SpeedCell& cell, int64_t max_batch_tokens) {
  const int64_t decode_rows = cell.concurrency * (1 + cell.draft_tokens);
  const int64_t chunks = std::max<int64_t>(1, (max_batch_tokens - decode_rows) / delta_chunk);
  const int64_t turns = max_batch_tokens < 2 * delta_chunk ? 2 : 1;
  return turns * cell.concurrency * (cell.prompt_tokens / (chunks * delta_chunk) + 3);
}

// The most tokens that a request generates while it waits for the others, with some to spare.
int64_t output_limit(const SpeedLoad& load, int64_t max_batch_tokens) {
  return (load.output_tokens + prompt_steps(load.cell, max_batch_tokens)) *
             (1 + load.cell.draft_tokens) +
         8;
}

class SpeedRun {
 public:
  SpeedRun(Model& model, const EngineOptions& options, const SpeedLoad& load,
           std::span<const std::vector<int32_t>> prompts, std::function<void()> between_steps)
      : model_(model),
        load_(load),
        prompts_(prompts),
        engine_(model, nullptr, options),
        between_steps_(std::move(between_steps)),
        watched_(prompts.size()) {}

  SpeedObservation run() {
    SpeedObservation o{.cell = load_.cell, .output_tokens = load_.output_tokens};
    start_ = std::chrono::steady_clock::now();
    std::vector<RequestId> ids;
    for (size_t i = 0; i < prompts_.size(); ++i) ids.push_back(engine_.submit(request(i)));
    o.prefill = phase([&] { return started_ < watched_.size(); });
    o.prefill.tokens = load_.cell.concurrency * load_.cell.prompt_tokens;
    const int64_t before = engine_.counters().generated_tokens;
    const int64_t wanted = load_.cell.concurrency * load_.output_tokens;
    o.decode = phase([&] {
      return done_ < watched_.size() || engine_.counters().generated_tokens - before < wanted;
    });
    for (const RequestId id : ids) engine_.cancel(id);
    engine_.run();
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::optional<Result> result = engine_.take_result(ids[i]);
      require(result.has_value(), "observe_speed: every request ended");
      o.requests.push_back(timed(i, *result));
    }
    return o;
  }

 private:
  struct Watched {
    TimedRequest times;
    int64_t tokens = 0;
    DraftLog drafts;
  };

  Request request(size_t number) {
    Watched& watched = watched_[number];
    Request request;
    request.prompt = prompts_[number];
    request.sampling = load_.sampling;
    request.sampling.seed += number;
    request.max_tokens = output_limit(load_, model_.options().max_batch_tokens);
    request.end_of_text = EndOfText::is_ignored;
    request.draft_tokens = load_.cell.draft_tokens;
    request.on_delta = [this, &watched](const Delta& delta) {
      count(watched, delta.tokens.size());
    };
    request.on_draft_round = [&watched](const DraftRound& round) { watched.drafts.add(round); };
    return request;
  }

  void count(Watched& watched, size_t tokens) {
    const double now_ms = 1000 * seconds_since(start_);
    if (watched.tokens == 0) {
      watched.times.ttft_ms = now_ms;
      ++started_;
    }
    watched.tokens += static_cast<int64_t>(tokens);
    if (watched.times.tokens > 0 || watched.tokens < load_.output_tokens) return;
    watched.times.tokens = watched.tokens;
    watched.times.e2e_ms = now_ms;
    ++done_;
  }

  // Steps while `goes_on()`.
  template <typename GoesOn>
  TimedPhase phase(GoesOn goes_on) {
    const EngineCounters before = engine_.counters();
    const auto start = std::chrono::steady_clock::now();
    while (goes_on()) {
      between_steps_();
      if (!engine_.step()) {
        throw Error(
            "speed: {} sequences with prompts of {} tokens ended before all had {} tokens; use "
            "another concurrency or length",
            load_.cell.concurrency, load_.cell.prompt_tokens, load_.output_tokens);
      }
    }
    return {.seconds = seconds_since(start),
            .tokens = engine_.counters().generated_tokens - before.generated_tokens,
            .steps = engine_.counters().steps - before.steps};
  }

  TimedRequest timed(size_t number, const Result& result) const {
    const Watched& watched = watched_[number];
    TimedRequest request = watched.times;
    request.shared_prompt_tokens = result.shared_prompt_tokens;
    request.drafts = watched.drafts.groups(prompts_[number], result.tokens, load_.tags,
                                           model_.config().eos_token_ids);
    return request;
  }

  Model& model_;
  const SpeedLoad& load_;
  std::span<const std::vector<int32_t>> prompts_;
  Engine engine_;
  std::function<void()> between_steps_;
  std::vector<Watched> watched_;
  size_t started_ = 0, done_ = 0;
  std::chrono::steady_clock::time_point start_;
};

// Tokens that stand before the reply.
int64_t prompt_part(const FidelityText& text, int64_t prompt_tokens) {
  const auto all = static_cast<int64_t>(text.tokens.size());
  const int64_t part = prompt_length(text);
  return part > 0 && part < all ? part : std::min(prompt_tokens, all);
}

}  // namespace

MemoryWish memory_wish(const SpeedLoad& load, int64_t max_batch_tokens) {
  return {.concurrency = load.cell.concurrency,
          .context_tokens = load.cell.prompt_tokens + output_limit(load, max_batch_tokens),
          .draft_tokens = load.cell.draft_tokens};
}

SpeedObservation observe_speed(Model& model, const EngineOptions& engine, const SpeedLoad& load,
                               std::span<const std::vector<int32_t>> prompts,
                               const std::function<void()>& between_steps) {
  require(load.output_tokens >= 1, "observe_speed: output to wait for");
  require(static_cast<int64_t>(prompts.size()) == load.cell.concurrency,
          "observe_speed: a prompt for each request");
  return SpeedRun(model, engine, load, prompts, between_steps).run();
}

std::vector<std::vector<int32_t>> speed_prompts(std::span<const FidelityText> texts,
                                                int64_t prompt_tokens, int64_t first,
                                                int64_t count) {
  require(!texts.empty() && prompt_tokens > 0, "speed_prompts: texts, and tokens to take");
  const auto n = static_cast<int64_t>(texts.size());
  std::vector<std::vector<int32_t>> prompts;
  for (int64_t k = first; k < first + count; ++k) {
    const FidelityText& last = texts[static_cast<size_t>(k % n)];
    const int64_t part = prompt_part(last, prompt_tokens);
    std::vector<int32_t> reversed(std::make_reverse_iterator(last.tokens.begin() + part),
                                  last.tokens.rend());
    for (int64_t before = k + n - 1 - k / n; static_cast<int64_t>(reversed.size()) < prompt_tokens;
         before += n - 1) {
      const FidelityText& text = texts[static_cast<size_t>(before % n)];
      reversed.insert(reversed.end(), text.tokens.rbegin(), text.tokens.rend());
    }
    reversed.resize(static_cast<size_t>(prompt_tokens));
    prompts.emplace_back(reversed.rbegin(), reversed.rend());
  }
  return prompts;
}

std::vector<std::vector<int32_t>> random_prompts(const SpeedCell& cell, int64_t vocabulary,
                                                 uint64_t first_seed) {
  std::vector<std::vector<int32_t>> prompts(static_cast<size_t>(cell.concurrency));
  for (size_t i = 0; i < prompts.size(); ++i) {
    for (int64_t t = 0; t < cell.prompt_tokens; ++t) {
      const uint32_t word = philox(first_seed + i, static_cast<uint64_t>(t))[0];
      prompts[i].push_back(static_cast<int32_t>(word % static_cast<uint32_t>(vocabulary)));
    }
  }
  return prompts;
}

}  // namespace quantrial
