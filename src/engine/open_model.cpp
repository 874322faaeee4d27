#include "engine/open_model.h"

#include "base/error.h"
#include "base/process_memory.h"
#include "base/sha256.h"
#include "tensor/fingerprint.h"

namespace quantrial {
namespace {

void check_folder(const std::filesystem::path& dir) {
  if (std::filesystem::is_directory(dir)) return;
  throw Error("{}: no such folder; give the folder of a checkpoint with config.json",
              escaped(dir.string()));
}

// Copied where that leaves room for the model's states and for others, else read where they lie.
WeightMemory weight_memory(const std::filesystem::path& dir) {
  int64_t bytes = 0;
  const Checkpoint checkpoint(dir);
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    bytes += static_cast<int64_t>(tensor->bytes.size());
  }
  return bytes <= free_memory_bytes() / 4 * 3 ? WeightMemory::large_pages : WeightMemory::mapped;
}

}  // namespace

std::string_view name(Nvfp4GlobalScale scale) {
  return nvfp4_global_scale_names.at(static_cast<size_t>(scale));
}

std::string_view name(ActivationMode mode) {
  return activation_mode_names.at(static_cast<size_t>(mode));
}

MemoryPlan OpenModel::plan(const MemoryWish& wish) const {
  return plan_memory(model->config(), model->bytes(), backend->kv_dtype(), wish,
                     available_memory_bytes());
}

OpenModel open_model(const ModelChoice& choice) {
  check_folder(choice.dir);
  OpenModel open;
  open.dir = choice.dir;
  open.backend = make_cpu_backend({.precision = choice.precision,
                                   .activations = choice.activations,
                                   .threads = choice.threads,
                                   .pinning = choice.pinning,
                                   .weights = weight_memory(choice.dir)});
  open.model = load_model(choice.dir, *open.backend,
                          {.nvfp4_global_scale = choice.nvfp4_global_scale, .head = choice.head});
  return open;
}

std::string fingerprint(const ModelChoice& choice) {
  check_folder(choice.dir);
  return Sha256::hex(fmt::format("{} {} {} {}{}", fingerprint(Checkpoint(choice.dir)),
                                 choice.precision == Precision::fp32 ? "fp32" : "native",
                                 name(choice.activations), name(choice.nvfp4_global_scale),
                                 choice.head == HeadStorage::fp8 ? " head fp8" : ""));
}

}  // namespace quantrial
