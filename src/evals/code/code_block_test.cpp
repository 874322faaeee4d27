#include "evals/code/code_block.h"

#include <gtest/gtest.h>

namespace quantrial {
namespace {

TEST(CodeBlock, FencedBlocks) {
  EXPECT_EQ(fenced_blocks("a\n```python\nx = 1\n```\nb\n~~~\ny\n~~~\n"),
            (std::vector<std::string>{"x = 1\n", "y\n"}));
  EXPECT_TRUE(fenced_blocks("no code, `inline` only, ```too```").empty());
  EXPECT_EQ(fenced_blocks("```py\nnever closed"), std::vector<std::string>{"never closed\n"});
  // A longer fence holds a shorter one; an indented block loses its fence's indent.
  EXPECT_EQ(fenced_blocks("````\n```\nx\n```\n````"), std::vector<std::string>{"```\nx\n```\n"});
  EXPECT_EQ(fenced_blocks("1. So:\n   ```python\n   def f():\n     return 1\n   ```\n"),
            std::vector<std::string>{"def f():\n  return 1\n"});
}

TEST(CodeBlock, TheLastThatDefinesTheFunction) {
  const std::string answer =
      "```python\ndef f(): return 1\n```\n```python\ndef f(): return 2\n```\n"
      "```python\nassert f() == 2\n```\n";
  EXPECT_EQ(solution_block(answer, "f"), "def f(): return 2\n");
  EXPECT_EQ(solution_block(answer, "g"), "assert f() == 2\n");
  EXPECT_EQ(solution_block("```\ndef ff(): 1\n```\n```\nundef f\n```", "f"), "undef f\n");
  EXPECT_FALSE(solution_block("def f(): return 1", "f"));
}

TEST(CodeBlock, FirstFunction) {
  EXPECT_EQ(first_function("import x\ndef  run_2(xs):\n  pass\ndef other(): 1"), "run_2");
  EXPECT_FALSE(first_function("x = 1"));
}

}  // namespace
}  // namespace quantrial
