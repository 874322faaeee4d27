// Evaluated arguments of a call, a filter or a test.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace quantrial::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> keyword;

  const Value* find_keyword(std::string_view name) const;
};

// Arguments by the names of the parameters, as Python binds them.
class Bound {
 public:
  // Throws Error naming `callee` for arguments that fit no parameter.
  Bound(std::string_view callee, std::initializer_list<std::string_view> names,
        const Arguments& arguments);

  bool has(size_t i) const { return values_[i] != nullptr && !values_[i]->is_undefined(); }
  // Throws Error when parameter i has no argument.
  const Value& required(size_t i) const;
  Value get(size_t i, Value fallback) const {
    return values_[i] == nullptr ? fallback : *values_[i];
  }
  bool flag(size_t i, bool fallback) const {
    return values_[i] == nullptr ? fallback : is_true(*values_[i]);
  }
  int64_t integer(size_t i, int64_t fallback) const;
  std::string text(size_t i, std::string_view fallback) const;

 private:
  std::string_view callee_;
  std::vector<std::string_view> names_;
  std::vector<const Value*> values_;  // null: not given
};

}  // namespace quantrial::jinja
