// tests/oracles/gradients.safetensors (make_gradients.py): PyTorch's gradients in float64.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tensor/safetensors.h"
#include "tensor/view.h"
#include "tests/tolerance.h"

namespace quantrial::oracle {

class Gradients {
 public:
  Gradients() {
    const SafetensorsFile file(QUANTRIAL_SOURCE "/tests/oracles/gradients.safetensors");
    for (const StoredTensor& t : file.tensors()) tensors_[t.name] = {t.shape, t.floats()};
  }

  // As stored; a test may change the numbers.
  template <int Rank>
  View<float, Rank> view(const std::string& name) {
    Tensor& t = at(name);
    require(t.shape.size() == Rank, "gradients: rank of " + name);
    std::array<int64_t, Rank> shape{};
    std::copy(t.shape.begin(), t.shape.end(), shape.begin());
    return {t.values.data(), shape};
  }
  // The same numbers as rows of another length.
  View<float, 2> rows_of(const std::string& name, int64_t columns) {
    std::vector<float>& values = at(name).values;
    return {values.data(), {static_cast<int64_t>(values.size()) / columns, columns}};
  }

  // The largest difference, relative to the largest stored number.
  void expect(const std::string& name, std::span<const float> ours, double tolerance) {
    const std::vector<float>& expected = at(name).values;
    ASSERT_EQ(ours.size(), expected.size()) << name;
    double worst = 0, largest = 0;
    for (size_t i = 0; i < ours.size(); ++i) {
      ASSERT_TRUE(std::isfinite(ours[i])) << name << " " << i;
      worst = std::max(worst, std::abs(double{ours[i]} - expected[i]));
      largest = std::max(largest, std::abs(double{expected[i]}));
    }
    EXPECT_LE(worst / largest, tolerance) << name;
  }

 private:
  struct Tensor {
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  Tensor& at(const std::string& name) {
    const auto found = tensors_.find(name);
    require(found != tensors_.end(), "gradients: no tensor " + name);
    return found->second;
  }

  std::map<std::string, Tensor> tensors_;
};

}  // namespace quantrial::oracle
