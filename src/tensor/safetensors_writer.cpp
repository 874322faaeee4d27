#include "tensor/safetensors_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/checked.h"
#include "base/error.h"
#include "tensor/file_in_progress.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

std::string header_of(const std::vector<TensorToWrite>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t at = 0;
  for (const TensorToWrite& tensor : tensors) {
    const int64_t end = at + bytes_of(tensor);
    header[tensor.name] = {
        {"dtype", name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

// Piece by piece, so that a large tensor never counts as resident in full.
template <typename Written>
void copy_mapped(const StoredTensor& tensor, FileInProgress& file, Written written) {
  constexpr size_t piece_bytes = 2 << 20;
  for (size_t at = 0; at < tensor.bytes.size(); at += piece_bytes) {
    const auto piece = tensor.bytes.subspan(at, std::min(piece_bytes, tensor.bytes.size() - at));
    tensor.file->populate(piece);
    file.write(piece);
    tensor.file->release(piece);
    written(piece.size());
  }
}

}  // namespace

int64_t bytes_of(const TensorToWrite& tensor) {
  return checked_product(tensor.shape, element_bytes(tensor.dtype));
}

void write_safetensors(const fs::path& path, const std::vector<TensorToWrite>& tensors,
                       const SafetensorsWriteOptions& options) {
  const std::string header = header_of(tensors, options.metadata);
  const uint64_t length = header.size();
  FileInProgress file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  const auto written = [&](size_t bytes) {
    if (options.written) options.written(static_cast<int64_t>(bytes));
  };
  for (const TensorToWrite& tensor : tensors) {
    if (tensor.source != nullptr) {
      copy_mapped(*tensor.source, file, written);
      continue;
    }
    int64_t bytes = 0;
    const auto take = [&](std::span<const std::byte> piece) {
      bytes += static_cast<int64_t>(piece.size());
      file.write(piece);
      written(piece.size());
    };
    if (tensor.make_pieces) {
      tensor.make_pieces(take);
    } else if (tensor.make_bytes) {
      take(tensor.make_bytes());
    } else {
      take(tensor.ready);
    }
    require(bytes == bytes_of(tensor),
            "write_safetensors: a tensor came with another number of bytes than its shape says");
  }
  file.commit(options.durability);
}

}  // namespace quantrial
