#include "ops/host_backend.h"

#include <sys/mman.h>

namespace quantrial {
namespace {

// Anonymous pages: zero, page-aligned, and resident only once touched.
class HostMemory final : public Memory {
 public:
  explicit HostMemory(int64_t bytes) : bytes_(static_cast<size_t>(std::max<int64_t>(bytes, 1))) {
    void* address =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) {
      throw Error("cannot allocate {} bytes: out of memory; use a smaller context or batch", bytes);
    }
    data_ = address;
  }
  ~HostMemory() override { munmap(data_, bytes_); }
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;
  void* data() const override { return data_; }

 private:
  void* data_ = nullptr;
  size_t bytes_;
};

}  // namespace

std::unique_ptr<Memory> HostBackend::allocate(int64_t bytes) {
  return std::make_unique<HostMemory>(bytes);
}

void HostBackend::prepare_input(std::span<float> x, const Activations& activations) const {
  const bool native = options_.precision == Precision::native;
  if (native) {
    for (float& v : x) v = round_to_bfloat16(v);
  }
  if (options_.activations == ActivationMode::as_stored) {
    quantize_dequantize(x, activations, native ? Arithmetic::bfloat16 : Arithmetic::float32);
  }
}

}  // namespace quantrial
