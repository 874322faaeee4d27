// What one rendering may use. Templates come from files that anyone may have written.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace quantrial::jinja {

// Depths that the stack bears: brackets and blocks in the source, containers in containers,
// evaluations (operators, statements, calls) inside one another.
constexpr int max_value_depth = 100;
constexpr size_t max_value_bytes = size_t{1} << 28;
constexpr int max_syntax_depth = 200;
constexpr int max_evaluation_depth = 1000;

// Tokens of one tag: a chain such as a + b + c nests as deeply as it is long.
constexpr size_t max_tag_tokens = 2000;

class Budget {
 public:
  // A template works through its input a few times and a hundred times at most.
  explicit Budget(size_t input_bytes)
      : steps_(5'000'000 + 100 * input_bytes), bytes_((size_t{128} << 20) + 100 * input_bytes) {}

  // Work: an evaluated expression, a compared or copied element.
  void take_steps(size_t count) {
    if (count > steps_) throw Error("the template runs on and on (step limit)");
    steps_ -= count;
  }

  // Memory of new texts and lists; call it before they are made.
  void take_bytes(size_t count) {
    if (count > bytes_) throw Error("the template makes too much text (memory limit)");
    bytes_ -= count;
  }

 private:
  size_t steps_;
  size_t bytes_;
};

}  // namespace quantrial::jinja
