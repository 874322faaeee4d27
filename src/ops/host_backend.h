// What every backend in host memory shares: allocation, copies, and weights kept as stored.
#pragma once

#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "ops/backend.h"

namespace quantrial {

// A weight that stays in its checkpoint layout.
class HostWeight final : public DeviceWeight {
 public:
  explicit HostWeight(Weight w) : weight(std::move(w)) {}
  int64_t rows() const override { return quantrial::rows(weight); }
  int64_t columns() const override { return quantrial::columns(weight); }
  int64_t bytes() const override { return quantrial::bytes(weight); }

  const Weight weight;
};

inline const Weight& stored(const DeviceWeight& weight) {
  return static_cast<const HostWeight&>(weight).weight;
}

class HostBackend : public Backend {
 public:
  explicit HostBackend(const BackendOptions& options) : options_(options) {}

  std::unique_ptr<Memory> allocate(int64_t bytes) override;
  std::unique_ptr<Memory> allocate_shared(int64_t bytes) override { return allocate(bytes); }
  void copy_in(std::span<const std::byte> host, void* device) override {
    std::memcpy(device, host.data(), host.size());
  }
  void copy_out(const void* device, std::span<std::byte> host) override {
    std::memcpy(host.data(), device, host.size());
  }
  void copy(const void* from, void* to, int64_t bytes) override {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }
  void fill_zero(std::span<float> numbers) override {
    std::memset(numbers.data(), 0, numbers.size_bytes());
  }
  std::unique_ptr<DeviceWeight> upload(Weight weight) override {
    return std::make_unique<HostWeight>(std::move(weight));
  }
  DType kv_dtype() const override {
    return options_.precision == Precision::fp32 ? DType::f32 : DType::bf16;
  }

 protected:
  // How inputs of a Linear are quantized here.
  const Activations& prescribed(const Weight& weight) const {
    static const Activations none = Unquantized{};
    return options_.activations == ActivationMode::off ? none : activations(weight);
  }
  // Input row x[K] of a Linear made ready in place: rounded as the precision says, then quantized
  // as the weight's format says.
  void prepare_input(std::span<float> x, const Activations& activations) const;

  BackendOptions options_;
};

// The shared (key) head that one of `heads` query or value heads reads: neighbours read the same.
inline int64_t shared_head(int64_t head, int64_t heads, int64_t shared_heads) {
  return head / (heads / shared_heads);
}

}  // namespace quantrial
