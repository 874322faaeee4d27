// Values that a Python program gave back, and when two of them are equal as Python says. They come
// in Python's marshal format, version 2, from programs that are not trusted.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

struct PythonValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    complex,
    text,
    bytes,
    list,
    tuple,
    set,
    dict,
    other,  // an object of no kind above; equals nothing
  };
  Kind kind = Kind::none;
  bool negative = false;             // integer
  std::string text;                  // text: UTF-8; bytes; integer and boolean: magnitude in hex
  double number = 0, imaginary = 0;  // real; complex
  std::vector<PythonValue> items;    // of list, tuple, set; dict: keys and values in turn

  bool is_number() const { return kind >= Kind::boolean && kind <= Kind::complex; }
  bool is_sequence() const { return kind == Kind::list || kind == Kind::tuple; }
};

// None when it is no such value, or one that never ends.
std::optional<PythonValue> parse_marshal(std::string_view bytes);
// JSON as Python reads it: arrays become lists.
std::string marshal_of(const nlohmann::ordered_json& value);

// Python's ==: 1 == 1.0 == True, a list is no tuple, sets and dicts in any order; NaN equals
// nothing, neither does `other`.
bool equal(const PythonValue& a, const PythonValue& b);
// equal(value, value): no NaN or `other` is within it.
bool equals_itself(const PythonValue& value);
// set(a) == set(b); false when one of them has no set.
bool equal_as_sets(const PythonValue& a, const PythonValue& b);
// numpy.allclose(a, b, rtol=1e-7, atol=atol), where NaN is close to nothing, of numbers and of
// sequences of one shape.
bool all_close(const PythonValue& a, const PythonValue& b, double atol);
// The nearest double of a boolean, integer or real.
double as_double(const PythonValue& value);

}  // namespace quantrial
