#include "quantize/quantizer.h"

#include <algorithm>
#include <chrono>

#include "base/interrupted.h"
#include "base/mapped_file.h"
#include "base/name_list.h"
#include "base/process_memory.h"
#include "base/seconds_since.h"
#include "base/version.h"
#include "base/write_error.h"
#include "formats/carry.h"
#include "quantize/algorithms.h"
#include "quantize/base_check.h"
#include "quantize/block_maker.h"
#include "quantize/export.h"
#include "quantize/module_log.h"
#include "quantize/plan_table.h"
#include "quantize/schemes.h"
#include "quantize/shard_writer.h"
#include "quantize/verify.h"
#include "tensor/fingerprint.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// Of what the journal tells of a file. Another number, and an unfinished run is not continued.
constexpr int journal_version = 2;
// Fewer calibration tokens than that make worse weights than none.
constexpr int64_t few_tokens = 1024;

// What was computed for a shard, and how long it took.
struct ShardWork {
  MadeBlock made;
  std::string name;  // of the block, for the report
  double seconds = 0;
};

class Run {
 public:
  Run(const QuantizeJob& job, ThreadPool& pool, QuantizeObserver& observer)
      : job_(job), pool_(pool), observer_(observer), base_(job.model) {
    plan_ = make_plan(base_, job.recipe);
    const Method method = job.recipe.method;
    if (method != Method::round_to_nearest) {
      algorithm_ = make_algorithm(method, job.recipe.parameters);
    }
    check_outside(job.model, job.out);
    if (!job.recipe.needs_calibration() && !job.calibration.file.empty()) {
      throw Error("--calibration {}: recipe {} uses none; remove the option",
                  shown(job.calibration.file), job.recipe.name);
    }
    if (job.recipe.needs_calibration()) calibrate();
    made_from_ = {{"quantrial", version},
                  {"recipe", as_json(job.recipe)},
                  {"base", fingerprint(base_)},
                  {"calibration", calibration_.sha256}};
  }

  void run() {
    if (is_complete()) return;
    // Data-free recipes run at the speed of the disk, where a wait for each file would halve it.
    const auto durability =
        calibration_.sequences.empty() ? Durability::left_to_system : Durability::synced;
    ordered_json header = {{"journal", journal_version}};
    header.update(made_from_);
    PartialFolder folder(job_.out, header, {.start = job_.start, .durability = durability});
    try {
      make(folder, durability);
    } catch (const Interrupted&) {
      if (!folder.finished().empty()) throw;  // what is finished is kept
      folder.discard();
      throw Interrupted("interrupted; no file was finished, none is left");
    } catch (const WriteError& error) {
      end(folder, error.what());
    } catch (const std::bad_alloc&) {
      end(folder, "out of memory; free memory, or use --set samples");
    } catch (...) {
      folder.discard();  // the same would happen again
      throw;
    }
  }

 private:
  // Of a run that may come to a good end later: what took long to make is kept.
  [[noreturn]] void end(PartialFolder& folder, const std::string& message) {
    if (folder.finished().empty() || calibration_.sequences.empty()) {
      folder.discard();
      throw Error("{}", message);
    }
    throw Error("{}; what is finished is kept, continue with --resume", message);
  }

  void calibrate() {
    calibration_ = read_calibration(job_.calibration, plan_.model, job_.recipe.parameters);
    if (algorithm_ && !calibration_.equally_long()) {
      throw Error("{}: sequences of different lengths; algorithm {} takes equally long ones",
                  shown(job_.calibration.file), name(job_.recipe.method));
    }
    observer_.line("calibration: " + calibration_.description);
    if (calibration_.tokens() < few_tokens) {
      observer_.line(
          fmt::format("calibration: warning: {} tokens are too few to learn from; give {}",
                      calibration_.tokens(), few_tokens));
    }
  }

  // With --resume: the folder is there already and was made from the same.
  bool is_complete() {
    if (job_.start != PartialFolder::Start::resume) return false;
    std::error_code error;
    const fs::path report = job_.out / report_name;
    if (!fs::exists(report, error)) return false;
    const auto json = ordered_json::parse(read_text_file(report), nullptr, false);
    if (!json.is_object() || json.value("made_from", ordered_json()) != made_from_) return false;
    PartialFolder::remove_journal(job_.out);
    observer_.line(fmt::format("{}: complete already", shown(job_.out)));
    return true;
  }

  void make(PartialFolder& folder, Durability durability) {
    finished_ = folder.finished();
    if (!finished_.empty()) {
      observer_.line(fmt::format("resume: {} of {} files are finished", finished_.size(),
                                 plan_.shards.size()));
    }
    for (const std::string& line : kept_linears(plan_)) observer_.line(line);
    if (!calibration_.sequences.empty()) {  // others find it out in a moment
      check_finite(plan_, pool_, [&] { observer_.progress(0, "checking the base model"); });
    }
    write_configs(plan_, job_.model, folder.path());
    {
      ShardWriter writer(folder, durability);
      make_shards(folder.path(), writer);
      writer.finish();
    }
    report_progress(plan_.shards.size(), 0);
    finish(folder);
  }

  int64_t bytes_to_write() const {
    int64_t bytes = 0;
    for (const PlannedShard& shard : plan_.shards) {
      if (finished_.contains(shard.file)) continue;
      for (const size_t i : shard.modules) bytes += plan_.modules[i].bytes_after;
    }
    return bytes;
  }

  void make_shards(const fs::path& partial, ShardWriter& writer) {
    std::optional<BlockStream> stream;
    std::optional<BlockMaker> maker;
    std::optional<Checkpoint> earlier;
    QuantizationConfig config;
    if (!calibration_.sequences.empty()) {
      stream.emplace(base_, plan_, calibration_,
                     BlockStream::Scratch{partial, available_memory_bytes()},
                     algorithm_ ? BlockStream::Paths::both : BlockStream::Paths::original);
      if (stream->on_disk()) observer_.line("hidden states: on disk, in " + shown(partial));
      maker.emplace(base_, plan_, *stream, algorithm_.get(), pool_);
      if (!finished_.empty()) earlier.emplace(partial);
      config = QuantizationConfig::read(partial);
    }
    check_space(partial, bytes_to_write());
    for (const std::string& line : log_.head()) observer_.line(line);
    for (const PlannedShard& shard : plan_.shards) {
      if (!computed(shard) && !finished_.contains(shard.file)) {
        writer.submit(shard_of(shard, ShardWork{}));
      }
    }
    for (size_t i = 0; i < plan_.shards.size(); ++i) {
      const PlannedShard& shard = plan_.shards[i];
      if (!computed(shard)) continue;
      report_progress(i, 0);
      if (finished_.contains(shard.file)) {
        if (maker && shard.block && needed_later(i)) {
          maker->skip(plan_.blocks[*shard.block], *earlier, config,
                      [&](double) { report_progress(i, 0); });
        }
        continue;
      }
      writer.submit(shard_of(shard, compute(i, maker ? &*maker : nullptr, stream)));
    }
  }

  // The others are only copied, which the writer does beside the computation of these.
  bool computed(const PlannedShard& shard) const {
    return shard.block.has_value() ||
           std::any_of(shard.modules.begin(), shard.modules.end(),
                       [&](size_t i) { return plan_.modules[i].quantized(); });
  }

  // Whether hidden states after shard i are still asked for.
  bool needed_later(size_t i) const {
    for (size_t j = i + 1; j < plan_.shards.size(); ++j) {
      const bool asks = plan_.shards[j].block || !plan_.mtp_blocks.empty();
      if (asks && !finished_.contains(plan_.shards[j].file)) return true;
    }
    return false;
  }

  ShardWork compute(size_t i, BlockMaker* maker, std::optional<BlockStream>& stream) {
    const PlannedShard& shard = plan_.shards[i];
    const auto start = Clock::now();
    ShardWork work;
    const auto seed = static_cast<uint64_t>(job_.recipe.parameters.seed) * 1'000'003;
    if (maker != nullptr && shard.block) {
      const PlannedBlock& block = plan_.blocks[*shard.block];
      work.made =
          maker->make(block, seed + *shard.block, [&](double done) { report_progress(i, done); });
      work.name = block.prefix.substr(0, block.prefix.size() - 1);
    } else if (maker != nullptr && is_mtp(shard) && !plan_.mtp_blocks.empty()) {
      work.made = make_mtp(*stream, [&](double done) { report_progress(i, done); });
    } else {
      work.made = round_shard(shard);
    }
    work.seconds = seconds_since(start);
    return work;
  }

  bool is_mtp(const PlannedShard& shard) const {
    return plan_.modules[shard.modules[0]].class_name == "mtp";
  }

  // `mtp: same`: rounded to nearest whatever the algorithm of the rest, as auto-round does.
  MadeBlock make_mtp(BlockStream& stream, const BlockMaker::Progress& progress) {
    stream.enter_mtp(pool_, [&] { progress(0); });
    BlockMaker maker(base_, plan_, stream, nullptr, pool_);
    MadeBlock all;
    for (const PlannedBlock& block : plan_.mtp_blocks) {
      MadeBlock made = maker.make(block, 0, progress);
      all.weights.merge(made.weights);
      all.figures.merge(made.figures);
    }
    return all;
  }

  // Without calibration.
  MadeBlock round_shard(const PlannedShard& shard) {
    MadeBlock made;
    const Divisors divisors = shared_divisors(plan_, shard.modules, pool_);
    for (const size_t i : shard.modules) {
      const PlannedModule& planned = plan_.modules[i];
      if (!planned.quantized()) continue;
      MadeModule module = round_module(
          plan_, i, divisors, run_time_activations(job_.recipe, *planned.scheme, 0), pool_);
      made.figures[i] = module.figures;
      made.weights[i] = std::make_shared<const Weight>(std::move(module.weight));
    }
    return made;
  }

  Shard shard_of(const PlannedShard& planned, ShardWork&& work) {
    Shard shard{.file = planned.file, .tensors = {}, .entry = {}};
    ordered_json figures = ordered_json::object();
    for (const size_t i : planned.modules) {
      const PlannedModule& module = plan_.modules[i];
      if (const auto made = work.made.weights.find(i); made != work.made.weights.end()) {
        for (TensorToWrite& t : written_tensors(module.name, made->second, job_.recipe.container)) {
          shard.tensors.push_back(std::move(t));
        }
        module.tensor->file->release(module.tensor->bytes);
        figures[module.name] = as_json(work.made.figures.at(i));
      } else if (const auto changed = work.made.changed.find(module.tensor->name);
                 changed != work.made.changed.end()) {
        shard.tensors.push_back(changed_tensor(*module.tensor, changed->second));
      } else {
        shard.tensors.push_back(carried(*module.tensor));
      }
    }
    std::stable_sort(shard.tensors.begin(), shard.tensors.end(),
                     [](const TensorToWrite& a, const TensorToWrite& b) {
                       return element_bytes(a.dtype) > element_bytes(b.dtype);
                     });
    const std::string key = work.name.empty() ? planned.file : work.name;
    shard.entry = {{"modules", figures}, {"seconds", {{key, work.seconds}}}};
    if (work.made.error) {
      const auto [before, after] = *work.made.error;
      shard.entry["block"] = {
          {"name", work.name}, {"error_before", before}, {"error_after", after}};
    }
    for (const std::string& row : log_.rows(planned, work.made, work.seconds)) observer_.line(row);
    return shard;
  }

  static TensorToWrite changed_tensor(const StoredTensor& tensor, std::vector<float> values) {
    return {tensor.name, DType::bf16, tensor.shape, [values = std::move(values)] {
              std::vector<bfloat16> rounded(values.size());
              std::transform(values.begin(), values.end(), rounded.begin(), to_bfloat16);
              const auto bytes = std::as_bytes(std::span(rounded));
              return std::vector<std::byte>(bytes.begin(), bytes.end());
            }};
  }

  // Blocks count by their time with calibration, else by their bytes.
  void report_progress(size_t shard, double within) {
    double done = 0, total = 0;
    for (size_t i = 0; i < plan_.shards.size(); ++i) {
      double cost = 0;
      for (const size_t m : plan_.shards[i].modules) {
        cost += static_cast<double>(plan_.modules[m].tensor->bytes.size());
      }
      if (!calibration_.sequences.empty() && !plan_.shards[i].block) cost *= 0.01;
      total += cost;
      if (i < shard) done += cost;
      if (i == shard) done += cost * within;
    }
    observer_.progress(done / total,
                       fmt::format("file {} of {}", std::min(shard + 1, plan_.shards.size()),
                                   plan_.shards.size()));
  }

  void finish(PartialFolder& folder) {
    carry_files(job_.model, folder.path());
    write_index(plan_, folder.path());
    write_report(plan_, made_from_, folder.finished(), folder.path());
    check(folder.path());
    folder.commit();
  }

  // What an engine would trip over must not get the name.
  void check(const fs::path& dir) {
    const Verification verification =
        verify(dir, {.base = job_.model, .compare = VerifyOptions::Compare::rows_of_zeros}, pool_);
    for (const Finding& finding : verification.findings) {
      const std::string modules = name_list(finding.modules);
      const std::string text = fmt::format("{}: {}{}", finding.kind, escaped(finding.detail, 400),
                                           modules.empty() ? "" : " (" + modules + ")");
      if (finding.kind == "not_finite") check_finite(plan_, pool_, [] {});  // names the cause
      if (finding.severity == Finding::Severity::error) throw Error("verify: {}", text);
      observer_.line("verify: warning: " + text);
    }
    const size_t warnings = verification.findings.size();
    observer_.line(fmt::format("verify: {} matrices, {} quantized, {} warning{}",
                               verification.matrices, verification.quantized, warnings,
                               warnings == 1 ? "" : "s"));
  }

  const QuantizeJob& job_;
  ThreadPool& pool_;
  QuantizeObserver& observer_;
  Checkpoint base_;
  Plan plan_;
  ModuleLog log_{plan_};
  std::unique_ptr<Algorithm> algorithm_;
  Calibration calibration_;
  ordered_json made_from_;
  ShardEntries finished_;  // by earlier runs
};

}  // namespace

void quantize_checkpoint(const QuantizeJob& job, ThreadPool& pool, QuantizeObserver& observer) {
  Run(job, pool, observer).run();
}

}  // namespace quantrial
