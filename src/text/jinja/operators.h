// What values do in expressions: arithmetic, comparison, membership, attributes, subscripts.
#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/budget.h"
#include "text/jinja/syntax.h"
#include "text/jinja/value.h"

namespace quantrial::jinja {

Value arithmetic(BinaryOperator op, const Value& left, const Value& right, Budget& budget);
Value negated(const Value& value);
bool compares(ComparisonOperator op, const Value& left, const Value& right, Budget& budget);

// object.name and object[index]; undefined when there is no such thing. As Jinja2 does, the first
// prefers methods to a dict's keys and the second its keys.
Value attribute_of(const Value& object, std::string_view name);
Value item_of(const Value& object, const Value& index, Budget& budget);

// object[start:stop:step] with Python's bounds.
struct SliceBounds {
  std::optional<int64_t> start, stop, step;
};
Value slice_of(const Value& object, const SliceBounds& bounds, Budget& budget);

// a ~ b ~ ...: str() of the parts, one after another.
Value concatenated(const std::vector<Value>& parts, Budget& budget);

// Python's % of texts with %s, %d, %i, %f, %x, %r and %%.
Value printf_formatted(const Value& format, const std::vector<Value>& arguments, Budget& budget);

// Work of reading all of `value`, in steps.
size_t reading_steps(const Value& value);

}  // namespace quantrial::jinja
