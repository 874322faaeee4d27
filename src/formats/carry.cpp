#include "formats/carry.h"

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/write_error.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// Whether a file beside the weights is about the source's own: their storage, or a card and scores
// that hold for them alone.
bool is_replaced(const fs::path& name) {
  return name.extension() == ".safetensors" || name == "config.json" || name == "README.md" ||
         name == "scores.json" || name == "model.safetensors.index.json" ||
         name == "quantization_config.json" || name == "hf_quant_config.json" ||
         name == "quantization.json";
}

}  // namespace

TensorToWrite carried(const StoredTensor& tensor) {
  return {tensor.name, tensor.dtype, tensor.shape, {}, &tensor};
}

void carry_files(const fs::path& from, const fs::path& to) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    const fs::path name = entry.path().filename();
    if (is_replaced(name)) continue;
    const auto options = fs::copy_options::recursive | fs::copy_options::overwrite_existing;
    fs::copy(entry.path(), to / name, options, error);
    if (error) break;
  }
  if (error) {
    throw WriteError("cannot copy the files of {} to {}: {}; free space or choose another folder",
                     shown(from), shown(to), error.message());
  }
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush())
    throw WriteError("cannot write {}; free space or choose another folder", shown(path));
}

void check_space(const fs::path& dir, int64_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(dir, error);
  if (!error && space.available < static_cast<uint64_t>(std::max<int64_t>(bytes, 0))) {
    throw WriteError("{}: {} bytes free, {} needed; free space or choose another folder",
                     shown(dir), space.available, bytes);
  }
}

void check_outside(const fs::path& from, const fs::path& to) {
  std::error_code error;
  const auto inner = fs::weakly_canonical(to, error), outer = fs::weakly_canonical(from, error);
  if (std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end()) {
    throw Error("{}: lies inside {}; choose another output folder", shown(to), shown(from));
  }
}

}  // namespace quantrial
