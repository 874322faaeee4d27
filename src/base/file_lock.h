// Whether a file or folder that is written in place of another belongs to a live run.
#pragma once

namespace quantrial {

// Takes the lock of an open file or folder, which ends with the descriptor or its process; false
// when another holds it. True where the file system knows no locks.
bool lock_alone(int fd);

}  // namespace quantrial
