#include "quantize/verify.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "base/error.h"
#include "formats/read_weight.h"
#include "quantize/smoothing_undone.h"
#include "quantize/verify_files.h"
#include "quantize/verify_numbers.h"
#include "quantize/verify_structure.h"

namespace quantrial {
namespace {

using Severity = Finding::Severity;

// Of a matrix of NVFP4, the groups with the largest absmax have the largest scale, which is a few.
constexpr double usual_saturated_share = 0.01;
constexpr int64_t usual_saturated_groups = 16;

// Four bits cost 0.006 to 0.02, some outliers in each group up to 0.1; scrambled zero points 0.3,
// the scales of another matrix 10, another matrix 2.
constexpr double usual_error = 0.1, error_of_others = 0.5;
// Of a 16-bit matrix that AWQ rescaled: squared rounding to bfloat16, 2^-18, and room.
constexpr double rounding_error = 1e-5;

// Whether one of them is not the middle.
bool has_zero_points(const Int4Group& weight) {
  if (weight.zeros.empty()) return false;
  for (int64_t n = 0; n < weight.rows; ++n) {
    for (int64_t g = 0; g < weight.groups(); ++g) {
      if (weight.zero(n, g) != Int4Group::symmetric_zero) return true;
    }
  }
  return false;
}

// The numbers of all tensors, and the base model's beside them.
class NumbersCheck {
 public:
  NumbersCheck(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
               const VerifyOptions& options, ThreadPool& pool)
      : checkpoint_(checkpoint), quantization_(quantization), options_(options), pool_(pool) {
    if (options.base) {
      base_ = std::make_unique<Checkpoint>(*options.base);
      base_quantization_ = QuantizationConfig::read(*options.base);
      if (compares_all()) {
        undone_.emplace(ReadableModel{checkpoint, quantization},
                        ReadableModel{*base_, base_quantization_}, pool);
      }
    }
  }

  void run(Verification& result) {
    const std::vector<std::string> modules = matrix_modules(checkpoint_);
    const size_t all = checkpoint_.tensors().size();
    std::map<std::string, bool> seen;
    for (const std::string& module : modules) {
      for (const std::string& tensor : tensors_of(checkpoint_, module)) seen[tensor] = true;
      check_matrix(module, result);
      options_.progress(seen.size(), all);
    }
    for (const auto& [name, tensor] : checkpoint_.tensors()) {
      if (seen.contains(name)) continue;
      check_other(name, *tensor);
      tensor->file->release(tensor->bytes);
      options_.progress(seen.size(), all);
    }
    if (compares_all()) check_completeness();
    result.smoothing_undone = undone_ && undone_->is_smoothed();
    result.matrices = static_cast<int64_t>(modules.size());
    report(result.findings);
  }

 private:
  // The base model's matrix; nothing when it has none of that shape.
  std::optional<Weight> base_of(const std::string& module, const Weight& weight) {
    if (base_ == nullptr || tensors_of(*base_, module).empty()) return std::nullopt;
    Weight base = read_weight(*base_, base_quantization_, module, pool_);
    if (rows(base) == rows(weight) && columns(base) == columns(weight)) return base;
    other_base_.push_back(module);
    return std::nullopt;
  }

  bool compares_all() const {
    return base_ != nullptr && options_.compare == VerifyOptions::Compare::everything;
  }

  void check_matrix(const std::string& module, Verification& result) {
    try {
      const Weight weight = read_weight(checkpoint_, quantization_, module, pool_);
      std::optional<Weight> base = compares_all() ? base_of(module, weight) : std::nullopt;
      const std::optional<Factors> factors = base ? undone_->factors(module) : Factors{};
      if (!factors) {
        not_compared_.push_back(module);
        base.reset();
      }
      const bool dense = is_dense(weight);
      result.quantized += !dense;
      const MatrixNumbers found =
          base ? read_numbers(weight, *base, *factors, pool_) : read_numbers(weight, pool_);
      if (found.not_finite_row)
        not_finite_.push_back(fmt::format("{} row {}", module, *found.not_finite_row));
      if (!dense) note(module, weight, found, base ? &*base : nullptr);
      if (base) compare(module, weight, found, *factors, result);
    } catch (const Error& error) {
      malformed_.push_back({Severity::error, "malformed", {module}, error.what()});
    }
    release(checkpoint_, module);
    if (base_ != nullptr) release(*base_, module);
  }

  // `factors` of AWQ, which were taken back.
  void compare(const std::string& module, const Weight& weight, const MatrixNumbers& found,
               const Factors& factors, Verification& result) {
    const bool rescaled = !factors.rows.empty() || !factors.columns.empty();
    const double error = found.squared_base == 0 ? (found.squared_error == 0 ? 0 : INFINITY)
                                                 : found.squared_error / found.squared_base;
    const std::string text = fmt::format("{} ({:.3g})", module, error);
    if (error > error_of_others) {
      far_.push_back(text);
    } else if (is_dense(weight)) {
      if (error > (rescaled ? rounding_error : 0)) changed_.push_back(module);
    } else if (error > usual_error) {
      unusual_.push_back(text);
    }
    if (is_dense(weight)) return;
    result.module_errors.push_back({module, std::string(format_name(weight)), error});
  }

  static bool is_dense(const Weight& weight) {
    return std::holds_alternative<Bf16>(weight) || std::holds_alternative<F32>(weight);
  }

  static void release(const Checkpoint& checkpoint, const std::string& module) {
    for (const std::string& name : tensors_of(checkpoint, module)) {
      const StoredTensor& tensor = checkpoint.at(name);
      tensor.file->release(tensor.bytes);
    }
  }

  // Rows of zeros; those that the base model has too do not count.
  int64_t lost_rows(const std::string& module, const Weight& weight, int64_t zero_rows) {
    if (zero_rows == 0 || base_ == nullptr) return zero_rows;
    const std::optional<Weight> base = base_of(module, weight);
    return base ? read_numbers(weight, *base, {}, pool_).zero_rows : zero_rows;
  }

  // `compared`: the base model's matrix, when the numbers of both were read.
  void note(const std::string& module, const Weight& weight, const MatrixNumbers& found,
            const Weight* compared) {
    if (compared != nullptr && found.collapsed_groups > 0) {
      collapsed_.push_back(
          fmt::format("{} ({} of {} groups)", module, found.collapsed_groups, found.groups));
    } else if (const int64_t rows = lost_rows(module, weight, found.zero_rows); rows > 0) {
      collapsed_.push_back(fmt::format("{} ({} rows)", module, rows));
    }
    if (const auto* int4 = std::get_if<Int4Group>(&weight)) note_zeros(module, *int4);
    const double share = static_cast<double>(found.saturated_groups) /
                         static_cast<double>(std::max<int64_t>(found.groups, 1));
    if (found.saturated_groups > usual_saturated_groups && share > usual_saturated_share) {
      saturated_.push_back(fmt::format("{} ({:.1f} %)", module, 100 * share));
    }
  }

  void note_zeros(const std::string& module, const Int4Group& weight) {
    const auto scheme = quantization_.scheme_for(module, Scheme::Weights::int4);
    if (!scheme) return;
    with_asymmetric_config_ += !scheme->symmetric;
    if (has_zero_points(weight) != scheme->symmetric) return;
    (scheme->symmetric ? asymmetric_ : needlessly_asymmetric_).push_back(module);
  }

  void check_other(const std::string& name, const StoredTensor& tensor) {
    if (!is_finite(tensor, pool_)) not_finite_.push_back(name);
    const StoredTensor* base = compares_all() ? base_->find(name) : nullptr;
    if (base == nullptr) return;
    if (undone_->explains(name) && base->dtype == tensor.dtype && base->shape == tensor.shape) {
      return;
    }
    if (base->dtype != tensor.dtype || base->shape != tensor.shape ||
        !std::equal(base->bytes.begin(), base->bytes.end(), tensor.bytes.begin(),
                    tensor.bytes.end())) {
      changed_.push_back(name);
    }
  }

  // Tensors of the base model that nothing stands for; mtp.* has a finding of its own.
  void check_completeness() {
    for (const auto& [name, tensor] : base_->tensors()) {
      const std::string module = name.substr(0, name.rfind('.'));
      if (checkpoint_.find(name) != nullptr || name.starts_with("mtp.")) continue;
      if (name.ends_with(".weight") && !tensors_of(checkpoint_, module).empty()) continue;
      lost_.push_back(name);
    }
  }

  void report(std::vector<Finding>& findings) {
    std::move(malformed_.begin(), malformed_.end(), std::back_inserter(findings));
    const auto add = [&](Severity severity, const char* kind, std::vector<std::string>& modules,
                         const char* detail) {
      if (!modules.empty()) findings.push_back({severity, kind, std::move(modules), detail});
    };
    add(Severity::error, "not_finite", not_finite_,
        "holds NaN or infinity; the checkpoint is damaged, make it again");
    add(Severity::error, "other_base", other_base_,
        "has another shape in the base model; choose the model that this one was made from");
    add(Severity::error, "far_from_base", far_,
        "error against the base model (|W' - W|^2 / |W|^2) as large as that of other weights: the "
        "scales belong elsewhere, or the base is another model");
    add(Severity::warning, "large_error", unusual_,
        "error against the base model (|W' - W|^2 / |W|^2) far above what rounding to 4 bits "
        "costs; "
        "look at its scales and zero points");
    add(Severity::warning, "not_compared", not_compared_,
        "its error cannot be told: AWQ rescaled it, and up_proj, which would show by how much, is "
        "absent or malformed");
    add(Severity::error, "asymmetric_zeros", asymmetric_,
        "the config says symmetric, but zero points are stored that say otherwise; engines that do "
        "not read them then (vLLM) load wrong weights; correct the config");
    if (needlessly_asymmetric_.size() == with_asymmetric_config_) {
      add(Severity::warning, "symmetric_zeros", needlessly_asymmetric_,
          "the config says asymmetric, but every zero point is the middle; vLLM's fast kernels "
          "take symmetric files alone; correct the config");
    }
    add(Severity::error, "missing_tensor", lost_,
        "in the base model, but not in this one; copy it from there");
    add(Severity::warning, "zero_collapse", collapsed_,
        base_ != nullptr ? "zeros that are no zeros in the base model; the scales are too coarse"
                         : "rows of zeros; --base tells whether the base model has them too, else "
                           "the scales are too coarse");
    add(Severity::warning, "saturated_scales", saturated_,
        "many group scales are the largest that E4M3 has, so that larger weights are cut; the "
        "second-level scale is too large");
    add(Severity::warning, "changed", changed_,
        "16-bit, but not what the base model holds (llm-compressor rounds 1 + w of norms; more "
        "than "
        "that is no tool's doing, but for what AWQ rescales)");
  }

  const Checkpoint& checkpoint_;
  const QuantizationConfig& quantization_;
  const VerifyOptions& options_;
  ThreadPool& pool_;
  std::unique_ptr<Checkpoint> base_;
  QuantizationConfig base_quantization_;
  std::optional<SmoothingUndone> undone_;  // where all is compared with a base
  std::vector<Finding> malformed_;
  std::vector<std::string> not_finite_, other_base_, lost_, far_, unusual_, not_compared_;
  std::vector<std::string> collapsed_, saturated_, changed_;
  std::vector<std::string> asymmetric_, needlessly_asymmetric_;
  size_t with_asymmetric_config_ = 0;
};

}  // namespace

bool Verification::passed() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& f) { return f.severity == Severity::error; });
}

Verification verify(const std::filesystem::path& dir, const VerifyOptions& options,
                    ThreadPool& pool) {
  const ModelConfig config = read_model_config(dir);
  const QuantizationConfig quantization = QuantizationConfig::read(dir);
  const Checkpoint checkpoint(dir);
  Verification result;
  check_index(checkpoint, result.findings);
  check_tensors(checkpoint, quantization, config, result.findings);
  check_inventory(checkpoint, quantization, result.findings);
  check_fused(checkpoint, quantization, result.findings);
  check_second_config(checkpoint, quantization, result.findings);
  check_carried_files(dir, options.base, result.findings);
  NumbersCheck(checkpoint, quantization, options, pool).run(result);
  return result;
}

}  // namespace quantrial
