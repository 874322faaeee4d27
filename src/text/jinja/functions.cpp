#include "text/jinja/functions.h"

#include <algorithm>
#include <ctime>

#include "text/jinja/interpreter.h"

namespace quantrial::jinja {
namespace {

constexpr int64_t max_range = 100'000;  // Jinja2's sandbox, MAX_RANGE

Value range(Interpreter& interpreter, const Arguments& arguments) {
  const Bound bound("range", {"start", "stop", "step"}, arguments);
  const bool one = arguments.positional.size() == 1;
  const int64_t start = one ? 0 : to_index(bound.required(0), "range");
  const int64_t stop = to_index(bound.required(one ? 0 : 1), "range");
  const int64_t step = bound.integer(2, 1);
  if (step == 0) throw Error("range: the step must not be zero");
  std::vector<Value> numbers;
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (std::ssize(numbers) == max_range) throw Error("range: more than {} numbers", max_range);
    numbers.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  interpreter.budget().take_bytes(numbers.size() * sizeof(Value));
  return Value::list(std::move(numbers));
}

std::vector<std::pair<Value, Value>> dict_items(std::string_view callee,
                                                const Arguments& arguments) {
  std::vector<std::pair<Value, Value>> items;
  if (arguments.positional.size() > 1)
    throw Error("{}: takes at most one positional argument", callee);
  for (const Value& first : arguments.positional) {
    if (first.is_dict()) {
      items = first.dict().items;
      continue;
    }
    for (const Value& pair : elements(first)) {
      const auto parts = elements(pair);
      if (parts.size() != 2) throw Error("{}: pairs of key and value are needed", callee);
      items.emplace_back(parts[0], parts[1]);
    }
  }
  for (const auto& [key, value] : arguments.keyword) items.emplace_back(Value(key), value);
  return items;
}

Value make_dict(Interpreter&, const Arguments& arguments) {
  return Value::dict(dict_items("dict", arguments));
}

Value make_namespace(Interpreter& interpreter, const Arguments& arguments) {
  std::vector<std::pair<std::string, Value>> attributes;
  for (auto& [key, value] : dict_items("namespace", arguments))
    attributes.emplace_back(to_text(key), value);
  return interpreter.make_namespace(std::move(attributes));
}

Value raise_exception(Interpreter&, const Arguments& arguments) {
  throw Error("the template refuses: {}",
              escaped(Bound("raise_exception", {"message"}, arguments).text(0, ""), 1000));
}

// datetime.now().strftime(format)
Value strftime_now(Interpreter& interpreter, const Arguments& arguments) {
  const std::string format = Bound("strftime_now", {"format"}, arguments).text(0, "");
  if (format.size() > 1000) throw Error("strftime_now: a format of more than 1000 bytes");
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::string text(100 * format.size() + 1, '\0');
  interpreter.budget().take_bytes(text.size());
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &local));
  return text;
}

using Function = Value (*)(Interpreter&, const Arguments&);
constexpr std::pair<std::string_view, Function> functions[] = {{"range", range},
                                                               {"dict", make_dict},
                                                               {"namespace", make_namespace},
                                                               {"raise_exception", raise_exception},
                                                               {"strftime_now", strftime_now}};

const std::pair<std::string_view, Function>* function_of(std::string_view name) {
  const auto* found = std::ranges::find(functions, name, [](const auto& f) { return f.first; });
  return found == std::end(functions) ? nullptr : found;
}

}  // namespace

bool is_function(std::string_view name) { return function_of(name) != nullptr; }

Value call_function(Interpreter& interpreter, std::string_view name, const Arguments& arguments) {
  const auto* function = function_of(name);
  require(function != nullptr, "jinja: a function without a definition");
  return function->second(interpreter, arguments);
}

}  // namespace quantrial::jinja
