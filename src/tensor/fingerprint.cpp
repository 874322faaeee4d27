#include "tensor/fingerprint.h"

#include <algorithm>

#include "base/mapped_file.h"
#include "base/sha256.h"

namespace quantrial {

std::string fingerprint(const Checkpoint& checkpoint) {
  constexpr size_t piece = 64, places = 5;  // bytes a place, places a tensor
  std::string text = read_text_file(checkpoint.dir() / "config.json");
  for (const auto& [tensor_name, tensor] : checkpoint.tensors()) {
    text += fmt::format("\n{} {} {}\n", tensor_name, name(tensor->dtype), tensor->shape_text());
    const size_t size = tensor->bytes.size();
    for (size_t i = 0; i < places; ++i) {
      const size_t at = (size - std::min(piece, size)) / (places - 1) * i;
      const auto part = tensor->bytes.subspan(at, std::min(piece, size - at));
      text.append(reinterpret_cast<const char*>(part.data()), part.size());
    }
  }
  return Sha256::hex(text);
}

}  // namespace quantrial
