// How fast this machine reads memory: the bound of everything that streams weights once.
#pragma once

#include "base/thread_pool.h"

namespace quantrial {

// Bytes per second that all threads of `pool` together read from 512 MiB, far beyond the caches, in
// large pages and with the widest registers: the best of eight passes, since any disturbance only
// slows. Scalar loops over small pages read 15 % less on a Zen 5.
double measure_read_bandwidth(ThreadPool& pool);

}  // namespace quantrial
