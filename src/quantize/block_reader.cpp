#include "quantize/block_reader.h"

#include <algorithm>
#include <cmath>

namespace quantrial {

std::vector<float> BlockReader::read(const std::string& name,
                                     const std::vector<int64_t>& shape) const {
  const StoredTensor& tensor = checkpoint_.at(prefix_ + name);
  if (tensor.shape != shape) {
    throw Error("{}: shape {}, expected {} from config.json; the folder mixes two models?",
                escaped(tensor.name), tensor.shape_text(), shape_text(shape));
  }
  std::vector<float> values = tensor.floats();
  tensor.file->release(tensor.bytes);
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  if (bad != values.end()) {
    throw Error("{}: holds {} at element {}; the checkpoint is damaged", escaped(tensor.name), *bad,
                bad - values.begin());
  }
  return values;
}

}  // namespace quantrial
