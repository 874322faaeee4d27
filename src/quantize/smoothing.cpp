#include "quantize/smoothing.h"

#include <algorithm>
#include <cmath>

namespace quantrial {

std::vector<SmoothingPlace> smoothing_places(const std::vector<BlockLinear>& linears) {
  using Parent = SmoothingPlace::Parent;
  SmoothingPlace mixer{.norm = "input_layernorm", .readers = {}, .parent = Parent::mixer};
  SmoothingPlace mlp{.norm = "post_attention_layernorm", .readers = {}, .parent = Parent::mlp};
  SmoothingPlace down{.readers = {}, .parent = Parent::reader};
  for (size_t i = 0; i < linears.size(); ++i) {
    const auto place = static_cast<int64_t>(i);
    const std::string& name = linears[i].name;
    if (linears[i].input == linears[0].input) mixer.readers.push_back(place);
    if (name == "mlp.gate_proj" || name == "mlp.up_proj") mlp.readers.push_back(place);
    if (name == "mlp.up_proj") down.before = place;
    if (name == "mlp.down_proj") down.readers.push_back(place);
  }
  return {mixer, mlp, down};
}

std::vector<float> smoothing_factors(const std::vector<float>& x, const std::vector<float>& w,
                                     int64_t point, int64_t points) {
  std::vector<float> s(x.size(), 1);
  if (point == 0) return s;
  const float r = points < 3 ? 1 : static_cast<float>(point - 1) / static_cast<float>(points - 2);
  float smallest = INFINITY, largest = 0;
  for (size_t k = 0; k < s.size(); ++k) {
    s[k] = std::max(std::pow(x[k], r) / (std::pow(w[k], 1 - r) + 1e-4f), 1e-4f);
    smallest = std::min(smallest, s[k]);
    largest = std::max(largest, s[k]);
  }
  const float middle = std::sqrt(smallest * largest);
  for (float& factor : s) {
    factor /= middle;
    if (!std::isfinite(factor) || factor == 0) factor = 1;
  }
  return s;
}

}  // namespace quantrial
