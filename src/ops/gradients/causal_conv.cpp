// s_t = sum_j w_j x_{t-(W-1)+j}, y = silu(s) per channel.
// ds = dy silu'(s), silu'(s) = o (1 + s (1 - o)), o = 1 / (1 + exp(-s));
// dx_t = sum_j w_j ds_{t+(W-1)-j}, over the rows of the sequence.
#include "ops/gradients/convolution_tile.h"
#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/causal_conv.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"
#include "ops/gradients/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

constexpr int64_t width = ConvolutionTile::max_channels;

class TileLoops {
 public:
  TileLoops(const Convolution& convolution, const ConvolutionTile& tile)
      : tile_(tile),
        C_(convolution.x.shape(1)),
        W_(convolution.weight.shape(1)),
        L_(convolution.sequence_length),
        first_(tile.sequence * L_ * C_ + tile.channel),
        x_(convolution.x.data() + first_),
        taps_(tile.scratch),
        ds_(tile.scratch + W_ * width) {
    const float* weight = convolution.weight.data() + tile.channel * W_;
    for (int64_t c = 0; c < tile.channels; ++c) {
      for (int64_t j = 0; j < W_; ++j) taps_[j * width + c] = weight[c * W_ + j];
    }
  }

  void Forward(float* y) const {
    for (int64_t t = tile_.row; t < tile_.row + tile_.rows; ++t) {
      ForVectors(y + first_ + t * C_, [&](int64_t c, auto load) {
        const auto s = Convolve(t, c, load);
        return hn::Mul(s, Sigmoid(s));
      });
    }
  }

  void Backward(const float* dy, float* dx) const {
    for (int64_t t = tile_.row; t < tile_.row + tile_.rows + W_ - 1; ++t) {
      if (t < L_) DifferentiateRow(t, dy + first_ + t * C_);
      const int64_t ready = t - (W_ - 1);
      if (ready < tile_.row) continue;
      ForVectors(dx + first_ + ready * C_,
                 [&](int64_t c, auto load) { return Gather(ready, c, load); });
    }
  }

 private:
  // to[c..] = f(c, load), `load` reading as many floats as there are to be written.
  template <typename F>
  void ForVectors(float* to, F f) const {
    const Lanes d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    int64_t c = 0;
    for (; c + lanes <= tile_.channels; c += lanes) {
      hn::StoreU(f(c, [&](const float* from) { return hn::LoadU(d, from); }), d, to + c);
    }
    const int64_t rest = tile_.channels - c;
    if (rest == 0) return;
    StoreFirst(f(c, [&](const float* from) { return LoadFirst(from, rest); }), to + c, rest);
  }

  // s of row t.
  template <typename Load>
  Vector Convolve(int64_t t, int64_t c, Load load) const {
    auto s = hn::Zero(Lanes());
    for (int64_t j = std::max<int64_t>(0, W_ - 1 - t); j < W_; ++j) {
      s = hn::MulAdd(load(taps_ + j * width + c), load(x_ + (t - (W_ - 1) + j) * C_ + c), s);
    }
    return s;
  }

  // ds of row t.
  void DifferentiateRow(int64_t t, const float* dy) const {
    const auto one = hn::Set(Lanes(), 1.0f);
    ForVectors(ds_ + t % W_ * width, [&](int64_t c, auto load) {
      const auto s = Convolve(t, c, load), o = Sigmoid(s);
      return hn::Mul(hn::Mul(o, hn::MulAdd(s, hn::Sub(one, o), one)), load(dy + c));
    });
  }

  // dx of row t.
  template <typename Load>
  Vector Gather(int64_t t, int64_t c, Load load) const {
    auto dx = hn::Zero(Lanes());
    for (int64_t from = t; from < std::min(L_, t + W_); ++from) {
      const int64_t j = t + (W_ - 1) - from;
      dx = hn::MulAdd(load(taps_ + j * width + c), load(ds_ + from % W_ * width + c), dx);
    }
    return dx;
  }

  ConvolutionTile tile_;
  int64_t C_, W_, L_, first_;
  const float* x_;
  float* taps_;  // [W, width]
  float* ds_;    // [W, width], row t at t % W
};

void ConvolveTile(const Convolution& c, const ConvolutionTile& tile, float* y) {
  TileLoops(c, tile).Forward(y);
}

void ConvolveTileBackward(const Convolution& c, const ConvolutionTile& tile, const float* dy,
                          float* dx) {
  TileLoops(c, tile).Backward(dy, dx);
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(ConvolveTile);
HWY_EXPORT(ConvolveTileBackward);

namespace {

template <typename Task>
void for_tiles(const Convolution& convolution, Workers& workers, Task&& task) {
  constexpr int64_t max_rows = ConvolutionTile::max_rows, width = ConvolutionTile::max_channels;
  const int64_t C = convolution.x.shape(1), L = convolution.sequence_length;
  const int64_t across = (C + width - 1) / width, down = (L + max_rows - 1) / max_rows;
  const int64_t sequences = convolution.x.shape(0) / L;
  workers.for_each(sequences * down * across,
                   ConvolutionTile::scratch_floats(convolution.weight.shape(1)),
                   [&](int64_t i, float* scratch) {
                     const int64_t row = i / across % down * max_rows, channel = i % across * width;
                     task(ConvolutionTile{.sequence = i / (across * down),
                                          .row = row,
                                          .rows = std::min(max_rows, L - row),
                                          .channel = channel,
                                          .channels = std::min(width, C - channel),
                                          .scratch = scratch});
                   });
}

}  // namespace

void causal_conv(const Convolution& convolution, View<float, 2> y, Workers& workers) {
  for_tiles(convolution, workers, [&](const ConvolutionTile& tile) {
    HWY_DYNAMIC_DISPATCH(ConvolveTile)(convolution, tile, y.data());
  });
}

void causal_conv_backward(const Convolution& convolution, View<const float, 2> dy,
                          View<float, 2> dx, Workers& workers) {
  for_tiles(convolution, workers, [&](const ConvolutionTile& tile) {
    HWY_DYNAMIC_DISPATCH(ConvolveTileBackward)(convolution, tile, dy.data(), dx.data());
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
