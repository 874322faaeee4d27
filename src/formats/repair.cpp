#include "formats/repair.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/carry.h"
#include "formats/codec_rules.h"
#include "formats/module_class.h"
#include "formats/read_weight.h"
#include "formats/zero_codes.h"
#include "tensor/json.h"
#include "tensor/new_folder.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// The numbers that change in one module: divisors, as compressed-tensors and we count them.
struct NewDivisors {
  float weight = 0;
  std::optional<float> input;  // of a module that has one
};

std::optional<float> input_divisor(const Nvfp4& weight) {
  const auto* inputs = std::get_if<Nvfp4Local>(&weight.activations);
  if (inputs == nullptr) return std::nullopt;
  return inputs->global.divisor();
}

// One run: the checkpoint and what changes in it.
class Repair {
 public:
  Repair(const fs::path& from, const WriteProgress& progress)
      : checkpoint_(from), config_(QuantizationConfig::read(from)), progress_(progress) {
    for (const std::string& module : matrix_modules(checkpoint_)) {
      for (const FusedGroup& group : fused_groups) {
        if (last_component(module) == group.members[0]) plan(module, group);
      }
    }
    if (groups_.empty()) {
      throw Error("{}: no fused NVFP4 modules with unequal scales; nothing to repair", shown(from));
    }
    for (const auto& [name, tensor] : checkpoint_.tensors()) {
      total_bytes_ += static_cast<int64_t>(tensor->bytes.size());
    }
  }

  const std::vector<RepairedGroup>& groups() const { return groups_; }
  int64_t total_bytes() const { return total_bytes_; }

  void write(const fs::path& dir) {
    for (const SafetensorsFile& file : checkpoint_.files()) {
      std::vector<TensorToWrite> tensors;
      for (const StoredTensor& tensor : file.tensors()) tensors.push_back(repaired(tensor));
      write_safetensors(dir / file.path().filename(), tensors,
                        {.metadata = file.metadata(), .written = [&](int64_t bytes) {
                           written_bytes_ += bytes;
                           progress_(written_bytes_, total_bytes_);
                         }});
    }
  }

 private:
  Nvfp4 read(const std::string& module) const {
    return std::get<Nvfp4>(read_weight(checkpoint_, config_, module));
  }

  void plan(const std::string& first, const FusedGroup& group) {
    const std::string parent = first.substr(0, first.size() - group.members[0].size());
    std::vector<std::string> modules;
    float lowest = INFINITY, highest = 0;
    float lowest_input = INFINITY, highest_input = 0;
    for (const std::string_view member : group.members) {
      const std::string module = parent + std::string(member);
      if (member.empty() || tensors_of(checkpoint_, module).empty()) continue;
      const Weight weight = read_weight(checkpoint_, config_, module);
      const auto* nvfp4 = std::get_if<Nvfp4>(&weight);
      if (nvfp4 == nullptr) return;  // engines do not fuse a mix
      modules.push_back(module);
      if (!are_zeros(nvfp4->codes.span())) lowest = std::min(lowest, nvfp4->global.divisor());
      highest = std::max(highest, nvfp4->global.divisor());
      const float input = input_divisor(*nvfp4).value_or(lowest_input);
      lowest_input = std::min(lowest_input, input);
      highest_input = std::max(highest_input, input_divisor(*nvfp4).value_or(0));
    }
    lowest = std::min(lowest, highest);  // nothing but zeros
    const bool same_inputs = highest_input == 0 || lowest_input == highest_input;
    if (lowest == highest && same_inputs) return;
    groups_.push_back({modules, double{highest} / double{lowest}});
    for (const std::string& module : modules) {
      NewDivisors& divisors = changed_[module];
      divisors.weight = lowest;
      if (highest_input != 0) divisors.input = lowest_input;
    }
  }

  TensorToWrite repaired(const StoredTensor& tensor) const {
    const size_t dot = tensor.name.rfind('.');
    const std::string module = tensor.name.substr(0, dot), suffix = tensor.name.substr(dot + 1);
    const auto at = changed_.find(module);
    if (at == changed_.end()) return carried(tensor);
    const NewDivisors& now = at->second;
    if (suffix == "weight_scale") {
      return made(tensor,
                  [this, module, now] { return as_bytes(rescaled(read(module), now.weight)); });
    }
    if (suffix == "weight_global_scale") return number(tensor, now.weight);
    if (suffix == "weight_scale_2") return number(tensor, 1 / now.weight);
    if (now.input && suffix == "input_global_scale") return number(tensor, *now.input);
    if (now.input && suffix == "input_scale") return number(tensor, 1 / *now.input);
    return carried(tensor);
  }

  template <typename Make>
  static TensorToWrite made(const StoredTensor& tensor, const Make& make) {
    return {tensor.name, tensor.dtype, tensor.shape, make};
  }
  static TensorToWrite number(const StoredTensor& tensor, float value) {
    return made(tensor, [value] { return as_bytes(std::vector<float>{value}); });
  }
  template <typename T>
  static std::vector<std::byte> as_bytes(const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
  }

  Checkpoint checkpoint_;
  QuantizationConfig config_;
  WriteProgress progress_;
  std::map<std::string, NewDivisors> changed_;
  std::vector<RepairedGroup> groups_;
  int64_t total_bytes_ = 0, written_bytes_ = 0;
};

// The files that carry_files() leaves to the writer, as they are.
void carry_configs(const fs::path& from, const fs::path& to) {
  for (const char* name : {"config.json", "model.safetensors.index.json",
                           "quantization_config.json", "hf_quant_config.json"}) {
    if (is_present(from / name)) write_text(to / name, read_text_file(from / name));
  }
}

}  // namespace

std::vector<float8_e4m3> rescaled(const Nvfp4& weight, float divisor) {
  const float ratio = divisor / weight.global.divisor();
  std::vector<float8_e4m3> scales(static_cast<size_t>(weight.scales.size()));
  std::transform(weight.scales.span().begin(), weight.scales.span().end(), scales.begin(),
                 [&](float8_e4m3 s) { return float8_e4m3{e4m3_code(to_float(s) * ratio)}; });
  return scales;
}

std::vector<RepairedGroup> repair_folder(const fs::path& from, const fs::path& to,
                                         const WriteProgress& progress) {
  check_outside(from, to);
  Repair run(from, progress);
  NewFolder folder(to);
  check_space(folder.partial(), run.total_bytes());
  carry_files(from, folder.partial());
  carry_configs(from, folder.partial());
  run.write(folder.partial());
  folder.commit();
  return run.groups();
}

}  // namespace quantrial
