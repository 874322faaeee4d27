// The tensors of one decoder block as floats, checked against config.json.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tensor/checkpoint.h"

namespace quantrial {

class BlockReader {
 public:
  // `prefix` ends in "layers.N.".
  BlockReader(const Checkpoint& checkpoint, std::string prefix)
      : checkpoint_(checkpoint), prefix_(std::move(prefix)) {}

  // Tensor prefix + name. Throws Error when it is absent, of another shape or type, or holds NaN
  // or infinity.
  std::vector<float> read(const std::string& name, const std::vector<int64_t>& shape) const;

 private:
  const Checkpoint& checkpoint_;
  std::string prefix_;
};

}  // namespace quantrial
