#include "study/study_results.h"

#include <algorithm>

#include "base/utf8.h"
#include "evals/results.h"
#include "evals/speed/memory_figures.h"
#include "evals/speed/natural_latency.h"
#include "evals/speed/offline_acceptance.h"
#include "evals/speed/speed_figures.h"
#include "evals/thinking.h"
#include "study/fidelity_figures.h"
#include "study/findings.h"
#include "study/macro_figures.h"
#include "study/parts.h"
#include "study/stage.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

class Results {
 public:
  Results(const SampleStore& samples, const MeasurementStore& measurements)
      : samples_(samples), measurements_(measurements) {}

  ordered_json all() {
    const ordered_json settings = part(MeasurementTable::study, "", parts::settings);
    const ordered_json not_run = part(MeasurementTable::study, "", not_run_part);
    if (settings.is_null()) {  // a folder of `eval`
      ordered_json results = evaluation_results(samples_, {});
      if (!not_run.is_null() && !not_run.empty()) results["not_run"] = not_run;
      return results;
    }
    study_ = settings.at("study");
    const ResultOptions options = options_of(settings.at("reference"));
    ordered_json results = evaluation_results(samples_, options);
    results["study"] = about_study(settings);
    results["variants"] = variants(results.at("variants"));
    const ordered_json kl = kl_against_accuracy(results.at("variants"));
    if (!kl.is_null()) results["kl_against_accuracy"] = kl;
    if (!not_run.is_null() && !not_run.empty()) results["not_run"] = not_run;
    results["findings"] = findings(results, samples_, options);
    return results;
  }

 private:
  // Null where there is none.
  ordered_json part(MeasurementTable table, const std::string& variant,
                    const std::string& name) const {
    return measurements_.find(table, variant, name).value_or(nullptr);
  }

  ResultOptions options_of(const std::string& reference) const {
    ResultOptions options;
    options.base = reference;
    options.macro_margin = study_.at("margin").at("macro");
    options.benchmark_margin = study_.at("margin").at("benchmark");
    options.seed = study_.at("seed");
    options.is_wanted = [this](const RunRecord& run) { return is_wanted(run); };
    return options;
  }

  // Runs of what the study no longer names stay in the store and out of the results.
  bool is_wanted(const RunRecord& run) const {
    const auto spelled = [](const ordered_json& item) {  // a benchmark may be a YAML file
      const std::string name = item.is_object() ? item.at("name") : item;
      return name.ends_with(".yaml") ? std::filesystem::path(name).stem().string() : name;
    };
    const auto names = [&](const ordered_json& list, const std::string& name) {
      return std::any_of(list.begin(), list.end(),
                         [&](const ordered_json& item) { return spelled(item) == name; });
    };
    const bool thinking = run.settings.value("thinking", true);
    const std::string benchmark =
        benchmark_of(run.benchmark, thinking ? Thinking::on : Thinking::off);
    const std::string asked = study_.at("sampling").at("thinking");  // on, off or both
    return (asked == "both" || (asked == "on") == thinking) &&
           names(study_.at("variants"), run.variant) && names(study_.at("benchmarks"), benchmark);
  }

  ordered_json about_study(const ordered_json& settings) const {
    ordered_json about = {{"name", settings.at("name")}};
    const ordered_json date = part(MeasurementTable::study, "", parts::date);
    if (!date.is_null()) about["date"] = date.at("date");
    for (const char* name : {parts::base, parts::machine, parts::program}) {
      about[name] = part(MeasurementTable::study, "", name);
    }
    if (study_.contains("note") && about["base"].is_object()) {
      about["base"]["note"] = study_.at("note");
    }
    about["settings"] = study_;
    about["command"] = "quantrial study study.yaml";
    about["seconds"] = ordered_json::object();
    for (const Measurement& m : measurements_.all(MeasurementTable::study, "")) {
      constexpr std::string_view prefix = parts::seconds;
      if (m.part.starts_with(prefix)) {
        about["seconds"][m.part.substr(prefix.size())] = m.data.at("seconds");
      }
    }
    about["full_run"] = part(MeasurementTable::study, "", parts::full_run);
    return about;
  }

  ordered_json variants(const ordered_json& evaluated) const {
    ordered_json all = ordered_json::object();
    for (const ordered_json& v : study_.at("variants")) {
      const std::string name = v.at("name");
      ordered_json& variant = all[name];
      variant["about"] = about(name);
      add(variant, "failed", first_failure(name));
      if (evaluated.contains(name)) variant.update(evaluated.at(name));
      add_macro_figures(variant);
      add(variant, "size", part(MeasurementTable::size, name, ""));
      add_fidelity(variant, name);
      add_speed(variant, name);
      add(variant, "examples", examples(name));
    }
    return all;
  }

  ordered_json examples(const std::string& name) const {
    ordered_json list = part(MeasurementTable::divergence, name, "");
    if (list.is_null()) return list;
    for (ordered_json& example : list) {
      example["same_bytes"] = utf8_common_prefix(example.at("base_text").get<std::string>(),
                                                 example.at("variant_text").get<std::string>());
    }
    return list;
  }

  // Of the earliest stage; null: none failed.
  ordered_json first_failure(const std::string& variant) const {
    for (const std::string_view stage : stage_names) {
      ordered_json failed =
          part(MeasurementTable::variants, variant, parts::failed + std::string(stage));
      if (!failed.is_null()) return failed;
    }
    return nullptr;
  }

  static void add(ordered_json& variant, const char* key, ordered_json value) {
    if (!value.is_null()) variant[key] = std::move(value);
  }

  ordered_json about(const std::string& name) const {
    ordered_json about = part(MeasurementTable::variants, name, parts::about);
    if (about.is_null()) about = ordered_json::object();
    const ordered_json made = part(MeasurementTable::variants, name, parts::made);
    if (!made.is_null()) about["seconds"] = made.at("seconds");
    return about;
  }

  void add_fidelity(ordered_json& variant, const std::string& name) const {
    ordered_json fidelity = part(MeasurementTable::fidelity, name, "");
    if (fidelity.is_null() || !study_.contains("fidelity")) return;
    const ordered_json floor = part(MeasurementTable::fidelity, "", parts::noise_floor);
    fidelity["noise_floor"] = floor.is_null() ? floor : floor.at("all");
    add_fidelity_intervals(fidelity);
    variant["fidelity"] = std::move(fidelity);
  }

  bool is_planned(const SpeedObservation& seen) const {
    if (!study_.contains("speed")) return false;
    const auto has = [&](const char* key, int64_t value) {
      const ordered_json& list = study_.at("speed").at(key);
      return std::find(list.begin(), list.end(), value) != list.end();
    };
    return has("concurrency", seen.cell.concurrency) &&
           has("prompt_tokens", seen.cell.prompt_tokens) &&
           has("mtp_draft_tokens", seen.cell.draft_tokens) &&
           seen.round < study_.at("speed").at("rounds").get<int64_t>();
  }

  void add_speed(ordered_json& variant, const std::string& name) const {
    std::vector<SpeedObservation> rounds;
    for (const Measurement& m : measurements_.all(MeasurementTable::speed, name)) {
      if (!m.part.starts_with(parts::round)) continue;
      SpeedObservation seen = speed_observation(m.data);
      if (is_planned(seen)) rounds.push_back(std::move(seen));
    }
    const ordered_json natural =
        natural_latency(samples_, name, study_.at("concurrency"), study_.at("seed"));
    if (!natural.is_null()) variant["speed"]["natural"] = natural;
    const ordered_json memory = part(MeasurementTable::memory, name, "");
    if (!memory.is_null()) variant["memory"] = memory_figures(memory_observation(memory));
    if (rounds.empty()) return;
    const ordered_json replies = part(MeasurementTable::speed, name, parts::replies);
    if (!replies.is_null()) rounds.push_back(speed_observation(replies));
    variant["speed"]["runs"] = speed_runs(rounds);
    variant["mtp"] = draft_figures(rounds, study_.at("seed"));
    const ordered_json offline = part(MeasurementTable::speed, name, parts::offline);
    variant["mtp"]["available"] = !offline.is_null();
    if (!offline.is_null()) variant["mtp"]["offline"] = offline_figures(text_acceptances(offline));
  }

  const SampleStore& samples_;
  const MeasurementStore& measurements_;
  ordered_json study_;
};

}  // namespace

ordered_json study_results(const SampleStore& samples, const MeasurementStore& measurements) {
  return Results(samples, measurements).all();
}

}  // namespace quantrial
