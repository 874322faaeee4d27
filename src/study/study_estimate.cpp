#include "study/study_estimate.h"

#include <algorithm>

#include "base/error.h"
#include "evals/speed/observe_speed.h"
#include "quantize/memory_estimate.h"
#include "quantize/time_estimate.h"

namespace quantrial {
namespace {

constexpr int64_t assumed_reply_tokens = 4000;
constexpr int64_t assumed_prompt_tokens = 200;
constexpr double assumed_trace_share = 0.25;  // of the context that a trace may fill

// How fast the base runs here.
struct EngineRates {
  double prefill = 0, decode = 0, decode_alone = 0;  // tokens a second; decode: at the concurrency
};

SpeedObservation observe(const OpenModel& base, int64_t concurrency) {
  const SpeedLoad load{.cell = {.concurrency = concurrency, .prompt_tokens = 64},
                       .output_tokens = 24};
  const MemoryPlan plan = base.plan(memory_wish(load, base.model->options().max_batch_tokens));
  const auto prompts = random_prompts(load.cell, base.model->config().vocab_size, 0);
  return observe_speed(*base.model, plan.engine, load, prompts, [] {});
}

EngineRates measure_engine(const Study& study, ThreadPool& pool) {
  if (study.base.empty()) return {};
  const OpenModel base = open_model({.dir = study.base, .threads = pool.size()});
  const SpeedObservation together = observe(base, study.concurrency);
  const SpeedObservation alone = observe(base, 1);
  return {together.prefill.tokens_per_s(), together.decode.tokens_per_s(),
          alone.decode.tokens_per_s()};
}

class Estimator {
 public:
  Estimator(const Study& study, const StudyPlaces& places, ThreadPool& pool)
      : study_(study), places_(places), pool_(pool), rates_(measure_engine(study, pool)) {}

  StudyEstimate estimate() {
    for (const StudyVariant& variant : study_.variants) quantize(variant);
    if (study_.fidelity) {
      for (const StudyVariant& variant : study_.variants) fidelity(variant);
    }
    for (const StudyVariant& variant : study_.variants) evaluate(variant);
    if (study_.speed) {
      for (const StudyVariant& variant : study_.variants) speed(variant);
    }
    return std::move(result_);
  }

 private:
  bool is_local(const StudyVariant& variant) const {
    return variant.source != VariantSource::endpoint;
  }

  void quantize(const StudyVariant& variant) {
    if (!variant.recipe) return;
    const std::string spelled = as_json(*variant.recipe).dump();
    if (std::find(made_.begin(), made_.end(), spelled) != made_.end()) return;
    made_.push_back(spelled);
    const Checkpoint base(study_.base);
    const Plan plan = make_plan(base, *variant.recipe);
    result_.stages.push_back(
        {.stage = Stage::quantize,
         .variant = variant.name,
         .seconds = estimate_seconds(work_of(plan), measure_rates(*variant.recipe, pool_)),
         .disk_bytes = plan.bytes_after,
         .memory_bytes = estimate_memory(plan, available_memory_bytes()).bytes});
  }

  void fidelity(const StudyVariant& variant) {
    const FidelityPlan& plan = *study_.fidelity;
    StageEstimate stage{.stage = Stage::fidelity, .variant = variant.name, .tokens = plan.tokens};
    if (&variant == &study_.reference()) {  // the traces and the noise floor
      stage.seconds =
          assumed_trace_share * static_cast<double>(plan.own_traces * plan.context) / rates_.decode;
    } else if (!is_local(variant) || variant.is_base()) {
      return;
    }
    stage.seconds += 2 * static_cast<double>(plan.tokens) / rates_.prefill;
    result_.stages.push_back(stage);
  }

  // Prompt and reply tokens of all samples of a variant.
  std::pair<int64_t, int64_t> samples_tokens() {
    if (sample_tokens_) return *sample_tokens_;
    int64_t prompt = 0, reply = 0;
    for (const std::string& name : study_.benchmarks) {
      const Benchmark benchmark =
          read_benchmark(name, {places_.benchmarks, study_.benchmark_files, {}});
      auto questions = static_cast<int64_t>(benchmark.questions.size());
      if (const auto limit = study_.limit.at(name)) questions = std::min(questions, *limit);
      int64_t expected = benchmark.expected_tokens;
      if (expected == 0) {
        expected = assumed_reply_tokens;
        result_.assumptions.push_back(fmt::format("{}: {} tokens a reply", name, expected));
      }
      const int64_t samples = questions * study_.samples.at(name);
      prompt += samples * assumed_prompt_tokens;
      reply += samples * expected;
    }
    const int64_t columns = study_.thinking == ThinkingWish::both ? 2 : 1;
    sample_tokens_ = {columns * prompt, columns * reply};
    return *sample_tokens_;
  }

  void evaluate(const StudyVariant& variant) {
    const auto [prompt, reply] = samples_tokens();
    StageEstimate stage{.stage = Stage::evaluate, .variant = variant.name, .tokens = reply};
    if (rates_.decode > 0) {
      stage.seconds =
          static_cast<double>(prompt) / rates_.prefill + static_cast<double>(reply) / rates_.decode;
    }
    result_.stages.push_back(stage);
  }

  void speed(const StudyVariant& variant) {
    if (!is_local(variant)) return;
    const SpeedPlan& plan = *study_.speed;
    StageEstimate stage{.stage = Stage::speed, .variant = variant.name};
    const auto rounds = static_cast<double>(plan.rounds + 1);  // and a warm-up
    for (const int64_t prompt : plan.prompt_tokens) {
      for (const int64_t concurrency : plan.concurrency) {
        for (size_t i = 0; i < plan.draft_tokens.size(); ++i) {
          const int64_t tokens = concurrency * plan.output_tokens;
          const double decode = concurrency == 1 ? rates_.decode_alone : rates_.decode;
          stage.seconds += rounds * (static_cast<double>(concurrency * prompt) / rates_.prefill +
                                     static_cast<double>(tokens) / decode);
          stage.tokens += static_cast<int64_t>(rounds) * tokens;
        }
      }
    }
    result_.stages.push_back(stage);
  }

  const Study& study_;
  const StudyPlaces& places_;
  ThreadPool& pool_;
  EngineRates rates_;
  std::vector<std::string> made_;
  std::optional<std::pair<int64_t, int64_t>> sample_tokens_;
  StudyEstimate result_;
};

std::string shown_bytes(int64_t bytes) {
  if (bytes == 0) return "-";
  const double b = static_cast<double>(bytes);
  return b < 1e9 ? fmt::format("{:.1f} MB", b * 1e-6) : fmt::format("{:.2f} GB", b * 1e-9);
}

}  // namespace

double StudyEstimate::seconds() const {
  double sum = 0;
  for (const StageEstimate& stage : stages) sum += stage.seconds;
  return sum;
}

double StudyEstimate::seconds(Stage of) const {
  double sum = 0;
  for (const StageEstimate& stage : stages) sum += stage.stage == of ? stage.seconds : 0;
  return sum;
}

StudyEstimate estimate_study(const Study& study, const StudyPlaces& places, ThreadPool& pool) {
  return Estimator(study, places, pool).estimate();
}

std::string estimate_table(const Study& study, const StudyEstimate& estimate) {
  std::string text = fmt::format("study {}: {} variants, {} benchmarks{}\n\n", study.name,
                                 study.variants.size(), study.benchmarks.size(),
                                 study.base.empty() ? "" : ", base " + study.base.string());
  size_t width = 7;
  for (const StudyVariant& v : study.variants) width = std::max(width, v.name.size());
  text += fmt::format("{:<10} {:<{}} {:>9} {:>10} {:>10} {:>12}\n", "stage", "variant", width,
                      "time", "disk", "memory", "tokens");
  for (const StageEstimate& s : estimate.stages) {
    text +=
        fmt::format("{:<10} {:<{}} {:>9} {:>10} {:>10} {:>12}\n", name(s.stage), s.variant, width,
                    rough_time(s.seconds), shown_bytes(s.disk_bytes), shown_bytes(s.memory_bytes),
                    s.tokens == 0 ? "-" : std::to_string(s.tokens));
  }
  text += "\n";
  for (size_t i = 0; i < stage_names.size(); ++i) {
    text += fmt::format("{:<10} {}\n", stage_names[i],
                        rough_time(estimate.seconds(static_cast<Stage>(i))));
  }
  text += fmt::format("{:<10} about {} on this machine; what is stored already is not done again\n",
                      "in all", rough_time(estimate.seconds()));
  for (const std::string& assumption : estimate.assumptions) {
    text += fmt::format("assumed: {}\n", assumption);
  }
  return text;
}

}  // namespace quantrial
