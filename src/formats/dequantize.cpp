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
    const auto decode = [this, module](const PieceSink& sink) {
      decode_bf16(read_weight(checkpoint_, config_, module, pool_), pool_, sink);
      for (const std::string& name : tensors_of(checkpoint_, module)) {
        const StoredTensor& tensor = checkpoint_.at(name);
        tensor.file->release(tensor.bytes);
      }
    };
    return {.name = module + ".weight",
            .dtype = DType::bf16,
            .shape = {matrix.rows, matrix.columns},
            .make_bytes = {},
            .make_pieces = decode};
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

void decode_bf16(const Weight& weight, ThreadPool& pool, const PieceSink& sink) {
  constexpr int64_t piece_bytes = 8 << 20;
  const int64_t N = rows(weight), K = columns(weight);
  const auto width = static_cast<size_t>(K);
  const int64_t piece_rows = std::clamp<int64_t>(piece_bytes / (2 * K), 1, N);
  std::vector<bfloat16> piece(static_cast<size_t>(piece_rows) * width);
  std::vector<std::vector<float>> row_of_thread(static_cast<size_t>(pool.size()),
                                                std::vector<float>(width));
  for (int64_t first = 0; first < N; first += piece_rows) {
    const int64_t count = std::min(piece_rows, N - first);
    pool.parallel_for(count, [&](int64_t n, int thread) {
      std::vector<float>& row = row_of_thread[static_cast<size_t>(thread)];
      decode_row(weight, first + n, row);
      bfloat16* out = piece.data() + static_cast<size_t>(n) * width;
      for (size_t k = 0; k < width; ++k) out[k] = to_bfloat16(row[k]);
    });
    sink(std::as_bytes(std::span(piece).first(static_cast<size_t>(count) * width)));
  }
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
