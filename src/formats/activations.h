// What a checkpoint prescribes for the input of a Linear. It belongs to the weight's format:
// `linear` quantizes its input as the weight says. All scales are per token, computed on the fly.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

namespace quantrial {

// The second-level scale of NVFP4. compressed-tensors divides by it, ModelOpt multiplies with it.
struct GlobalScale {
  enum class Kind : uint8_t { divisor, multiplier };
  float value = 1;
  Kind kind = Kind::divisor;

  friend bool operator==(const GlobalScale&, const GlobalScale&) = default;

  float applied_to(float scale) const {
    return kind == Kind::divisor ? scale / value : scale * value;
  }
  float divisor() const { return kind == Kind::divisor ? value : 1 / value; }
};

struct Unquantized {  // the input stays as it is
  friend bool operator==(const Unquantized&, const Unquantized&) = default;
};

// E4M3 codes, scale = absmax / 448 over `group` consecutive channels (0: over the whole token).
struct Fp8Dynamic {
  int64_t group = 128;

  friend bool operator==(const Fp8Dynamic&, const Fp8Dynamic&) = default;
};

// E4M3 codes with one scale that calibration fixed (ModelOpt FP8).
struct Fp8Static {
  float scale = 1;

  friend bool operator==(const Fp8Static&, const Fp8Static&) = default;
};

// E2M1 codes, E4M3 scale over 16 channels = e4m3(absmax / 6 * divisor), `global` fixed by
// calibration.
struct Nvfp4Local {
  GlobalScale global;

  friend bool operator==(const Nvfp4Local&, const Nvfp4Local&) = default;
};

using Activations = std::variant<Unquantized, Fp8Dynamic, Fp8Static, Nvfp4Local>;

// The type in which a tool forms scales: float, or bfloat16 when it runs the model in bfloat16.
enum class Arithmetic : uint8_t { float32, bfloat16 };

// Replaces x[K] by the numbers that its codes and scales stand for, in float without a last
// rounding. Bit-exact with compressed-tensors 0.19 (compute_dynamic_scales_and_zp + fake_quantize)
// in both arithmetics, before its final cast to the model's type.
void quantize_dequantize(std::span<float> x, const Activations& activations, Arithmetic arithmetic);

// Channels of a row of `columns` that share a scale; 0 for Unquantized.
int64_t scale_group(const Activations& activations, int64_t columns);

// The same apart: x[K] becomes the numbers of its codes, which bfloat16 holds, and scales[g] that
// of the g-th scale_group(); their products are what quantize_dequantize() gives.
void quantize(std::span<float> x, const Activations& activations, Arithmetic arithmetic,
              std::span<float> scales);

inline bool is_quantized(const Activations& a) { return !std::holds_alternative<Unquantized>(a); }

}  // namespace quantrial
