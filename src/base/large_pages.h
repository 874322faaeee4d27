// Fewer page faults for large memory that is about to be written in full.
#pragma once

#include <cstddef>

namespace quantrial {

// Asks the system for large pages where the memory is not used yet; a system without them ignores
// it. Faults of 4 KiB pages cost as much as rounding a matrix does.
void prefer_large_pages(void* data, size_t bytes);

}  // namespace quantrial
