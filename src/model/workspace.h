// Scratch memory of a forward pass: taken in order, given back by scope. Made once for the
// largest step, so that a view costs no allocation.
#pragma once

#include <memory>

#include "model/state.h"

namespace quantrial {

class Workspace {
 public:
  Workspace(Backend& backend, int64_t floats)
      : memory_(backend.allocate(floats * 4)), floats_(floats) {}

  template <int Rank>
  View<float, Rank> take(std::array<int64_t, Rank> shape) {
    const View<float, Rank> view(static_cast<float*>(memory_->data()) + used_, shape);
    used_ += (view.size() + 15) / 16 * 16;  // next view starts on a cache line
    require(used_ <= floats_, "Workspace: larger than planned");
    return view;
  }
  int64_t bytes() const { return floats_ * 4; }

  // Gives back, at the end of its scope, what was taken after its construction.
  class Scope {
   public:
    explicit Scope(Workspace& workspace) : workspace_(workspace), mark_(workspace.used_) {}
    ~Scope() { workspace_.used_ = mark_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Workspace& workspace_;
    int64_t mark_;
  };

 private:
  std::unique_ptr<Memory> memory_;
  int64_t floats_;
  int64_t used_ = 0;
};

// What the layers of one forward pass share.
struct Step {
  Backend& backend;
  const ModelConfig& config;
  StatePool& pool;
  Workspace& workspace;
  std::span<const Segment> segments;
  View<const float, 2> cos, sin;  // rotary tables of the rows' positions, [T, rotary_dim / 2]

  int64_t rows() const { return cos.shape(0); }
};

// The same memory read as another shape of equal size.
template <int To, int From, typename T>
View<T, To> reshaped(View<T, From> view, std::array<int64_t, To> shape) {
  const View<T, To> result(view.data(), shape);
  require(result.size() == view.size(), "reshaped: sizes differ");
  return result;
}

}  // namespace quantrial
