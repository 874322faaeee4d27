#include "study/fidelity_stage.h"

#include <array>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "evals/fidelity/fidelity_report.h"
#include "evals/fidelity/fidelity_texts.h"
#include "quantize/calibration.h"
#include "study/parts.h"
#include "study/text_overlap.h"
#include "tensor/file_in_progress.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* traces_file = "traces.jsonl";

// Counts up to `total` of `what`.
std::function<void(int64_t)> counter(StudyContext& context, int64_t total, std::string what) {
  return [&context, total, what = std::move(what), done = int64_t{0}](int64_t more) mutable {
    done += more;
    stop_if_interrupted(context.observer);
    context.observer.progress(static_cast<double>(done) / static_cast<double>(total), what);
  };
}

// Writes traces.jsonl, unless it holds the traces of this base and plan.
void make_traces(StudyContext& context, const FidelityPlan& plan) {
  const std::string key = Sha256::hex(ordered_json({{"base", fingerprint(context.base())},
                                                    {"traces", plan.own_traces},
                                                    {"context", plan.context},
                                                    {"seed", context.study.seed}})
                                          .dump());
  const fs::path file = context.folder / traces_file;
  if (const auto there =
          context.measurements.find(MeasurementTable::fidelity, "", parts::traces, key);
      there && fs::is_regular_file(file) &&
      Sha256::hex(read_text_file(file)) == there->at("sha256").get<std::string>()) {
    return;
  }
  const OpenModel base = open_model(context.base());
  TraceRequest request = trace_request(plan, context.places, context.study.seed);
  request.sampling = context.base_sampling();
  base.plan({.concurrency = traces_at_once, .context_tokens = plan.context});
  const std::string lines = trace_lines(
      own_traces(*base.model, base.dir, request,
                 counter(context, plan.own_traces * plan.context, "fidelity: traces of the base")));
  write_whole_file(file, lines);
  context.measurements.put(MeasurementTable::fidelity,
                           {"", parts::traces, key, {{"sha256", Sha256::hex(lines)}}});
}

// Throws for a text that holds calibration text of any recipe. What samples, length and seed draw,
// which most recipes share, is read once.
void refuse_overlap(const StudyContext& context, const ModelConfig& config,
                    std::span<const FidelityText> texts) {
  std::set<std::array<int64_t, 3>> seen;
  for (const StudyVariant& variant : context.study.variants) {
    if (!variant.recipe || !variant.recipe->needs_calibration()) continue;
    const RecipeParameters& p = variant.recipe->parameters;
    if (!seen.insert({p.samples, p.sequence_length, p.seed}).second) continue;
    const Calibration calibration = read_calibration(context.calibration(), config, p);
    const TextOverlap overlap(calibration.sequences);
    for (const FidelityText& text : texts) {
      const auto at = overlap.find(text.tokens);
      if (!at) continue;
      throw Error(
          "fidelity: {}: from token {} on it holds calibration text of variant '{}'; measure on "
          "other texts or calibrate on others",
          text.source, *at, variant.name);
    }
  }
}

void measure(StudyContext& context, const Measurement& place, const ModelChoice& choice,
             const StudyTexts& texts, DeltaRows rows) {
  if (context.measurements.has(MeasurementTable::fidelity, place)) return;
  const OpenModel base = open_model(context.base());
  const OpenModel model = open_model(choice);
  for (const OpenModel* open : {&base, &model}) {
    open->plan({.context_tokens = longest(texts.texts)});
  }
  const std::vector<TokenFidelity> tokens = compare_models(
      {*base.model, context.study.base.string()}, {*model.model, choice.dir.string(), rows},
      texts.texts, context.base_sampling(), context.pool,
      counter(context, predicted_tokens(texts.texts),
              fmt::format("fidelity {}", place.variant.empty() ? "noise floor" : place.variant)));
  FidelityReport report{.model = choice.dir.string(),
                        .base = context.study.base.string(),
                        .texts = texts.description,
                        .precision = "native",
                        .sampling = context.base_sampling(),
                        .fidelity = break_down(tokens)};
  ++context.measured;
  Measurement found = place;
  found.data = fidelity_json(report).at("fidelity");
  found.data["texts"] = texts.description;
  context.measurements.put(MeasurementTable::fidelity, found);
}

}  // namespace

FidelityPlan traces_plan(FidelityPlan plan) {
  if (plan.own_traces == 0) plan.own_traces = FidelityPlan().own_traces;
  return plan;
}

TraceRequest trace_request(const FidelityPlan& plan, const StudyPlaces& places, uint64_t seed) {
  return {.questions = question_files(places.benchmarks / "reference"),
          .traces = plan.own_traces,
          .max_tokens = plan.context,
          .seed = seed,
          .sampling = {}};
}

// Traces and texts have half of the tokens each, where there are both.
StudyTexts fidelity_texts(StudyContext& context) {
  const FidelityPlan& plan = *context.study.fidelity;
  const ModelConfig config = read_model_config(context.study.base);
  StudyTexts result;
  FidelityLimits limits{.tokens = plan.tokens, .context = plan.context};
  const auto add = [&](std::span<const fs::path> files, const std::string& description) {
    std::vector<FidelityText> more = read_fidelity_texts(files, context.study.base, config, limits);
    limits.tokens = plan.tokens - predicted_tokens(more);
    std::move(more.begin(), more.end(), std::back_inserter(result.texts));
    result.description += (result.description.empty() ? "" : ", ") + description;
  };
  if (plan.own_traces > 0) {
    make_traces(context, plan);
    if (!plan.texts.empty()) limits.tokens /= 2;
    add(std::vector{context.folder / traces_file},
        fmt::format("{} traces of the base, seed {}", plan.own_traces, context.study.seed));
  }
  if (!plan.texts.empty()) {
    std::vector<std::string> names;
    for (const fs::path& text : plan.texts) names.push_back(text.filename().string());
    add(plan.texts, fmt::format("{}", fmt::join(names, ", ")));
  }
  refuse_overlap(context, config, result.texts);
  result.key = tokens_sha256(result.texts);
  return result;
}

std::vector<FidelityText> own_traces_of_base(StudyContext& context, int64_t tokens) {
  FidelityPlan plan = traces_plan(context.study.fidelity.value_or(FidelityPlan()));
  const ModelConfig config = read_model_config(context.study.base);
  plan.context = std::min(plan.context, config.max_position_embeddings);
  make_traces(context, plan);
  return read_fidelity_texts(std::vector{context.folder / traces_file}, context.study.base, config,
                             {.tokens = tokens, .context = plan.context});
}

void measure_noise_floor(StudyContext& context, const StudyTexts& texts) {
  ModelChoice other = context.base();
  other.precision = Precision::fp32;
  const std::string key = Sha256::hex(texts.key + fingerprint(context.base()) + fingerprint(other));
  measure(context, {"", parts::noise_floor, key}, other, texts, DeltaRows::one_by_one);
}

void measure_fidelity(StudyContext& context, const StudyVariant& variant, const StudyTexts& texts) {
  const ModelChoice choice = context.model(variant);
  const std::string key =
      Sha256::hex(texts.key + fingerprint(context.base()) + fingerprint(choice));
  measure(context, {variant.name, "", key}, choice, texts, DeltaRows::in_chunks);
}

}  // namespace quantrial
