#include "study/stage.h"

#include <chrono>
#include <exception>

#include "base/interrupted.h"
#include "base/seconds_since.h"
#include "engine/usual_sampling.h"
#include "study/parts.h"

namespace quantrial {
namespace {

// Whether the two would give the same files.
bool same_recipe(const StudyVariant& a, const StudyVariant& b) {
  return a.recipe && b.recipe && as_json(*a.recipe) == as_json(*b.recipe);
}

void add_seconds(StudyContext& context, Stage stage, double seconds) {
  try {
    const std::string part = parts::seconds + name(stage);
    double before = 0;
    if (const auto there = context.measurements.find(MeasurementTable::study, "", part)) {
      before = there->value("seconds", 0.0);
    }
    context.measurements.put(MeasurementTable::study,
                             {"", part, "", {{"seconds", before + seconds}}});
  } catch (const Error&) {  // the cost is missing from the report, nothing else
  }
}

}  // namespace

void stop_if_interrupted(StudyObserver& observer) {
  if (!observer.interrupted()) return;
  throw Interrupted("interrupted; what is finished is kept, run the same command to go on");
}

std::filesystem::path StudyContext::checkpoint(const StudyVariant& variant) const {
  if (variant.source == VariantSource::base) return study.base;
  if (variant.source == VariantSource::checkpoint) return variant.checkpoint;
  for (const StudyVariant& first : study.variants) {
    if (same_recipe(first, variant)) return folder / "variants" / first.name;
  }
  return folder / "variants" / variant.name;
}

ModelChoice StudyContext::model(const StudyVariant& variant) const {
  return {.dir = checkpoint(variant),
          .activations = variant.activations,
          .nvfp4_global_scale = variant.nvfp4_global_scale,
          .head = variant.head,
          .threads = threads};
}

ModelChoice StudyContext::base() const { return {.dir = study.base, .threads = threads}; }

CalibrationSource StudyContext::calibration() const {
  CalibrationSource source{.file = study.calibration, .texts = {}, .model = study.base};
  if (source.file.empty()) source.texts = places.calibration;
  return source;
}

SamplingParameters StudyContext::base_sampling() const {
  SamplingParameters sampling = usual_sampling(read_generation_defaults(study.base));
  sampling.seed = study.seed;
  return sampling;
}

bool attempt(StudyContext& context, const StudyVariant& variant, Stage stage,
             const std::function<void()>& work) {
  const std::string part = parts::failed + name(stage);
  try {
    work();
    context.measurements.remove(MeasurementTable::variants, variant.name, part);
    return true;
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    ++context.measured;  // the report says something else
    context.observer.line(
        fmt::format("{}: {}: failed: {}", name(stage), variant.name, error.what()));
    context.measurements.put(
        MeasurementTable::variants,
        {variant.name, part, "", {{"stage", name(stage)}, {"reason", error.what()}}});
    return false;
  }
}

bool is_unmade(const StudyContext& context, const StudyVariant& variant) {
  const std::string part = parts::failed + name(Stage::quantize);
  return context.measurements.find(MeasurementTable::variants, variant.name, part).has_value();
}

void run_stage(StudyContext& context, Stage stage, const std::function<void()>& work) {
  const int64_t before = context.measured;
  const auto start = std::chrono::steady_clock::now();
  std::exception_ptr end;
  try {
    work();
  } catch (...) {
    end = std::current_exception();
  }
  const bool has_measured = context.measured != before;
  if (has_measured) add_seconds(context, stage, seconds_since(start));
  if (end) std::rethrow_exception(end);
  if (has_measured) context.observer.stored();
}

}  // namespace quantrial
