// Expected: ast.literal_eval and == of CPython 3.11.
#include "evals/graders/python_literal.h"

#include <gtest/gtest.h>

namespace quantrial {
namespace {

bool equal(std::string_view a, std::string_view b) {
  const auto literal_a = parse_python_literal(a), literal_b = parse_python_literal(b);
  EXPECT_TRUE(literal_a.has_value()) << a;
  EXPECT_TRUE(literal_b.has_value()) << b;
  return literal_a && literal_b && *literal_a == *literal_b;
}

TEST(PythonLiterals, AreEqualAsInPython) {
  EXPECT_TRUE(equal("[(4, 1), (2, 3)]", "[ (4,1),(2,3), ]"));
  EXPECT_TRUE(equal("{'a': 1, 'b': 2}", "{\"b\": 2, \"a\": 1}"));
  EXPECT_TRUE(equal("{1, 2, 2}", "{2, 1}"));
  EXPECT_TRUE(equal("{'a': 1, 'a': 2}", "{'a': 2}"));
  EXPECT_TRUE(equal("True", "1"));
  EXPECT_TRUE(equal("1", "1.0"));
  EXPECT_TRUE(equal("1e3", "1000"));
  EXPECT_TRUE(equal("0x1F", "3_1"));
  EXPECT_TRUE(equal("-0.0", "0"));
  EXPECT_TRUE(equal("'a' \"b\"", "'ab'"));
  EXPECT_TRUE(equal("'\\x41\\u00e9\\n'", "'A\u00e9\\012'"));
  EXPECT_TRUE(equal("r'\\n'", "'\\\\n'"));
  EXPECT_TRUE(equal("'''a\nb'''", "'a\\nb'"));
  EXPECT_TRUE(equal("1, 2", "(1, 2)"));
  EXPECT_TRUE(equal("(1)", "1"));
  EXPECT_TRUE(equal("()", "tuple()"));
  EXPECT_TRUE(equal("[1, # one\n 2]", "[1, 2]"));
  EXPECT_TRUE(equal("0.1", "0.1000000000000000055511151231257827"));
}

TEST(PythonLiterals, AreDifferentAsInPython) {
  EXPECT_FALSE(equal("[1, 2]", "(1, 2)"));
  EXPECT_FALSE(equal("(1,)", "1"));
  EXPECT_FALSE(equal("{}", "set()"));
  EXPECT_FALSE(equal("'1'", "1"));
  EXPECT_FALSE(equal("b'a'", "'a'"));
  EXPECT_FALSE(equal("None", "False"));
  EXPECT_FALSE(equal("'a'", "'A'"));
  EXPECT_FALSE(equal("9007199254740993", "9007199254740992.0"));
  EXPECT_FALSE(equal("nan", "nan"));
  EXPECT_FALSE(equal("{'a': 1}", "{'a': 1, 'b': 2}"));
}

TEST(PythonLiterals, SetsAndDictsInAnyOrder) {
  EXPECT_TRUE(equal("{3, 1, 2.0, 1}", "{2, 1.0, True, 3}"));
  EXPECT_TRUE(equal("{'b': {2, 1}, 'a': 0, 'b': {1, 2}}", "{'a': False, 'b': {2, 1}}"));
  EXPECT_TRUE(equal("{1: 'a', True: 'b'}", "{1.0: 'b'}"));
  EXPECT_TRUE(equal("{(1, 'x'), (1, 'w'), None, b'x'}", "{b'x', None, (1, 'w'), (1.0, 'x')}"));
  EXPECT_TRUE(equal("{0.1, 1e300, 10, -inf}", "{-inf, 10, 1e300, 0.1}"));
  EXPECT_FALSE(equal("{1: 'a', 1: 'b'}", "{1: 'a'}"));
  EXPECT_FALSE(equal("{9007199254740993, 1}", "{9007199254740992.0, 1}"));
  EXPECT_FALSE(equal("{nan}", "{nan}"));
  std::string up = "{", down = "{";  // as long as may be: no moment's work
  for (int i = 10'000; i < 26'000; ++i) up += std::to_string(i) + ",";
  for (int i = 25'999; i >= 10'000; --i) down += std::to_string(i) + ",";
  EXPECT_TRUE(equal(up + "}", down + "}"));
}

TEST(PythonLiterals, OtherTextIsNone) {
  for (const char* text :
       {"", "f(1)", "[1]*3", "1 + 1", "'open", "[1, 2", "{1: }", "[1 2]", "x", "Truex", "1j",
        "'a\nb'", "'\\x4'", "{1, 2: 3}", "[,]", "-'a'", "09a", ",", "lambda: 1"}) {
    EXPECT_FALSE(parse_python_literal(text).has_value()) << text;
  }
  for (const char bracket : {'[', '(', '{'}) {
    EXPECT_FALSE(parse_python_literal(std::string(50'000, bracket)).has_value());
  }
  EXPECT_FALSE(parse_python_literal(std::string(90'000, '-')).has_value());
}

}  // namespace
}  // namespace quantrial
