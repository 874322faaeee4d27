#include "formats/dequantize.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "formats/carry.h"
#include "formats/read_weight.h"
#include "tensor/json.h"
#include "tensor/new_folder.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

constexpr int64_t shard_bytes = 5'000'000'000;  // as transformers' save_pretrained

template <typename T>
std::vector<std::byte> copied(std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

// One run: the checkpoint that is read and what is made of it.
class Dequantization {
 public:
  Dequantization(const fs::path& from, ThreadPool& pool, const WriteProgress& progress)
      : checkpoint_(from),
        config_(QuantizationConfig::read(from)),
        pool_(pool),
        progress_(progress) {
    plan();
  }

  int64_t total_bytes() const { return total_bytes_; }

  void write(const fs::path& dir) {
    const size_t shards = shards_.size();
    const auto written = [this](int64_t bytes) {
      written_bytes_ += bytes;
      progress_(written_bytes_, total_bytes_);
    };
    nlohmann::ordered_json weight_map = nlohmann::ordered_json::object();
    for (size_t i = 0; i < shards; ++i) {
      const std::string file = shards == 1
                                   ? "model.safetensors"
                                   : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards);
      for (const TensorToWrite& tensor : shards_[i]) weight_map[tensor.name] = file;
      write_safetensors(dir / file, shards_[i],
                        {.metadata = {{"format", "pt"}}, .written = written});
    }
    if (shards > 1) {
      const nlohmann::ordered_json index = {{"metadata", {{"total_size", total_bytes_}}},
                                            {"weight_map", weight_map}};
      write_text(dir / "model.safetensors.index.json", index.dump(2) + "\n");
    }
  }

 private:
  // Every tensor of the output, in the order of the files.
  void plan() {
    std::set<std::string> replaced;  // tensors that a decoded matrix stands for
    for (const std::string& module : matrix_modules(checkpoint_)) {
      if (!stored_matrix(checkpoint_, config_, module).quantized) continue;
      for (std::string& name : tensors_of(checkpoint_, module)) replaced.insert(std::move(name));
    }
    std::vector<TensorToWrite> tensors;
    std::set<std::string> decoded;
    for (const SafetensorsFile& file : checkpoint_.files()) {
      for (const StoredTensor& tensor : file.tensors()) {
        if (!replaced.contains(tensor.name)) {
          tensors.push_back(carried(tensor));
        } else if (auto module = tensor.name.substr(0, tensor.name.rfind('.'));
                   decoded.insert(module).second) {
          tensors.push_back(decoded_matrix(module));
        }
      }
    }
    cut_into_shards(std::move(tensors));
  }

  TensorToWrite decoded_matrix(const std::string& module) {
    const StoredMatrix matrix = stored_matrix(checkpoint_, config_, module);
    const auto decode = [this, module] {
      const std::vector<bfloat16> values =
          decode_bf16(read_weight(checkpoint_, config_, module), pool_);
      for (const std::string& name : tensors_of(checkpoint_, module)) {
        const StoredTensor& tensor = checkpoint_.at(name);
        tensor.file->release(tensor.bytes);
      }
      return copied(std::span(values));
    };
    return {module + ".weight", DType::bf16, {matrix.rows, matrix.columns}, decode, nullptr};
  }

  void cut_into_shards(std::vector<TensorToWrite> tensors) {
    int64_t in_shard = 0;
    for (TensorToWrite& tensor : tensors) {
      const int64_t bytes = bytes_of(tensor);
      if (shards_.empty() || in_shard + bytes > shard_bytes) {
        shards_.emplace_back();
        in_shard = 0;
      }
      in_shard += bytes;
      total_bytes_ += bytes;
      shards_.back().push_back(std::move(tensor));
    }
    // Wider types first, so that every tensor is aligned for its type.
    for (auto& shard : shards_) {
      std::stable_sort(shard.begin(), shard.end(),
                       [](const TensorToWrite& a, const TensorToWrite& b) {
                         return element_bytes(a.dtype) > element_bytes(b.dtype);
                       });
    }
  }

  Checkpoint checkpoint_;
  QuantizationConfig config_;
  ThreadPool& pool_;
  WriteProgress progress_;
  std::vector<std::vector<TensorToWrite>> shards_;
  int64_t total_bytes_ = 0, written_bytes_ = 0;
};

// config.json without quantization_config, its keys in the order they had.
std::string plain_config(const fs::path& path) {
  read_json_object(path);  // the strict checks
  auto json = nlohmann::ordered_json::parse(read_text_file(path));
  json.erase("quantization_config");
  if (const auto text = json.find("text_config"); text != json.end() && text->is_object()) {
    text->erase("quantization_config");
  }
  return json.dump(2) + "\n";
}

}  // namespace

std::vector<bfloat16> decode_bf16(const Weight& weight, ThreadPool& pool) {
  const auto width = static_cast<size_t>(columns(weight));
  std::vector<bfloat16> values(static_cast<size_t>(rows(weight)) * width);
  std::vector<std::vector<float>> row_of_thread(static_cast<size_t>(pool.size()),
                                                std::vector<float>(width));
  pool.parallel_for(rows(weight), [&](int64_t n, int thread) {
    std::vector<float>& row = row_of_thread[static_cast<size_t>(thread)];
    decode_row(weight, n, row);
    bfloat16* out = values.data() + static_cast<size_t>(n) * width;
    for (size_t k = 0; k < width; ++k) out[k] = to_bfloat16(row[k]);
  });
  return values;
}

void dequantize_folder(const fs::path& from, const fs::path& to, ThreadPool& pool,
                       const WriteProgress& progress) {
  check_outside(from, to);
  const std::string config = plain_config(from / "config.json");
  Dequantization run(from, pool, progress);
  NewFolder folder(to);
  check_space(folder.partial(), run.total_bytes());
  carry_files(from, folder.partial());
  run.write(folder.partial());
  write_text(folder.partial() / "config.json", config);
  folder.commit();
}

}  // namespace quantrial
