// Opens a checkpoint as the engines would and says what they would trip over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace quantrial {

struct Finding {
  enum class Severity : uint8_t { warning, error };
  Severity severity = Severity::error;
  std::string kind;  // "mtp_missing", "not_finite", ...
  std::vector<std::string> modules;
  std::string detail;  // what is wrong and the remedy
};

// How far a quantized matrix is from the base model's: ||W' - W||^2 / ||W||^2, where AWQ rescaled
// channels after its factors were taken back.
struct ModuleError {
  std::string module, format;
  double error = 0;
};

struct Verification {
  std::vector<Finding> findings;
  std::vector<ModuleError> module_errors;  // with a base model
  bool smoothing_undone = false;           // AWQ's factors
  int64_t matrices = 0, quantized = 0;
  bool passed() const;  // no finding is an error
};

struct VerifyOptions {
  std::optional<std::filesystem::path> base{};  // the unquantized model
  // With a base, `rows_of_zeros` compares nothing but those.
  enum class Compare : uint8_t { everything, rows_of_zeros } compare = Compare::everything;
  // Called after each tensor with the number checked and the number in all.
  std::function<void(size_t done, size_t all)> progress = [](size_t, size_t) {};
};

// Findings of kind
//   error    malformed, wrong_shape, missing_tensor, mtp_missing, head_missing, not_finite,
//            far_from_base, not_in_index, index_metadata, tokenizer_missing, asymmetric_zeros,
//            not_ignored and wrongly_ignored (where an engine cannot load it), other_base,
//            fused_formats, fused_name_not_listed (where an engine would load wrong weights)
//   warning  not_ignored and wrongly_ignored elsewhere, large_error, unequal_global_scales,
//   fused_formats (where
//            shapes leave no choice), fused_name_not_listed, zero_collapse, saturated_scales,
//            changed, total_size, second_config, missing_file, symmetric_zeros, ...
// Throws Error when the folder cannot be opened at all: config.json, index or files.
Verification verify(const std::filesystem::path& dir, const VerifyOptions& options,
                    ThreadPool& pool);

}  // namespace quantrial
