// Weights in large pages: a processor that streams 4 KiB pages reaches some 85 % of the bandwidth
// that it has in pages of 2 MiB (docs/decisions/0017).
#pragma once

#include "formats/formats.h"

namespace quantrial {

// The same weight, its codes copied where they are large enough; what was mapped of them is given
// back to the system, which can read it from the file again.
Weight in_large_pages(Weight weight);

}  // namespace quantrial
