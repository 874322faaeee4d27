#include "text/jinja/template.h"

#include "base/error.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/parser.h"

namespace quantrial::jinja {

Template::Template(std::string_view source) : body_(parse(source)) {}

std::string Template::render(const nlohmann::ordered_json& variables) const {
  if (!variables.is_object()) throw Error("the variables of a template must be an object");
  std::vector<std::pair<std::string, Value>> values;
  size_t input_bytes = 0;
  for (const auto& [name, variable] : variables.items()) {
    values.emplace_back(name, from_json(variable));
    input_bytes += values.back().second.extent().bytes;
  }
  Interpreter interpreter(std::move(values), input_bytes);
  try {
    return interpreter.run(body_);
  } catch (const Error& error) {
    throw Error("line {}: {}", interpreter.line(), error.what());
  }
}

}  // namespace quantrial::jinja
