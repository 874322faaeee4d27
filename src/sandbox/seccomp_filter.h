// The system calls that a sandboxed Python program may make: an allow-list, everything else fails
// with EPERM. No processes (only threads), no sockets, no mounts, no tracing.
#pragma once

#include <string>

namespace quantrial {

// The filter as BPF, as bubblewrap's --seccomp reads it. Throws Error when libseccomp cannot make
// it for this processor.
std::string seccomp_filter();

}  // namespace quantrial
