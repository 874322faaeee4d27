// The user wishes a long run to end: thrown by who watches it. What is finished is kept.
#pragma once

#include "base/error.h"

namespace quantrial {

class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace quantrial
