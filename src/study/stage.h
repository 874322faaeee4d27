// What the stages of a study share: the study, its folder and stores, and who watches.
//
// A stage works on one variant at a time. What it measured stands in the store under a key, a hash
// of all that it depends on; it does nothing where that key is there. A variant that fails is
// reported and left out of what builds on it; the others go on.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/thread_pool.h"
#include "evals/measurement_store.h"
#include "evals/sample_store.h"
#include "quantize/quantizer.h"
#include "study/study.h"

namespace quantrial {

enum class Stage : uint8_t { quantize, fidelity, evaluate, speed };
inline constexpr std::array<std::string_view, 4> stage_names = {"quantize", "fidelity", "evaluate",
                                                                "speed"};
inline std::string name(Stage stage) {
  return std::string(stage_names.at(static_cast<size_t>(stage)));
}

// Who watches a study, and may end it: soon after interrupted() says so; what is finished is kept.
class StudyObserver {
 public:
  virtual ~StudyObserver() = default;
  virtual void line(const std::string& text) = 0;  // of the log
  // `done` from 0 to 1 of `what`: "evaluate nvfp4". Called often.
  virtual void progress(double done, const std::string& what) = 0;
  virtual bool interrupted() = 0;  // from any thread
  virtual void stored() = 0;       // figures have changed: a stage is over
};

// Throws Interrupted, as run_study() does, when the observer wishes the study to end.
void stop_if_interrupted(StudyObserver& observer);

// The key for servers of `variable` (an environment variable, without one the usual), which only
// the commands read.
using ApiKey = std::function<std::string(const std::optional<std::string>& variable)>;

struct StudyContext {
  const Study& study;
  const StudyPlaces& places;
  std::filesystem::path folder;
  int threads = 0;
  ThreadPool& pool;
  ApiKey api_key;
  SampleStore& samples;
  MeasurementStore& measurements;
  StudyObserver& observer;
  int64_t measured = 0;  // things made, measured or asked in this run

  bool is_served(const StudyVariant& v) const { return v.source == VariantSource::endpoint; }
  // Where the weights of a local variant are, or will be once they are made: two variants of one
  // recipe share the folder of the first.
  std::filesystem::path checkpoint(const StudyVariant& variant) const;
  ModelChoice model(const StudyVariant& variant) const;
  // The base as it is stored.
  ModelChoice base() const;
  // The texts of every recipe that needs some, read as the base reads them.
  CalibrationSource calibration() const;
  // As the base's own configuration says, with the study's seed.
  SamplingParameters base_sampling() const;
};

// Runs `work` for a variant; an Error becomes its failure at that stage, to be seen in the report
// (Interrupted passes). True: it went well.
bool attempt(StudyContext& context, const StudyVariant& variant, Stage stage,
             const std::function<void()>& work);
// Whether the variant's checkpoint could not be made.
bool is_unmade(const StudyContext& context, const StudyVariant& variant);

// Runs a whole stage. If it measured something, its seconds are added to what the study says of the
// stage's cost, and the observer hears of new figures unless the work threw.
void run_stage(StudyContext& context, Stage stage, const std::function<void()>& work);

}  // namespace quantrial
