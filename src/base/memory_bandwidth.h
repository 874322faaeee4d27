// How fast this machine reads memory: the bound of everything that streams weights once.
#pragma once

#include "base/thread_pool.h"

namespace quantrial {

// Bytes per second that all threads of `pool` together read from a buffer far beyond the caches:
// the best of five passes, since any disturbance only slows.
double measure_read_bandwidth(ThreadPool& pool);

}  // namespace quantrial
