#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/methods.h"
#include "text/jinja/python_text.h"

namespace quantrial::jinja {
namespace {

std::string_view symbol_of(BinaryOperator op) {
  static constexpr std::string_view symbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  return symbols[static_cast<size_t>(op)];
}

[[noreturn]] void fail_operands(BinaryOperator op, const Value& left, const Value& right) {
  throw Error("unsupported operand types for {}: '{}' and '{}'", symbol_of(op), type_name(left),
              type_name(right));
}

int64_t checked(bool overflows, int64_t result) {
  if (overflows) throw Error("an integer beyond 64 bits");
  return result;
}

// Python's floor division and modulo: the remainder has the divisor's sign.
int64_t floor_divided(int64_t a, int64_t b) {
  if (b == -1) return checked(a == INT64_MIN, a == INT64_MIN ? 0 : -a);
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

int64_t modulo(int64_t a, int64_t b) {
  if (b == -1) return 0;
  const int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double float_modulo(double a, double b) {
  const double remainder = std::fmod(a, b);
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

Value integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  if (base == 1 || base == 0) return exponent == 0 ? int64_t{1} : base;
  if (base == -1) return exponent % 2 == 0 ? int64_t{1} : int64_t{-1};
  int64_t result = 1;
  for (int64_t i = 0; i < exponent; ++i) {  // at most 63 times: then it overflows
    const bool overflows = __builtin_mul_overflow(result, base, &result);
    checked(overflows, result);
  }
  return result;
}

Value integer_arithmetic(BinaryOperator op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case BinaryOperator::add: {
      const bool overflows = __builtin_add_overflow(a, b, &result);
      return checked(overflows, result);
    }
    case BinaryOperator::subtract: {
      const bool overflows = __builtin_sub_overflow(a, b, &result);
      return checked(overflows, result);
    }
    case BinaryOperator::multiply: {
      const bool overflows = __builtin_mul_overflow(a, b, &result);
      return checked(overflows, result);
    }
    case BinaryOperator::power:
      return integer_power(a, b);
    default:
      break;
  }
  if (b == 0) throw Error("division by zero");
  if (op == BinaryOperator::divide) return static_cast<double>(a) / static_cast<double>(b);
  return op == BinaryOperator::floor_divide ? floor_divided(a, b) : modulo(a, b);
}

Value float_arithmetic(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::add:
      return a + b;
    case BinaryOperator::subtract:
      return a - b;
    case BinaryOperator::multiply:
      return a * b;
    case BinaryOperator::power:
      return std::pow(a, b);
    default:
      break;
  }
  if (b == 0) throw Error("float division by zero");
  if (op == BinaryOperator::divide) return a / b;
  return op == BinaryOperator::floor_divide ? std::floor(a / b) : float_modulo(a, b);
}

// Repetitions of a text or a list of `bytes`; Python takes a negative count as none.
size_t repetitions(int64_t count, size_t bytes, Budget& budget) {
  const size_t times = count < 0 ? 0 : static_cast<size_t>(count);
  if (bytes > 0 && times > max_value_bytes / bytes)
    throw Error("a repetition gets too large (memory limit)");
  budget.take_bytes(times * bytes);
  return times;
}

Value repeated(const Value& sequence, int64_t count, Budget& budget) {
  if (sequence.is_text()) {
    const size_t times = repetitions(count, sequence.text().size(), budget);
    std::string out;
    for (size_t i = 0; i < times && !sequence.text().empty(); ++i) out += sequence.text();
    return Value(std::move(out), sequence.is_safe_text());
  }
  const auto& items = sequence.items();
  const size_t times = repetitions(count, items.size() * sizeof(Value), budget);
  std::vector<Value> out;
  for (size_t i = 0; i < times && !items.empty(); ++i)
    out.insert(out.end(), items.begin(), items.end());
  return sequence.list_pointer()->is_tuple ? Value::tuple(std::move(out))
                                           : Value::list(std::move(out));
}

// When one of the two is safe (Markup), the other is escaped.
Value joined_texts(const Value& left, const Value& right, Budget& budget) {
  const bool safe = left.is_safe_text() || right.is_safe_text();
  std::string out;
  for (const Value* part : {&left, &right}) {
    budget.take_bytes(part->text().size());
    out += safe && !part->is_safe_text() ? html_escaped(part->text()) : part->text();
  }
  return Value(std::move(out), safe);
}

Value joined_lists(const Value& left, const Value& right, Budget& budget) {
  budget.take_bytes((left.items().size() + right.items().size()) * sizeof(Value));
  std::vector<Value> out = left.items();
  out.insert(out.end(), right.items().begin(), right.items().end());
  return left.list_pointer()->is_tuple ? Value::tuple(std::move(out)) : Value::list(std::move(out));
}

bool contains(const Value& container, const Value& item, Budget& budget) {
  budget.take_steps(reading_steps(container));
  if (container.is_text()) {
    if (item.is_undefined()) fail_undefined(item);
    if (!item.is_text()) throw Error("'in <str>' needs a str on the left, not {}", type_name(item));
    return container.text().find(item.text()) != std::string::npos;
  }
  if (container.is_dict()) return container.dict().find(item) != nullptr;
  if (container.is_undefined()) return false;
  if (!container.is_list())
    throw Error("argument of type '{}' is not iterable", type_name(container));
  return std::ranges::any_of(container.items(),
                             [&](const Value& other) { return equal(item, other); });
}

Value no_attribute(const Value& object, std::string_view name) {
  return Value::undefined(
      fmt::format("'{}' has no attribute '{}'", described(object), escaped(name)));
}

Value loop_attribute(const Loop& loop, std::string_view name) {
  const auto& items = loop.items->items;
  const auto index0 = static_cast<int64_t>(loop.index0);
  const auto length = static_cast<int64_t>(items.size());
  if (name == "index") return index0 + 1;
  if (name == "index0") return index0;
  if (name == "revindex") return length - index0;
  if (name == "revindex0") return length - index0 - 1;
  if (name == "first") return index0 == 0;
  if (name == "last") return index0 + 1 == length;
  if (name == "length") return length;
  if (name == "depth") return int64_t{1};  // Jinja2 counts recursive loops alone
  if (name == "depth0") return int64_t{0};
  if (name == "previtem") {
    return index0 == 0 ? Value::undefined("there is no previous item") : items[loop.index0 - 1];
  }
  if (name == "nextitem") {
    return index0 + 1 == length ? Value::undefined("there is no next item")
                                : items[loop.index0 + 1];
  }
  return Value::undefined(fmt::format("'loop' has no attribute '{}'", escaped(name)));
}

}  // namespace

size_t reading_steps(const Value& value) { return 1 + value.extent().bytes / 16; }

Value arithmetic(BinaryOperator op, const Value& left, const Value& right, Budget& budget) {
  for (const Value* value : {&left, &right}) {
    if (value->is_undefined()) fail_undefined(*value);
  }
  if (op == BinaryOperator::modulo && left.is_text()) {
    const bool several = right.is_list() && right.list_pointer()->is_tuple;
    return printf_formatted(left, several ? right.items() : std::vector<Value>{right}, budget);
  }
  if (op == BinaryOperator::add && left.is_text() && right.is_text()) {
    return joined_texts(left, right, budget);
  }
  if (op == BinaryOperator::add && left.is_list() && right.is_list() &&
      left.list_pointer()->is_tuple == right.list_pointer()->is_tuple) {
    return joined_lists(left, right, budget);
  }
  if (op == BinaryOperator::multiply) {
    const bool left_repeats =
        (left.is_text() || left.is_list()) && (right.is_integer() || right.is<bool>());
    const bool right_repeats =
        (right.is_text() || right.is_list()) && (left.is_integer() || left.is<bool>());
    if (left_repeats) return repeated(left, to_index(right, "*"), budget);
    if (right_repeats) return repeated(right, to_index(left, "*"), budget);
  }
  if (!left.is_number() || !right.is_number()) fail_operands(op, left, right);
  if (left.is<double>() || right.is<double>())
    return float_arithmetic(op, left.number(), right.number());
  return integer_arithmetic(op, to_index(left, "operand"), to_index(right, "operand"));
}

Value negated(const Value& value) {
  if (value.is_undefined()) fail_undefined(value);
  if (value.is<double>()) return -value.number();
  if (!value.is_number()) throw Error("bad operand type for unary -: '{}'", type_name(value));
  return integer_arithmetic(BinaryOperator::subtract, 0, to_index(value, "-"));
}

bool compares(ComparisonOperator op, const Value& left, const Value& right, Budget& budget) {
  budget.take_steps(std::min(reading_steps(left), reading_steps(right)));
  switch (op) {
    case ComparisonOperator::eq:
      return equal(left, right);
    case ComparisonOperator::ne:
      return !equal(left, right);
    case ComparisonOperator::lt:
      return less(left, right);
    case ComparisonOperator::gt:
      return less(right, left);
    case ComparisonOperator::le:
      return less(left, right) || equal(left, right);
    case ComparisonOperator::ge:
      return less(right, left) || equal(left, right);
    case ComparisonOperator::in:
      return contains(right, left, budget);
    case ComparisonOperator::not_in:
      return !contains(right, left, budget);
  }
  return false;
}

Value attribute_of(const Value& object, std::string_view name) {
  if (object.is_undefined()) fail_undefined(object);
  if (Namespace* const* names = std::get_if<Namespace*>(&object.variant())) {
    const Value* found = (*names)->find(name);
    return found != nullptr ? *found : no_attribute(object, name);
  }
  if (has_method(object, name)) {
    return Value(Value::Variant(
        std::make_shared<const BoundMethod>(BoundMethod{object, std::string(name)})));
  }
  if (const auto* loop = std::get_if<std::shared_ptr<Loop>>(&object.variant())) {
    return loop_attribute(**loop, name);
  }
  if (object.is_dict()) {
    if (const Value* found = object.dict().find(name)) return *found;
  }
  return no_attribute(object, name);
}

Value item_of(const Value& object, const Value& index, Budget& budget) {
  if (object.is_undefined()) fail_undefined(object);
  if (object.is_dict()) {
    budget.take_steps(1 + object.dict().items.size() / 16);
    if (const Value* found = object.dict().find(index)) return *found;
  }
  if (index.is_text()) {
    return attribute_of(object, index.text());
  }
  if (!(object.is_list() || object.is_text()) || !(index.is_integer() || index.is<bool>())) {
    return no_attribute(object, to_text(index));
  }
  int64_t at = to_index(index, "index");
  if (object.is_list()) {
    const auto length = static_cast<int64_t>(object.items().size());
    if (at < 0) at += length;
    if (at >= 0 && at < length) return object.items()[static_cast<size_t>(at)];
  } else {
    const SliceBounds one{at, at == -1 ? std::nullopt : std::optional(at + 1), 1};
    if (const Value character = slice_of(object, one, budget); is_true(character)) return character;
  }
  return Value::undefined(fmt::format("'{}' has no element {}", described(object), to_text(index)));
}

Value slice_of(const Value& object, const SliceBounds& bounds, Budget& budget) {
  if (object.is_undefined()) fail_undefined(object);
  if (!object.is_list() && !object.is_text())
    throw Error("'{}' object cannot be sliced", type_name(object));
  const std::vector<std::string_view> letters =
      object.is_text() ? characters(object.text()) : std::vector<std::string_view>();
  const auto length =
      static_cast<int64_t>(object.is_text() ? letters.size() : object.items().size());
  const int64_t step = bounds.step.value_or(1);
  if (step == 0) throw Error("slice step cannot be zero");
  const int64_t lowest = step > 0 ? 0 : -1;
  const int64_t highest = step > 0 ? length : length - 1;
  const auto bounded = [&](std::optional<int64_t> bound, int64_t fallback) {
    if (!bound) return fallback;
    return std::clamp(*bound < 0 && *bound >= -length ? *bound + length
                      : *bound < 0                    ? lowest
                                                      : *bound,
                      lowest, highest);
  };
  int64_t at = bounded(bounds.start, step > 0 ? 0 : length - 1);
  const int64_t end = bounded(bounds.stop, step > 0 ? length : -1);
  std::string text;
  std::vector<Value> items;
  budget.take_steps(1 + static_cast<size_t>(length) / 4);
  while (step > 0 ? at < end : at > end) {
    const auto place = static_cast<size_t>(at);
    if (object.is_text())
      text += letters[place];
    else
      items.push_back(object.items()[place]);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  budget.take_bytes(text.size() + items.size() * sizeof(Value));
  if (object.is_text()) return Value(std::move(text), object.is_safe_text());
  return object.list_pointer()->is_tuple ? Value::tuple(std::move(items))
                                         : Value::list(std::move(items));
}

Value concatenated(const std::vector<Value>& parts, Budget& budget) {
  std::string out;
  for (const Value& part : parts) {
    budget.take_bytes(part.extent().bytes);
    out += to_text(part);
  }
  return out;
}

}  // namespace quantrial::jinja
