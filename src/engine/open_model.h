// A checkpoint opened for running: backend and model together, and how.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/memory_plan.h"
#include "model/model.h"

namespace quantrial {

// As options, studies and results spell them, in the order of the enumerations.
inline constexpr std::array<std::string_view, 2> nvfp4_global_scale_names = {"as-written",
                                                                             "fused-max"};
inline constexpr std::array<std::string_view, 2> activation_mode_names = {"as-stored", "off"};
// Bits of a number of the output matrix: 16 stands for what the checkpoint has.
inline constexpr std::array<std::string_view, 2> head_bits_names = {"16", "8"};
std::string_view name(Nvfp4GlobalScale scale);
std::string_view name(ActivationMode mode);

// A checkpoint and how its numbers are to be taken.
struct ModelChoice {
  std::filesystem::path dir;
  Precision precision = Precision::native;
  ActivationMode activations = ActivationMode::as_stored;
  Nvfp4GlobalScale nvfp4_global_scale = Nvfp4GlobalScale::as_written;
  HeadStorage head = HeadStorage::as_stored;
  int threads = 0;  // 0: as many as there are cores
  Pinning pinning = Pinning::none;
};

struct OpenModel {
  std::filesystem::path dir;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;

  // Throws Error when the memory that there is does not hold it.
  MemoryPlan plan(const MemoryWish& wish) const;
};

// Throws Error when there is no such folder, or with what is wrong with the checkpoint.
OpenModel open_model(const ModelChoice& choice);

// SHA-256 over the weights (tensor/fingerprint.h) and how they are taken; threads do not count.
std::string fingerprint(const ModelChoice& choice);

}  // namespace quantrial
