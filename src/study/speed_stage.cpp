#include "study/speed_stage.h"

#include <algorithm>

#include "base/error.h"
#include "base/sha256.h"
#include "evals/fidelity/fidelity_texts.h"
#include "evals/speed/memory_observation.h"
#include "evals/speed/observe_replies.h"
#include "evals/speed/observe_speed.h"
#include "evals/speed/offline_acceptance.h"
#include "study/fidelity_stage.h"
#include "study/parts.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// Enough of the traces for prompts that differ.
constexpr int64_t text_tokens = 1 << 20;
// On which drafts are predicted.
constexpr int64_t offline_tokens = 8192;

std::vector<SpeedCell> cells(const SpeedPlan& plan, bool has_mtp) {
  std::vector<SpeedCell> all;
  for (const int64_t prompt : plan.prompt_tokens) {
    for (const int64_t concurrency : plan.concurrency) {
      for (const int64_t drafts : plan.draft_tokens) {
        if (drafts == 0 || has_mtp) all.push_back({concurrency, prompt, drafts});
      }
    }
  }
  return all;
}

std::string part_of(const SpeedCell& cell, int64_t round) {
  return fmt::format("{}{}: {} sequences, prompt {}, drafts {}", parts::round, round,
                     cell.concurrency, cell.prompt_tokens, cell.draft_tokens);
}

// All that a cell's figures depend on but the machine.
std::string cell_key(const StudyContext& context, const ModelChoice& choice,
                     const std::vector<FidelityText>& texts) {
  return Sha256::hex(fmt::format("{} {} {} {} {}", fingerprint(choice), tokens_sha256(texts),
                                 context.study.speed->output_tokens, context.study.seed,
                                 context.pool.size()));
}

// A model opened for one round.
class Round {
 public:
  Round(StudyContext& context, const StudyVariant& variant, const std::vector<FidelityText>& texts,
        int64_t number)
      : context_(context),
        variant_(variant),
        texts_(texts),
        number_(number),
        key_(cell_key(context, context.model(variant), texts)) {}

  void run() {
    if (number_ == 0) {
      remember_memory();
      predict_acceptance();
      count_drafts_of_replies();
    }
    const SpeedPlan& plan = *context_.study.speed;
    std::vector<SpeedCell> missing;
    for (const SpeedCell& cell : cells(plan, true)) {
      if (!is_there(cell)) missing.push_back(cell);
    }
    if (missing.empty()) return;
    const OpenModel open = open_model(context_.model(variant_));
    const ThinkingTags tags = thinking_tags(Tokenizer::load(open.dir));
    for (const SpeedCell& cell : cells(plan, open.model->has_mtp())) {
      if (!is_there(cell)) measure(open, tags, cell);
    }
  }

 private:
  bool is_there(const SpeedCell& cell) const {
    return context_.measurements.has(MeasurementTable::speed,
                                     {variant_.name, part_of(cell, number_), key_});
  }

  // Observes the variant's model, opened for it alone, unless that is there; what has nothing to
  // observe keeps nothing.
  using Observe = std::function<std::optional<ordered_json>(const OpenModel&)>;
  void observe_once(MeasurementTable table, Measurement place, const Observe& observe) {
    if (context_.measurements.has(table, place)) return;
    std::optional<ordered_json> seen = observe(open_model(context_.model(variant_)));
    if (!seen) return;
    ++context_.measured;
    place.data = std::move(*seen);
    context_.measurements.put(table, place);
  }

  // With the heaviest load of the study.
  void remember_memory() {
    const SpeedPlan& plan = *context_.study.speed;
    const int64_t concurrency = largest(plan.concurrency), prompt = largest(plan.prompt_tokens),
                  drafts = largest(plan.draft_tokens);
    ResidentGrowth growth;  // before the model is opened
    observe_once(MeasurementTable::memory,
                 {variant_.name, "", fmt::format("{} {} {} {}", key_, concurrency, prompt, drafts)},
                 [&](const OpenModel& open) {
                   const MemoryLoad load{.concurrency = concurrency,
                                         .context_tokens = prompt + plan.output_tokens,
                                         .draft_tokens = open.model->has_mtp() ? drafts : 0};
                   open.plan({.concurrency = load.concurrency,
                              .context_tokens = load.context_tokens,
                              .draft_tokens = load.draft_tokens});
                   MemoryObservation seen = observe_memory(*open.model, open.backend->kv_dtype(),
                                                           load, growth, [&] { watch("memory"); });
                   seen.weights = weights_by_class(take_inventory(open.dir));
                   return to_json(seen);
                 });
  }

  // What the MTP head's drafts are worth by their logits, beside what the rounds will count.
  void predict_acceptance() {
    observe_once(MeasurementTable::speed, {variant_.name, parts::offline, key_},
                 [&](const OpenModel& open) -> std::optional<ordered_json> {
                   if (!open.model->has_mtp()) return std::nullopt;
                   const std::vector<FidelityText> texts =
                       limited(texts_, {.tokens = offline_tokens, .context = longest(texts_)});
                   open.plan({.context_tokens = longest(texts)});
                   return to_json(offline_acceptance(
                       {*open.model, variant_.name}, texts, context_.base_sampling(), context_.pool,
                       [&](int64_t) { watch("drafts by their logits"); }));
                 });
  }

  // Drafts on replies of natural length, for acceptance by context and segment.
  void count_drafts_of_replies() {
    const int64_t concurrency = largest(context_.study.speed->concurrency);
    observe_once(
        MeasurementTable::speed,
        {variant_.name, parts::replies, fmt::format("{} {}", key_, concurrency)},
        [&](const OpenModel& open) -> std::optional<ordered_json> {
          if (!open.model->has_mtp()) return std::nullopt;
          const MemoryPlan plan = open.plan(
              {.concurrency = concurrency, .context_tokens = longest(texts_), .draft_tokens = 1});
          const ReplyLoad load{.concurrency = concurrency,
                               .draft_tokens = 1,
                               .sampling = context_.base_sampling(),
                               .tags = thinking_tags(Tokenizer::load(open.dir))};
          return to_json(observe_replies(*open.model, plan.engine, load, reply_prompts(texts_),
                                         [&] { watch("drafts of replies"); }));
        });
  }

  static int64_t largest(const std::vector<int64_t>& of) {
    return *std::max_element(of.begin(), of.end());
  }

  void watch(const std::string& what) const {
    stop_if_interrupted(context_.observer);
    context_.observer.progress(
        static_cast<double>(number_) / static_cast<double>(context_.study.speed->rounds),
        fmt::format("speed {}: {}", variant_.name, what));
  }

  // The first round is run once before, as a warm-up that is dropped.
  void measure(const OpenModel& open, const ThinkingTags& tags, const SpeedCell& cell) {
    const int64_t first = number_ * cell.concurrency;
    SpeedLoad load{.cell = cell,
                   .output_tokens = context_.study.speed->output_tokens,
                   .sampling = context_.base_sampling(),
                   .tags = tags};
    load.sampling.seed += static_cast<uint64_t>(first);
    const MemoryPlan plan = open.plan(memory_wish(load, open.model->options().max_batch_tokens));
    const auto prompts = speed_prompts(texts_, cell.prompt_tokens, first, cell.concurrency);
    const auto watching = [&] { watch(part_of(cell, number_ + 1)); };
    if (number_ == 0) observe_speed(*open.model, plan.engine, load, prompts, watching);
    SpeedObservation seen = observe_speed(*open.model, plan.engine, load, prompts, watching);
    seen.round = number_;
    ++context_.measured;
    context_.measurements.put(MeasurementTable::speed,
                              {variant_.name, part_of(cell, number_), key_, to_json(seen)});
  }

  StudyContext& context_;
  const StudyVariant& variant_;
  const std::vector<FidelityText>& texts_;
  int64_t number_;
  std::string key_;
};

}  // namespace

std::vector<FidelityText> speed_texts(StudyContext& context) {
  return own_traces_of_base(context, text_tokens);
}

void measure_speed(StudyContext& context, const StudyVariant& variant,
                   const std::vector<FidelityText>& texts, int64_t round) {
  Round(context, variant, texts, round).run();
}

}  // namespace quantrial
