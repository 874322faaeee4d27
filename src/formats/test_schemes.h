// The four schemes of the recipes, for tests of the writers.
#pragma once

#include "formats/scheme.h"

namespace quantrial::test_schemes {

inline constexpr Scheme int4_g128{.weights = Scheme::Weights::int4, .group_size = 128};
inline constexpr Scheme int4_g32{
    .weights = Scheme::Weights::int4, .group_size = 32, .symmetric = false};
inline constexpr Scheme fp8{.weights = Scheme::Weights::fp8,
                            .block_rows = 128,
                            .block_columns = 128,
                            .inputs = Scheme::Inputs::fp8_dynamic,
                            .input_group = 128};
inline constexpr Scheme nvfp4{.weights = Scheme::Weights::nvfp4,
                              .inputs = Scheme::Inputs::nvfp4_local};

}  // namespace quantrial::test_schemes
