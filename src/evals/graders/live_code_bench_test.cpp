// LiveCodeBench on made-up items in the published layout.
#include "evals/graders/live_code_bench.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "evals/code/pickled_text.h"
#include "evals/code/program_output.h"
#include "evals/graders/code_grader.h"
#include "evals/graders/graders.h"

namespace quantrial {
namespace {

// base64.b64encode(zlib.compress(pickle.dumps(TEXT))), CPython 3.11, of
// [{"input": "40 2\n", "output": "42\n", "testtype": "stdin"}]
constexpr const char* packed =
    "eJxrYJnqwAABPTbR1UqZeQWlJUpWCkomBgpGMXlKOgpK+aUlMDGoSElqcUlJZUEqSKy4JCUzT6k2dooeANMeFQc=";

Question program_question() {
  return {"abc1_a",
          "abc1",
          {{"question_title", "Sum"},
           {"question_content", "Print the sum."},
           {"question_id", "abc1_a"},
           {"contest_id", "abc1"},
           {"starter_code", ""},
           {"public_test_cases", R"([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}])"},
           {"private_test_cases", packed},
           {"metadata", "{}"}}};
}

Question method_question() {
  Question q = program_question();
  q.id = q.fields["question_id"] = "2808";
  q.fields["starter_code"] =
      "class Solution:\n    def pair(self, xs: List[int], k: int):\n        ";
  q.fields["public_test_cases"] =
      R"([{"input": "[1, 2]\n3", "output": "[[1, 2], 3]", "testtype": "functional"}])";
  q.fields["private_test_cases"] = "[]";
  q.fields["metadata"] = R"({"func_name": "pair"})";
  return q;
}

class LiveCodeBench : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto obstacle = grader_->obstacle({})) GTEST_SKIP() << *obstacle;
  }
  Grade grade(const Question& q, const std::string& program) const {
    return grader_->grade(q, fenced(program));
  }
  std::string verdict(const Question& q, const std::string& program) const {
    return grade(q, program).scores.at("verdict");
  }

  static std::unique_ptr<Grader> grader_of(double cpu_seconds) {
    return make_live_code_bench_grader(
        {"livecodebench", {{"errata", {"abc9_z"}}, {"cpu_seconds", cpu_seconds}}}, "lcb");
  }

  // Far more than any of the programs needs: no verdict may depend on how busy the machine is.
  const std::unique_ptr<Grader> grader_ = grader_of(60);
};

TEST_F(LiveCodeBench, GradesPrograms) {
  const Question q = program_question();
  EXPECT_EQ(verdict(q, "print(sum(map(int, input().split())))"), "OK");
  // A second line read by the buffer, which the official grader cannot do.
  EXPECT_EQ(verdict(q,
                    "b = sys.stdin.buffer\nx = b.readline()\nassert b.readline() == b''\n"
                    "print(sum(map(int, x.split())))"),
            "OK");
  EXPECT_EQ(verdict(q, "print(sum(map(int, open(0).read().split())))\nexit()"), "OK");
  EXPECT_EQ(verdict(q,
                    "def main():\n  print(sum(map(int, input().split())))\n"
                    "if __name__ == '__main__': main()"),
            "OK");
  const Grade wrong = grade(q, "print(3)");
  EXPECT_EQ(wrong.detail, "WA: test 2 of 2");
  EXPECT_EQ(verdict(q, "print(3"), "COMPILE");
  EXPECT_EQ(verdict(q, "print(3)\n1 // 0"), "RE");
  EXPECT_EQ(verdict(q, "while True: print('3' * 100000)"), "OLE");
  EXPECT_EQ(verdict(q, "x = bytearray(10 << 30)"), "MLE");
  EXPECT_EQ(verdict(q, "import os\nos._exit(0)"), "WA");
  EXPECT_EQ(verdict(q, "os.write(3, b'\\x01\\0\\0\\0b')"), "RE");  // our own `os` is not there
}

// Whatever the machine does, it never ends by itself.
TEST_F(LiveCodeBench, EndsWhatDoesNotEnd) {
  const Grade endless = grader_of(1)->grade(program_question(), fenced("while True: pass"));
  EXPECT_EQ(endless.scores.at("verdict"), "TLE");
}

TEST_F(LiveCodeBench, GradesMethods) {
  const Question q = method_question();
  const std::string head = "class Solution:\n    def pair(self, xs: List[int], k: int):\n        ";
  EXPECT_EQ(verdict(q, head + "return (xs, k)"), "OK");
  EXPECT_EQ(verdict(q, head + "return [xs, k + 1]"), "WA");
  EXPECT_EQ(verdict(q, "def pair(xs, k): return [xs, k]"), "OK");
  EXPECT_EQ(verdict(q, "def other(xs, k): return [xs, k]"), "RE");
  EXPECT_EQ(verdict(q, head + "return [tuple(xs), k]"), "WA");
}

// As lcb_runner/evaluation/testing_util.py: == and no tolerance, one object for all tests.
TEST_F(LiveCodeBench, ComparesMethodsExactly) {
  Question q = method_question();
  q.id = "exact";
  q.fields["public_test_cases"] =
      R"([{"input": "1\n1", "output": "0.5"}, {"input": "1\n2", "output": "0.5"}])";
  const std::string head = "class Solution:\n    def pair(self, x, k): ";
  EXPECT_EQ(verdict(q, head + "return x / 2"), "OK");
  EXPECT_EQ(verdict(q, head + "return x / 2 + 1e-9"), "WA");
  const std::string counts =
      "class Solution:\n    def __init__(self): self.calls = 0\n"
      "    def pair(self, x, k):\n        self.calls += 1\n        return 0.5 * (self.calls == k)";
  EXPECT_EQ(verdict(q, counts), "OK");
}

TEST_F(LiveCodeBench, RefusesBrokenRows) {
  const auto said = [&](const char* field, const char* text) {
    Question q = program_question();
    q.id = "broken";
    q.fields[field] = text;
    try {
      return grade(q, "print(3)").detail;
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(said("public_test_cases", "[7]"),
            "lcb: question 'broken': a test: 7; it needs the texts input and output; get the file "
            "again");
  EXPECT_EQ(
      said("public_test_cases", R"([{"input": 1, "output": ""}])"),
      "lcb: question 'broken': a test: {\"input\":1,\"output\":\"\"}; it needs the texts input "
      "and output; get the file again");
  EXPECT_EQ(said("public_test_cases", "{}"),
            "lcb: question 'broken': public_test_cases: \"{}\"; no JSON list; get the file again");
  EXPECT_EQ(said("metadata", R"({"func_name": 5})"),
            "lcb: question 'broken': metadata: {\"func_name\":5}; func_name must be a text");
}

TEST_F(LiveCodeBench, MarksErrata) {
  Question q = program_question();
  const auto scores = [&](const std::string& answer) {
    auto numbers = grader_->grade(q, answer).scores;
    numbers.erase("verdict");
    return numbers.dump();
  };
  const std::string right = fenced("print(sum(map(int, input().split())))");
  EXPECT_EQ(scores(right), R"({"errata":0,"without_errata":[1]})");
  EXPECT_EQ(scores(fenced("print(3)")), R"({"errata":0,"without_errata":[0]})");
  EXPECT_EQ(scores(""), R"({"errata":0,"without_errata":[0]})");
  q.id = "abc9_z";
  EXPECT_EQ(scores(right), R"({"errata":1,"without_errata":[]})");
  EXPECT_EQ(scores(""), R"({"errata":1,"without_errata":[]})");
}

TEST(LiveCodeBenchPrompt, HasTheFormatOfTheQuestion) {
  const TemporaryFolder folder;
  std::ofstream file(folder / "test.jsonl");
  file << program_question().fields.dump() << "\n" << method_question().fields.dump() << "\n";
  file.close();
  const Benchmark b =
      read_benchmark("livecodebench", {std::filesystem::path(QUANTRIAL_SOURCE) / "benchmarks",
                                       {{"livecodebench", folder / "test.jsonl"}}});
  EXPECT_EQ(prompt_of(b, b.questions[0]),
            "### Question:\nPrint the sum.\n\n### Format: Read the inputs from stdin solve the "
            "problem and write the answer to stdout (do not directly test on the sample inputs). "
            "Enclose your code within delimiters as follows.\n```python\n# YOUR CODE HERE\n```\n\n"
            "### Answer: (use the provided format with backticks)\n\n");
  EXPECT_NE(prompt_of(b, b.questions[1]).find("```python\nclass Solution:\n"), std::string::npos);
  EXPECT_NO_THROW(make_grader(b.grading, "livecodebench"));
}

TEST(PickledText, TakesATextAndNothingElse) {
  EXPECT_EQ(packed_text(packed, "x"),
            "[{\"input\": \"40 2\\n\", \"output\": \"42\\n\", \"testtype\": \"stdin\"}]");
  const auto pickle = [](std::string_view bytes) { return unpickled_text(bytes, "x"); };
  EXPECT_EQ(pickle({"\x80\x02X\x02\0\0\0hi"
                    "q\0.",
                    12}),
            "hi");  // protocol 2
  for (const std::string& bad :
       {std::string("cos\nsystem\n(S'true'\ntR."), std::string("\x80\x04K\x01."),
        std::string("\x80\x04]."), std::string("\x80\x04\x8c\x09hi\x94."), std::string(),
        std::string("\x80\x04\x8c\x02hi\x94\x8c\x02ho\x94."),
        std::string("\x80\x04\x8c\x02hi.x")}) {
    EXPECT_THROW(pickle(bad), Error) << escaped(bad);
  }
  EXPECT_THROW(packed_text("a*b", "x"), Error);
  EXPECT_THROW(packed_text("AAAA", "x"), Error);
}

TEST(ProgramOutput, LinesThenDecimals) {
  EXPECT_TRUE(same_output(" 1 2 \n3\n\n", "1 2\n3"));
  EXPECT_TRUE(same_output("1.50 2e1", "1.5   20"));
  EXPECT_TRUE(same_output("-0.0", "0"));
  EXPECT_TRUE(same_output("", " \n"));
  EXPECT_FALSE(same_output("1\n2", "1 2"));
  EXPECT_FALSE(same_output("0.1", "0.10000000000000001"));
  EXPECT_FALSE(same_output("YES", "Yes"));
  EXPECT_FALSE(same_output("1 2", "1 2 3"));
  EXPECT_FALSE(same_output("1e9999999999", "1e9999999998"));
}

}  // namespace
}  // namespace quantrial
