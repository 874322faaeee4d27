#include "base/file_lock.h"

#include <sys/file.h>

#include <cerrno>

namespace quantrial {

bool lock_alone(int fd) {
  int result = 0;
  do {
    result = flock(fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result == 0 || errno != EWOULDBLOCK;
}

}  // namespace quantrial
