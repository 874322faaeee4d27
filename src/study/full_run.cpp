#include "study/full_run.h"

#include "base/sha256.h"
#include "study/parts.h"
#include "study/study_estimate.h"

namespace quantrial {
namespace {

double seconds_of(const StudyContext& context, Stage stage) {
  const auto seen =
      context.measurements.find(MeasurementTable::study, "", parts::seconds + name(stage));
  return seen ? seen->value("seconds", 0.0) : 0;
}

}  // namespace

void estimate_full_run(StudyContext& context) {
  if (context.study.full_run.empty()) return;
  const Study full = read_study(study_file(context.study.full_run, context.places), context.places);
  const std::string key = Sha256::hex(as_json(full).dump() + as_json(context.study).dump());
  const Measurement place{"", parts::full_run, key};
  if (context.measurements.has(MeasurementTable::study, place)) return;
  const StudyEstimate all = estimate_study(full, context.places, context.pool);
  const StudyEstimate here = estimate_study(context.study, context.places, context.pool);
  double seconds = 0;
  for (size_t i = 0; i < stage_names.size(); ++i) {
    const auto stage = static_cast<Stage>(i);
    if (here.seconds(stage) > 0) {
      seconds += seconds_of(context, stage) * all.seconds(stage) / here.seconds(stage);
    }
  }
  int64_t tokens = 0;
  for (const StageEstimate& s : all.stages) tokens += s.stage == Stage::evaluate ? s.tokens : 0;
  Measurement found = place;
  found.data = {{"description",
                 fmt::format("{}: {} variants, about {:.1f} million tokens to "
                             "generate",
                             full.name, full.variants.size(), static_cast<double>(tokens) * 1e-6)},
                {"seconds", seconds}};
  context.measurements.put(MeasurementTable::study, found);
}

}  // namespace quantrial
