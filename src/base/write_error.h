// What the disk did not take: no space left, a folder that went away. Unlike other Errors, the same
// run may succeed later.
#pragma once

#include "base/error.h"

namespace quantrial {

class WriteError : public Error {
 public:
  using Error::Error;
};

}  // namespace quantrial
