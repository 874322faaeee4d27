#include "quantize/verify_files.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/config_readers.h"
#include "formats/read_weight.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using Severity = Finding::Severity;

constexpr const char* index_name = "model.safetensors.index.json";

// transformers 5.24 (utils/hub.py) stops without metadata. Nothing goes by total_size: auto-round
// 0.15 writes 0, llm-compressor 0.14 the sizes of files.
void check_metadata(const Json& index, int64_t bytes, std::vector<Finding>& findings) {
  const auto metadata = index.find("metadata");
  if (metadata == index.end() || !metadata->is_object()) {
    findings.push_back({Severity::error,
                        "index_metadata",
                        {},
                        fmt::format("{} has no metadata, without which transformers stops; add "
                                    "{{\"total_size\": {}}}",
                                    index_name, bytes)});
    return;
  }
  const auto size = metadata->find("total_size");
  if (size == metadata->end() || *size == bytes) return;
  findings.push_back({Severity::warning,
                      "total_size",
                      {},
                      fmt::format("{}: total_size is {}, the tensors have {} bytes; correct it",
                                  index_name, escaped(size->dump()), bytes)});
}

bool has_any(const fs::path& dir, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return is_present(dir / name); });
}

void check_tokenizer(const fs::path& dir, const std::optional<fs::path>& base,
                     std::vector<Finding>& findings) {
  if (is_present(dir / "tokenizer.json")) return;
  const bool can_be_made = is_present(dir / "vocab.json") && is_present(dir / "merges.txt");
  const bool as_base = base && !is_present(*base / "tokenizer.json");
  findings.push_back({can_be_made || as_base ? Severity::warning : Severity::error,
                      "tokenizer_missing",
                      {},
                      can_be_made ? "no tokenizer.json, only vocab.json and merges.txt, from which "
                                    "transformers makes one; quantrial does not"
                                  : "no tokenizer.json; engines do not start without a tokenizer, "
                                    "copy the model's"});
}

}  // namespace

void check_index(const Checkpoint& checkpoint, std::vector<Finding>& findings) {
  const fs::path path = checkpoint.dir() / index_name;
  if (!is_present(path)) return;
  const Json index = read_json_object(path);
  const Json& map = index.at("weight_map");
  std::vector<std::string> unlisted;
  int64_t bytes = 0;
  for (const SafetensorsFile& file : checkpoint.files()) {
    for (const StoredTensor& tensor : file.tensors()) {
      bytes += static_cast<int64_t>(tensor.bytes.size());
      if (!map.contains(tensor.name)) unlisted.push_back(tensor.name);
    }
  }
  if (!unlisted.empty()) {
    findings.push_back({Severity::error, "not_in_index", unlisted,
                        "a file holds it, but model.safetensors.index.json does not name it; "
                        "loaders and tools that go by the index leave it out; add it"});
  }
  check_metadata(index, bytes, findings);
}

void check_second_config(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                         std::vector<Finding>& findings) {
  try {
    const auto second = read_config_beside(checkpoint.dir());
    if (!second) return;
    std::vector<std::string> modules;
    for (const std::string& module : matrix_modules(checkpoint)) {
      if (second->scheme(module) != quantization.scheme(module)) modules.push_back(module);
    }
    if (modules.empty() && second->container() == quantization.container()) return;
    findings.push_back({Severity::warning, "second_config", modules,
                        "quantization_config.json or hf_quant_config.json says otherwise than "
                        "config.json; engines read config.json first, tools may not; make them "
                        "the same"});
  } catch (const Error& error) {
    findings.push_back({Severity::warning, "second_config", {}, error.what()});
  }
}

void check_carried_files(const fs::path& dir, const std::optional<fs::path>& base,
                         std::vector<Finding>& findings) {
  check_tokenizer(dir, base, findings);
  if (!base) return;
  std::vector<std::string> missing;
  for (const char* name :
       {"tokenizer_config.json", "chat_template.jinja", "generation_config.json"}) {
    if (is_present(*base / name) && !is_present(dir / name)) missing.push_back(name);
  }
  // llm-compressor writes processor_config.json in place of the others.
  constexpr const char* processor = "preprocessor_config.json";
  if (is_present(*base / processor) && !has_any(dir, {processor, "processor_config.json"})) {
    missing.push_back(processor);
  }
  if (!missing.empty()) {
    findings.push_back({Severity::warning, "missing_file", missing,
                        "the base model has it, this one does not; copy it from there"});
  }
}

}  // namespace quantrial
