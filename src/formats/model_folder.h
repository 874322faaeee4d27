// Small model folders for the tests of this module: a config.json and tensors given by value.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "formats/read_weight.h"
#include "tensor/json.h"

namespace quantrial {

class ModelFolder : public ::testing::Test {
 protected:
  ModelFolder() { config(Json::object()); }

  // The quantization_config of config.json; an empty object leaves it out.
  void config(const Json& quantization) {
    Json json = {{"model_type", "qwen3_5"}};
    if (!quantization.empty()) json["quantization_config"] = quantization;
    std::ofstream(dir_ / "config.json") << json;
  }
  template <typename T>
  void tensor(const std::string& name, DType dtype, std::vector<int64_t> shape,
              const std::vector<T>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(T));
    if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    erase(name);
    tensors_.push_back({name, dtype, std::move(shape), [bytes] { return bytes; }});
  }
  void erase(const std::string& name) {
    std::erase_if(tensors_, [&](const TensorToWrite& t) { return t.name == name; });
  }

  // What `use` makes of the weight while its file is mapped.
  template <typename Use>
  auto with_weight(const std::string& module, Use&& use) {
    write_safetensors(dir_ / "model.safetensors", tensors_);
    const Checkpoint checkpoint(dir_);
    return use(read_weight(checkpoint, QuantizationConfig::read(dir_), module));
  }
  // Row n of `module` as floats.
  std::vector<float> row(const std::string& module, int64_t n) {
    return with_weight(module, [&](const Weight& weight) {
      std::vector<float> values(static_cast<size_t>(columns(weight)));
      decode_row(weight, n, values);
      return values;
    });
  }
  std::string error_of(const std::string& module) {
    try {
      with_weight(module, [](const Weight&) { return 0; });
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  void expect_error(const std::string& module, const std::string& part) {
    const std::string message = error_of(module);
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path dir_ = folder_.path();
  std::vector<TensorToWrite> tensors_;
};

}  // namespace quantrial
