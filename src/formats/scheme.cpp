#include "formats/scheme.h"

#include <fmt/format.h>

namespace quantrial {
namespace {

std::string extent(int64_t size) { return size == 0 ? "*" : fmt::format("{}", size); }

std::string describe_weights(const Scheme& scheme) {
  switch (scheme.weights) {
    case Scheme::Weights::int4:
      return fmt::format("int4 g{} {}", extent(scheme.group_size),
                         scheme.symmetric ? "symmetric" : "asymmetric");
    case Scheme::Weights::fp8:
      return fmt::format("fp8 {}x{}", extent(scheme.block_rows), extent(scheme.block_columns));
    case Scheme::Weights::nvfp4:
      break;
  }
  return "nvfp4";
}

std::string describe_inputs(const Scheme& scheme) {
  switch (scheme.inputs) {
    case Scheme::Inputs::fp8_dynamic:
      return fmt::format(", inputs fp8 dynamic g{}", extent(scheme.input_group));
    case Scheme::Inputs::fp8_static:
      return ", inputs fp8 static";
    case Scheme::Inputs::nvfp4_local:
      return ", inputs nvfp4 local";
    case Scheme::Inputs::unquantized:
      break;
  }
  return "";
}

}  // namespace

std::string describe(const Scheme& scheme) {
  return describe_weights(scheme) + describe_inputs(scheme);
}

}  // namespace quantrial
