// The inner loops of round_to_nearest.cpp, compiled for every instruction set and chosen at run
// time (Highway's dispatch around plain loops). All sizes are in numbers; `count` is whole groups.
#pragma once

#include <cstdint>

#include "formats/codec.h"

namespace quantrial::rounding {

// A row w[count] in groups of `group` numbers.
struct Groups {
  const float* w;
  int64_t count, group;
};

// ranges[count/group]: the smallest and largest of each group and 0. A NaN or infinity gives a
// range that is not finite.
void ranges(const Groups& row, GroupRange* ranges);

// Codes packed in pairs, packed[count/2], under scales[count/group].
void int4_codes(const Groups& row, const GroupScale* scales, Arithmetic arithmetic,
                uint8_t* packed);
void e2m1_codes(const Groups& row, const GroupScale* scales, uint8_t* packed);
// codes[count], the last group possibly shorter: e4m3(w * factor), or e4m3 of w / divisor in
// bfloat16.
void e4m3_products(const Groups& row, const float* factors, uint8_t* codes);
void e4m3_quotients(const Groups& row, const float* divisors, uint8_t* codes);

}  // namespace quantrial::rounding
