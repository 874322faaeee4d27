#include "text/jinja/tests.h"

#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace quantrial::jinja {
namespace {

struct Context {
  const Value& value;
  const Arguments& arguments;
  Budget& budget;
  std::string_view name;

  void no_arguments() const { Bound(name, {}, arguments); }
  Value argument() const { return Bound(name, {"other"}, arguments).required(0); }
};

using Test = bool (*)(const Context&);

template <bool (*holds)(const Value&)>
bool of_value(const Context& c) {
  c.no_arguments();
  return holds(c.value);
}

template <ComparisonOperator op>
bool compare(const Context& c) {
  return compares(op, c.value, c.argument(), c.budget);
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_string(const Value& v) { return v.is_text(); }
bool is_mapping(const Value& v) { return v.is_dict(); }
bool is_sequence(const Value& v) {
  return v.is_text() || v.is_list() || v.is_dict() || v.is_undefined();
}
bool is_iterable(const Value& v) { return is_sequence(v) || v.is<std::shared_ptr<Loop>>(); }
bool is_boolean(const Value& v) { return v.is<bool>(); }
bool is_true_value(const Value& v) { return v.is<bool>() && is_true(v); }
bool is_false_value(const Value& v) { return v.is<bool>() && !is_true(v); }
bool is_integer(const Value& v) { return v.is_integer(); }
bool is_float(const Value& v) { return v.is<double>(); }
bool is_number(const Value& v) { return v.is_number(); }
bool is_escaped(const Value& v) { return v.is_safe_text(); }
bool is_callable(const Value& v) {
  return v.is<std::shared_ptr<const Macro>>() || v.is<Function>() ||
         v.is<std::shared_ptr<const BoundMethod>>() || v.is_undefined();
}

template <TextClass text_class>
bool is_case(const Context& c) {
  c.no_arguments();
  return is_all(to_text(c.value), text_class);
}

int64_t remainder(const Value& value, int64_t divisor, Budget& budget) {
  return to_index(arithmetic(BinaryOperator::modulo, value, Value(divisor), budget), "modulo");
}

bool is_odd(const Context& c) {
  c.no_arguments();
  return remainder(c.value, 2, c.budget) == 1;
}

bool is_even(const Context& c) {
  c.no_arguments();
  return remainder(c.value, 2, c.budget) == 0;
}

bool divisible_by(const Context& c) {
  return remainder(c.value, to_index(Bound(c.name, {"num"}, c.arguments).required(0), c.name),
                   c.budget) == 0;
}

// Python's `is`: for the values that exist once.
bool same_as(const Context& c) {
  const Value other = c.argument();
  return c.value.variant().index() == other.variant().index() && equal(c.value, other);
}

bool names_filter(const Context& c) {
  c.no_arguments();
  return c.value.is_text() && is_filter(c.value.text());
}

bool names_test(const Context& c) {
  c.no_arguments();
  return c.value.is_text() && is_test(c.value.text());
}

using enum ComparisonOperator;
constexpr std::pair<std::string_view, Test> all_tests[] = {
    {"defined", of_value<is_defined>},
    {"undefined", of_value<is_undefined>},
    {"none", of_value<is_none>},
    {"string", of_value<is_string>},
    {"mapping", of_value<is_mapping>},
    {"sequence", of_value<is_sequence>},
    {"iterable", of_value<is_iterable>},
    {"boolean", of_value<is_boolean>},
    {"true", of_value<is_true_value>},
    {"false", of_value<is_false_value>},
    {"integer", of_value<is_integer>},
    {"float", of_value<is_float>},
    {"number", of_value<is_number>},
    {"escaped", of_value<is_escaped>},
    {"callable", of_value<is_callable>},
    {"lower", is_case<TextClass::lower>},
    {"upper", is_case<TextClass::upper>},
    {"odd", is_odd},
    {"even", is_even},
    {"divisibleby", divisible_by},
    {"sameas", same_as},
    {"filter", names_filter},
    {"test", names_test},
    {"in", compare<in>},
    {"eq", compare<eq>},
    {"equalto", compare<eq>},
    {"==", compare<eq>},
    {"ne", compare<ne>},
    {"!=", compare<ne>},
    {"lt", compare<lt>},
    {"lessthan", compare<lt>},
    {"<", compare<lt>},
    {"le", compare<le>},
    {"<=", compare<le>},
    {"gt", compare<gt>},
    {"greaterthan", compare<gt>},
    {">", compare<gt>},
    {"ge", compare<ge>},
    {">=", compare<ge>},
};

const std::pair<std::string_view, Test>* test_of(std::string_view name) {
  const auto* found = std::ranges::find(all_tests, name, [](const auto& t) { return t.first; });
  return found == std::end(all_tests) ? nullptr : found;
}

}  // namespace

bool is_test(std::string_view name) { return test_of(name) != nullptr; }

bool apply_test(std::string_view name, const Value& value, const Arguments& arguments,
                Budget& budget) {
  const auto* test = test_of(name);
  if (test == nullptr) throw Error("there is no test named '{}'", escaped(name));
  return test->second({value, arguments, budget, test->first});
}

}  // namespace quantrial::jinja
