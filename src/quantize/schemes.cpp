#include "quantize/schemes.h"

#include "base/error.h"

namespace quantrial {
namespace {

Int4Codec int4_codec(const Scheme& scheme, OutputContainer container) {
  const bool compressed = container == OutputContainer::compressed_tensors;
  const auto symmetric = compressed ? Int4Codec::Fit::absmax : Int4Codec::Fit::signed_absmax;
  return {.fit_rule = scheme.symmetric ? symmetric : Int4Codec::Fit::range,
          .group_size = scheme.group_size,
          .scale_dtype = compressed ? DType::bf16 : DType::f16,
          .arithmetic = compressed ? Arithmetic::bfloat16 : Arithmetic::float32};
}

}  // namespace

RoundingCodec rounding_codec(const Scheme& scheme, OutputContainer container, float divisor) {
  switch (scheme.weights) {
    case Scheme::Weights::int4:
      return int4_codec(scheme, container);
    case Scheme::Weights::fp8:
      return Fp8Codec{container == OutputContainer::fp8 ? Fp8Codec::Rule::hugging_face
                                                        : Fp8Codec::Rule::compressed_tensors,
                      scheme.block_rows, scheme.block_columns};
    case Scheme::Weights::nvfp4:
      break;
  }
  return Nvfp4Codec{divisor};
}

Codec algorithm_codec(const Scheme& scheme, OutputContainer container, float divisor) {
  require(scheme.weights != Scheme::Weights::fp8, "algorithm_codec: FP8 is only rounded");
  if (scheme.weights == Scheme::Weights::nvfp4) return Nvfp4Codec{divisor};
  Int4Codec codec = int4_codec(scheme, container);
  codec.arithmetic = Arithmetic::float32;  // the nearest code, not a tool's bits
  return codec;
}

float nvfp4_divisor(const Recipe& recipe, float absmax) {
  const bool llm_compressor = recipe.method == Method::round_to_nearest &&
                              recipe.container == OutputContainer::compressed_tensors;
  return Nvfp4Codec::divisor_for(absmax,
                                 llm_compressor ? Arithmetic::bfloat16 : Arithmetic::float32);
}

Activations run_time_activations(const Recipe& recipe, const Scheme& scheme, float absmax) {
  switch (scheme.inputs) {
    case Scheme::Inputs::fp8_dynamic:
      return Fp8Dynamic{scheme.input_group};
    case Scheme::Inputs::nvfp4_local:
      return Nvfp4Local{{nvfp4_divisor(recipe, absmax), GlobalScale::Kind::divisor}};
    default:
      return Unquantized{};
  }
}

std::string shape_reason(const Scheme& scheme, int64_t N, int64_t K) {
  if (scheme.weights == Scheme::Weights::fp8) {
    if (N % scheme.block_rows == 0 && K % scheme.block_columns == 0) return {};
    return fmt::format("[{}, {}] is no whole number of {}x{} blocks", N, K, scheme.block_rows,
                       scheme.block_columns);
  }
  if (scheme.weights == Scheme::Weights::int4 && (N % 32 != 0 || K % 32 != 0)) {
    return fmt::format("[{}, {}] is no multiple of 32", N, K);
  }
  return {};
}

}  // namespace quantrial
