#include "study/run_study.h"

#include "base/error.h"
#include "study/describe_variant.h"
#include "study/evaluate_stage.h"
#include "study/examples.h"
#include "study/fidelity_stage.h"
#include "study/full_run.h"
#include "study/provenance.h"
#include "study/quantize_stage.h"
#include "study/speed_stage.h"

namespace quantrial {
namespace {

class StudyRun {
 public:
  StudyRun(StudyContext& context, const StudySelection& selection)
      : context_(context), selection_(selection) {
    for (const StudyVariant& variant : context.study.variants) {
      if (selection.variant && *selection.variant != variant.name) continue;
      variants_.push_back(&variant);
    }
  }

  void go() {
    write_provenance(context_);
    stage(Stage::quantize, [&] { quantize(); });
    describe();
    if (context_.study.fidelity) stage(Stage::fidelity, [&] { fidelity(); });
    stage(Stage::evaluate, [&] { pilot(); });
    if (context_.study.speed) stage(Stage::speed, [&] { speed(); });
    stage(Stage::evaluate, [&] { evaluate(); });
    if (!selection_.stage && !selection_.variant) estimate_full_run(context_);
  }

 private:
  // If it is wanted.
  void stage(Stage stage, const std::function<void()>& work) {
    if (selection_.stage && *selection_.stage != stage) return;
    run_stage(context_, stage, work);
  }

  // Each variant that is there; `servers`: those that are served too.
  enum class Servers : uint8_t { too, not_these };
  void for_each(Stage stage, Servers servers,
                const std::function<void(const StudyVariant&)>& work) {
    for (const StudyVariant* variant : variants_) {
      if (is_unmade(context_, *variant)) continue;
      if (servers == Servers::not_these && context_.is_served(*variant)) continue;
      attempt(context_, *variant, stage, [&] { work(*variant); });
    }
  }

  void quantize() {
    for (const StudyVariant* variant : variants_) {
      attempt(context_, *variant, Stage::quantize, [&] { quantize_variant(context_, *variant); });
    }
  }

  // A checkpoint that cannot even be looked into fails like one that cannot be made.
  void describe() {
    for (const StudyVariant* variant : variants_) {
      if (is_unmade(context_, *variant)) continue;
      attempt(context_, *variant, Stage::quantize, [&] { describe_variant(context_, *variant); });
    }
  }

  void fidelity() {
    const StudyTexts texts = fidelity_texts(context_);
    measure_noise_floor(context_, texts);
    for_each(Stage::fidelity, Servers::not_these, [&](const StudyVariant& variant) {
      if (!variant.is_base()) measure_fidelity(context_, variant, texts);
    });
  }

  const PlannedRuns& runs() {
    if (!runs_) runs_ = plan_runs(context_);
    return *runs_;
  }

  void pilot() {
    const PlannedRuns& planned = runs();
    for_each(Stage::evaluate, Servers::too,
             [&](const StudyVariant& variant) { pilot_variant(context_, variant, planned); });
  }

  void evaluate() {
    const PlannedRuns& planned = runs();
    for_each(Stage::evaluate, Servers::too,
             [&](const StudyVariant& variant) { evaluate_variant(context_, variant, planned); });
    find_examples(context_, planned);
  }

  // Rounds over all variants: what changes on the machine meanwhile meets them all.
  void speed() {
    const std::vector<FidelityText> texts = speed_texts(context_);
    for (int64_t round = 0; round < context_.study.speed->rounds; ++round) {
      for_each(Stage::speed, Servers::not_these, [&](const StudyVariant& variant) {
        measure_speed(context_, variant, texts, round);
      });
    }
  }

  StudyContext& context_;
  const StudySelection& selection_;
  std::vector<const StudyVariant*> variants_;
  std::optional<PlannedRuns> runs_;
};

}  // namespace

void run_study(StudyContext& context, const StudySelection& selection) {
  StudyRun(context, selection).go();
}

}  // namespace quantrial
