#include "study/quantize_stage.h"

#include <map>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/seconds_since.h"
#include "base/sha256.h"
#include "study/parts.h"
#include "tensor/fingerprint.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// Of the texts that calibration reads.
std::string calibration_hash(const StudyContext& context) {
  if (!context.study.calibration.empty()) {
    return Sha256::hex(read_text_file(context.study.calibration));
  }
  std::map<std::string, std::string> texts;
  for (const auto& entry : fs::directory_iterator(context.places.calibration)) {
    if (!entry.is_regular_file()) continue;
    texts[entry.path().filename().string()] = Sha256::hex(read_text_file(entry.path()));
  }
  return Sha256::hex(ordered_json(texts).dump());
}

std::string making_key(const StudyContext& context, const StudyVariant& variant) {
  ordered_json of = {{"recipe", as_json(*variant.recipe)},
                     {"base", fingerprint(Checkpoint(context.study.base))}};
  if (variant.recipe->needs_calibration()) of["calibration"] = calibration_hash(context);
  return Sha256::hex(of.dump());
}

class Watcher final : public QuantizeObserver {
 public:
  Watcher(StudyObserver& observer, std::string what)
      : observer_(observer), what_(std::move(what)) {}
  void progress(double done, const std::string& what) override {
    stop_if_interrupted(observer_);
    observer_.progress(done, what_ + ": " + what);
  }
  void line(const std::string&) override {}  // quantization.json holds the log

 private:
  StudyObserver& observer_;
  std::string what_;
};

// What lies in the study's own folder and is not of `key` is made anew.
PartialFolder::Start make_way(StudyContext& context, const StudyVariant& variant,
                              const std::string& key, const fs::path& out) {
  const MeasurementTable table = MeasurementTable::variants;
  const fs::path partial = out.string() + ".partial";
  fs::remove_all(out);
  context.measurements.remove(table, variant.name, parts::made);
  if (fs::exists(partial) && context.measurements.find(table, variant.name, parts::begun, key)) {
    return PartialFolder::Start::resume;
  }
  fs::remove_all(partial);
  context.measurements.put(table, {variant.name, parts::begun, key, ordered_json::object()});
  return PartialFolder::Start::fresh;
}

}  // namespace

void quantize_variant(StudyContext& context, const StudyVariant& variant) {
  if (variant.source != VariantSource::recipe) return;
  const fs::path out = context.checkpoint(variant);
  if (out.filename() != variant.name) return;  // made as another variant's
  const std::string key = making_key(context, variant);
  if (context.measurements.find(MeasurementTable::variants, variant.name, parts::made, key) &&
      fs::is_directory(out)) {
    return;
  }
  fs::create_directories(out.parent_path());
  QuantizeJob job;
  job.start = make_way(context, variant, key, out);
  job.model = context.study.base;
  job.out = out;
  job.recipe = *variant.recipe;
  if (job.recipe.needs_calibration()) job.calibration = context.calibration();
  const auto start = std::chrono::steady_clock::now();
  Watcher watcher(context.observer, fmt::format("quantize {}", variant.name));
  quantize_checkpoint(job, context.pool, watcher);
  const double seconds = seconds_since(start);
  ++context.measured;
  context.measurements.put(MeasurementTable::variants,
                           {variant.name, parts::made, key, {{"seconds", seconds}}});
  context.observer.line(fmt::format("quantize: {}: made in {:.1f} s", variant.name, seconds));
}

}  // namespace quantrial
