// A parsed template of the Jinja language, as transformers sets Jinja2 up for chat templates:
// trim_blocks, lstrip_blocks, break and continue, {% generation %}, tojson without escaping,
// raise_exception, strftime_now. Why our own: docs/decisions/0002-jinja.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "text/jinja/syntax.h"

namespace quantrial::jinja {

class Template {
 public:
  // Throws Error naming the line and the construct.
  explicit Template(std::string_view source);

  // `variables` is an object. Throws Error naming the line.
  std::string render(const nlohmann::ordered_json& variables) const;

 private:
  Body body_;
};

}  // namespace quantrial::jinja
