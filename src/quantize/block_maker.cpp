#include "quantize/block_maker.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "formats/pack.h"
#include "formats/read_weight.h"
#include "quantize/schemes.h"

namespace quantrial {
namespace {

constexpr std::array<const char*, 2> rescaled_norms = {"input_layernorm",
                                                       "post_attention_layernorm"};

// What the input of each Linear is quantized to.
std::vector<Activations> run_time_inputs(const Plan& plan, const PlannedBlock& block,
                                         const std::vector<float>& absmax) {
  std::vector<Activations> inputs(block.linears.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const PlannedModule& module = plan.modules[block.modules[i]];
    if (module.scheme) inputs[i] = run_time_activations(plan.recipe, *module.scheme, absmax[i]);
  }
  return inputs;
}

void check_scales(const QuantizedMatrix& matrix, const std::string& module) {
  for (size_t i = 0; i < matrix.scales.size(); ++i) {
    if (std::isfinite(matrix.scales[i].scale)) continue;
    throw Error(
        "{}.weight: row {} holds weights too large for the type of the scales; keep this module "
        "16-bit",
        module, static_cast<int64_t>(i) / (matrix.columns / matrix.group_size));
  }
}

}  // namespace

BlockMaker::BlockMaker(const Checkpoint& base, const Plan& plan, BlockStream& stream,
                       Algorithm* algorithm, ThreadPool& pool)
    : base_(base), plan_(plan), stream_(stream), algorithm_(algorithm), pool_(pool) {}

MadeBlock BlockMaker::make(const PlannedBlock& block, uint64_t seed, const Progress& progress) {
  DenseBlock dense(base_, plan_.model, block.prefix, block.kind, pool_);
  double share = 0;
  const BlockStream::Check check = [&] { progress(share); };
  const std::vector<float> absmax = stream_.advance_original(dense, check);
  const std::vector<Activations> inputs = run_time_inputs(plan_, block, absmax);
  if (algorithm_ == nullptr) return round(block, inputs);
  const std::vector<LinearTarget> wanted = targets(block, inputs);
  const BlockTask task{.block = dense,
                       .targets = wanted,
                       .inputs = stream_.quantized(),
                       .outputs = stream_.original(),
                       .pool = pool_,
                       .seed = seed,
                       .progress = [&](double done) { progress(share = done); },
                       .check = check};
  MadeBlock made = tune(block, dense, inputs, task);
  advance(block, dense, made, check);
  return made;
}

MadeBlock BlockMaker::round(const PlannedBlock& block, const std::vector<Activations>& inputs) {
  MadeBlock made;
  const Divisors divisors = shared_divisors(plan_, block.modules, pool_);
  for (size_t i = 0; i < block.modules.size(); ++i) {
    const size_t place = block.modules[i];
    if (!plan_.modules[place].quantized()) continue;
    MadeModule module = round_module(plan_, place, divisors, inputs[i], pool_);
    made.figures[place] = module.figures;
    made.weights[place] = std::make_shared<const Weight>(std::move(module.weight));
  }
  return made;
}

std::vector<LinearTarget> BlockMaker::targets(const PlannedBlock& block,
                                              const std::vector<Activations>& inputs) {
  const Divisors divisors = shared_divisors(plan_, block.modules, pool_);
  std::vector<LinearTarget> list(block.linears.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const PlannedModule& module = plan_.modules[block.modules[i]];
    if (!module.scheme || module.scheme->weights == Scheme::Weights::fp8) continue;
    const auto divisor = divisors.find(module.scale_group);
    list[i] = {.codec = algorithm_codec(*module.scheme, plan_.recipe.container,
                                        divisor == divisors.end() ? 1 : divisor->second),
               .activations = inputs[i]};
  }
  return list;
}

MadeBlock BlockMaker::tune(const PlannedBlock& block, DenseBlock& dense,
                           const std::vector<Activations>& inputs, const BlockTask& task) {
  MadeBlock made;
  const bool any = std::any_of(task.targets.begin(), task.targets.end(),
                               [](const LinearTarget& t) { return t.codec.has_value(); });
  const auto start = std::chrono::steady_clock::now();
  BlockResult result = any ? algorithm_->quantize(task) : BlockResult{};
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (any) made.error = {result.error_before, result.error_after};
  made.notes = std::move(result.notes);
  double weights = 0;
  for (const auto& [i, linear] : result.linears) {
    weights += static_cast<double>(linear.matrix.codes.size());
  }
  for (auto& [i, linear] : result.linears) {
    const auto n = static_cast<size_t>(i);
    const size_t place = block.modules[n];
    check_scales(linear.matrix, block.linears[n].module);
    const double share = static_cast<double>(linear.matrix.codes.size()) / weights;
    made.figures[place] = {.weight_error = linear.weight_error,
                           .rounded_error = linear.rounded_error,
                           .seconds = seconds * share};
    count_zero_groups(plan_.modules[place], made.figures[place], pool_);
    made.weights[place] = std::make_shared<const Weight>(
        pack(*task.targets[n].codec, std::move(linear.matrix), inputs[n]));
  }
  for (auto& [name, values] : result.changed) {
    made.changed[block.prefix + name] = std::move(values);
  }
  for (size_t i = 0; i < block.modules.size(); ++i) {  // what an algorithm leaves to rounding: FP8
    const size_t place = block.modules[i];
    if (!plan_.modules[place].quantized() || made.weights.contains(place)) continue;
    MadeModule module = round_module(plan_, place, {}, inputs[i], pool_);
    made.figures[place] = module.figures;
    made.weights[place] = std::make_shared<const Weight>(std::move(module.weight));
  }
  require(dense.linears().size() == block.linears.size(), "tune: another block");
  return made;
}

void BlockMaker::advance(const PlannedBlock& block, DenseBlock& dense, const MadeBlock& made,
                         const BlockStream::Check& check) {
  std::vector<std::vector<float>> memory;
  std::vector<View<const float, 2>> weights(dense.weights().begin(), dense.weights().end());
  std::vector<Activations> inputs(weights.size());
  memory.reserve(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto found = made.weights.find(block.modules[i]);
    const auto changed = made.changed.find(block.linears[i].module + ".weight");
    if (found != made.weights.end()) {
      const Weight& weight = *found->second;
      inputs[i] = activations(weight);
      std::vector<float>& values = memory.emplace_back(static_cast<size_t>(weights[i].size()));
      const auto K = static_cast<size_t>(columns(weight));
      pool_.parallel_for(rows(weight), [&](int64_t n, int) {
        decode_row(weight, n, std::span(values).subspan(static_cast<size_t>(n) * K, K));
      });
      weights[i] = {values.data(), weights[i].shape()};
    } else if (changed != made.changed.end()) {
      weights[i] = {changed->second.data(), weights[i].shape()};
    }
  }
  for (const char* name : rescaled_norms) {
    const auto changed = made.changed.find(block.prefix + name + ".weight");
    if (changed == made.changed.end()) continue;
    std::copy(changed->second.begin(), changed->second.end(), dense.norm(name).begin());
  }
  stream_.advance_quantized(dense, weights, inputs, check);
}

void BlockMaker::skip(const PlannedBlock& block, const Checkpoint& finished,
                      const QuantizationConfig& config, const Progress& progress) {
  DenseBlock dense(base_, plan_.model, block.prefix, block.kind, pool_);
  const BlockStream::Check check = [&] { progress(0); };
  stream_.advance_original(dense, check);
  if (algorithm_ == nullptr) return;
  MadeBlock made;
  for (size_t i = 0; i < block.modules.size(); ++i) {
    const std::string& module = block.linears[i].module;
    if (plan_.modules[block.modules[i]].quantized()) {
      made.weights[block.modules[i]] =
          std::make_shared<const Weight>(read_weight(finished, config, module));
    } else {
      made.changed[module + ".weight"] = finished.at(module + ".weight").floats();
    }
  }
  for (const char* name : rescaled_norms) {
    const std::string tensor = block.prefix + name + ".weight";
    made.changed[tensor] = finished.at(tensor).floats();
  }
  advance(block, dense, made, check);
}

}  // namespace quantrial
