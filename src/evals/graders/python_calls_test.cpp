// Code graded by execution: right and wrong answers, and answers that cheat. Verdicts of evalplus
// on thousands of solutions: tests/code_verdicts_test.cpp.
#include "evals/graders/python_calls.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/error.h"
#include "evals/graders/code_grader.h"

namespace quantrial {
namespace {

class PythonCalls : public testing::Test {
 protected:
  void SetUp() override {
    const auto obstacle = calls_->obstacle({});
    if (obstacle) GTEST_SKIP() << *obstacle;
  }

  // Doubles numbers; the data file knows inputs, and the suite's solution the rest.
  static Question question() {
    return {"Toy/1",
            "",
            {{"prompt", "def double(x):\n    \"\"\"Twice x.\"\"\"\n"},
             {"canonical_solution", "    return 2 * x\n"},
             {"entry_point", "double"},
             {"base_input", "[[1],[2.5]]"},
             {"plus_input", "[[100000000000000000000],[{\"__tuple__\":[1,2]}]]"},
             {"atol", 0},
             {"test",
              "def check(candidate):\n    assert candidate(2) == 4\n"
              "    assert abs(candidate(0.1) - 0.2) < 1e-6\n"}}};
  }
  Grade grade(const std::string& program, const Question& q = question()) const {
    return calls_->grade(q, "Here it is.\n```python\n" + program + "\n```\nDone.");
  }
  std::string verdict(const std::string& program, const Question& q = question()) const {
    return grade(program, q).scores.at("verdict");
  }
  std::string check(const std::string& program) const {
    return check_->grade(question(), fenced(program)).scores.at("verdict");
  }

  const std::unique_ptr<Grader> calls_ = make_python_calls_grader({}, "toy");
  const std::unique_ptr<Grader> check_ = make_python_check_grader({}, "toy");
};

TEST_F(PythonCalls, GradesWhatTheFunctionReturns) {
  const Grade right = grade("def double(x):\n  print('hm')\n  return x + x");
  EXPECT_EQ(right.verdict, Verdict::right);
  EXPECT_EQ(right.scores.at("base"), 1);
  EXPECT_EQ(verdict("def double(x): return x"), "WA");
  const Grade base_only = grade("def double(x): return 2 * x if x < 9 else 0");
  EXPECT_EQ(base_only.verdict, Verdict::wrong);
  EXPECT_EQ(base_only.scores.at("base"), 1);
  EXPECT_EQ(base_only.detail, "WA: input 3 of 4");
  EXPECT_EQ(verdict("def double(x): return 2 * x + 1e-9 if x == 2.5 else 2 * x"), "OK");
}

TEST_F(PythonCalls, NamesWhatWentWrong) {
  EXPECT_EQ(verdict("def double(x): return x +"), "COMPILE");
  EXPECT_EQ(verdict("def double(x): return nothing"), "RE");
  EXPECT_EQ(verdict("def twice(x): return x + x"), "RE");
  EXPECT_EQ(verdict("def double(x):\n  while True: pass"), "TLE");
  EXPECT_EQ(verdict("def double(x): return bytearray(10 << 30)"), "MLE");
  EXPECT_EQ(verdict("def double(x):\n  while True: print('x' * 99)"), "OLE");
  const Grade none = calls_->grade(question(), "I cannot.");
  EXPECT_EQ(none.scores.at("verdict"), "NOCODE");
  EXPECT_EQ(none.verdict, Verdict::no_answer);
}

// results.json sums up those scores alone that every sample has.
TEST_F(PythonCalls, EveryGradeHasTheSameScores) {
  EXPECT_EQ(calls_->grade(question(), "").scores.at("base"), 0);
  EXPECT_EQ(grade("def double(x): return x +").scores.at("base"), 0);
  EXPECT_EQ(grade("def double(x): return x").scores.at("base"), 0);
  EXPECT_EQ(grade("def double(x): return x").scores.size(), 2u);  // `verdict`, no number
}

TEST_F(PythonCalls, EndingEarlyDoesNotPass) {
  for (const char* end : {"os._exit(0)", "sys.exit(0)", "exit(0)", "os.abort()"}) {
    const std::string program = "import os, sys\n" + std::string(end);
    EXPECT_EQ(verdict(program + "\ndef double(x): return 0"), "RE") << end;
    EXPECT_EQ(verdict("import os, sys\ndef double(x):\n  " + std::string(end)), "RE") << end;
    EXPECT_EQ(check(program + "\ndef double(x): return 0"), "RE") << end;
  }
}

// Frames as the driver sends them, from the solution itself: what is not the right value is wrong,
// whoever sent it.
TEST_F(PythonCalls, ForgedFramesDoNotPass) {
  const std::string forge =
      "import os, marshal\n"
      "def send(kind, payload):\n"
      "  os.write(3, (len(payload) + 1).to_bytes(4, 'little') + kind + payload)\n";
  for (const char* frame : {"b'r', marshal.dumps(True, 2)", "b'r', b''", "b'b', b''", "b's', b''",
                            "b'r', b'[' + b'\\xff' * 4", "b'r', b'(\\x01\\0\\0\\0' * 5000"}) {
    const std::string program =
        forge + "for i in range(9): send(" + frame + ")\nos._exit(0)\ndef double(x): return 0";
    EXPECT_NE(verdict(program), "OK") << frame;
    EXPECT_NE(check(program), "OK") << frame;
  }
  Question no_tests = question();
  no_tests.id = "Toy/none";
  no_tests.fields["base_input"] = no_tests.fields["plus_input"] = "[]";
  const std::string early = forge + "send(b's', b'')\nsend(b'r', b'N')\nos._exit(0)";
  EXPECT_THROW(verdict(early, no_tests), Error);
  EXPECT_NE(verdict("import os\nos.write(3, b'\\xff' * 100)\nos._exit(0)"), "OK");
  EXPECT_NE(verdict("import os\nos.close(3)\ndef double(x): return 0"), "OK");
}

TEST_F(PythonCalls, ObjectsThatLieDoNotPass) {
  const std::string liar =
      "class Liar{}:\n  def __eq__(self, other): return True\n"
      "  def __ne__(self, other): return False\n  def __lt__(self, other): return True\n"
      "  def __hash__(self): return 0\n  def __sub__(self, other): return 0\n"
      "  def __abs__(self): return 0\n";
  for (const char* base : {"", "(int)", "(float)", "(str)", "(list)", "(dict)", "(tuple)"}) {
    const std::string program =
        fmt::format(fmt::runtime(liar), base) + "def double(x): return Liar()";
    EXPECT_NE(verdict(program), "OK") << base;
    EXPECT_NE(check(program), "OK") << base;
  }
}

TEST_F(PythonCalls, PatchedBuiltinsDoNotPass) {
  for (const char* patch :
       {"import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.isinstance = lambda *a: True",
        "import math, marshal\nmath.isclose = lambda *a, **k: True\nmarshal.loads = None",
        "import marshal\nmarshal.dumps = lambda *a: b'T'",
        "import sys\nsys.modules['__main__'].__dict__['packed'] = lambda v: b'T'",
        "import sys\nsys.modules['__main__'].send = lambda *a: None",
        "import sys\nframe = sys._getframe(1)\nframe.f_globals['job'] = []"}) {
    EXPECT_NE(verdict(std::string(patch) + "\ndef double(x): return 0"), "OK") << patch;
    EXPECT_NE(check(std::string(patch) + "\ndef double(x): return 0"), "OK") << patch;
  }
}

// Its process holds neither the suite's solution nor what comes of it.
TEST_F(PythonCalls, NoExpectedValueIsInTheSandbox) {
  Question q = question();
  q.fields["canonical_solution"] = "    return 2 * x  # known to the suite alone\n";
  const std::string search =
      "import gc, sys\n"
      "def double(x):\n"
      "  known = repr(list(sys._getframe(1).f_globals.values()) + gc.get_objects())\n"
      "  return 2 * x if WORDS[::-1] in known else 0\n";
  EXPECT_EQ(verdict("WORDS = 'enola etius eht ot nwonk'\n" + search, q), "WA");
  EXPECT_EQ(verdict("WORDS = 'sys ,cg tropmi'\n" + search, q), "OK");  // it does search
}

TEST_F(PythonCalls, TheSuitesOwnSolutionMustPass) {
  Question broken = question();
  broken.id = "Toy/2";
  broken.fields["canonical_solution"] = "    return 1 // 0\n";
  const std::vector<Question> questions = {question(), broken};
  const auto obstacle = calls_->obstacle(questions);
  ASSERT_TRUE(obstacle);
  EXPECT_NE(
      obstacle->find("toy: question 'Toy/2': the suite's own solution fails: ZeroDivisionError"),
      std::string::npos)
      << *obstacle;
  size_t told = 0;
  const std::vector<Question> many(50, question());
  EXPECT_TRUE(calls_->obstacle(many, [&](size_t done, size_t all) {
    EXPECT_EQ(all, 50u);
    told = done;
    return false;
  }));
  EXPECT_LT(told, 50u);
  EXPECT_THROW(calls_->grade(broken, fenced("def double(x): return x")), Error);
}

TEST_F(PythonCalls, ChecksJudgeResults) {
  EXPECT_EQ(check("def double(x): return x * 2"), "OK");
  EXPECT_EQ(check("    return x * 2"), "OK");  // a body, to stand behind the prompt
  EXPECT_EQ(check("def double(x): return 4"), "WA");
  EXPECT_EQ(check("def double(x): return x * 2 + 1e-7 * (x != 2)"), "OK");
}

// evalplus compares with == and numpy.allclose: NaN, and an object of the solution's own, is right
// for neither.
TEST_F(PythonCalls, WhatEqualsNothingIsWrong) {
  Question q = question();
  for (const char* value : {"float('nan')", "[1, float('nan')]", "object()", "[object()]"}) {
    q.id = q.fields["canonical_solution"] = "    return " + std::string(value) + "\n";
    EXPECT_EQ(verdict("def double(x): return " + std::string(value), q), "WA") << value;
    EXPECT_TRUE(calls_->obstacle(std::vector<Question>{q})) << value;
  }
}

// evalplus raises the tolerance with the first floats that are expected, and keeps it, whether or
// not they were met exactly.
TEST_F(PythonCalls, FloatsBringATolerance) {
  Question q = question();
  q.id = "Toy/floats";
  q.fields["canonical_solution"] = "    return 0.5 if x == 1 else 100000000\n";
  EXPECT_EQ(verdict("def double(x): return 0.5 if x == 1 else 100000001", q), "OK");
  q.id = "Toy/integers";
  q.fields["canonical_solution"] = "    return 7 if x == 1 else 100000000\n";
  EXPECT_EQ(verdict("def double(x): return 7 if x == 1 else 100000001", q), "WA");
}

// Nothing to be had now is no reason to end a run: the sample is graded another time.
TEST_F(PythonCalls, AShortMachineIsNoVerdict) {
  ASSERT_EQ(verdict("def double(x): return x + x"), "OK");
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  for (const rlim_t spare : {0u, 3u, 9u, 10u}) {  // descriptors beyond those that stay open
    const rlimit few{3 + spare, old.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    const Grade short_of = grade("def double(x): return x + x");
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
    EXPECT_EQ(short_of.verdict, Verdict::not_gradable) << spare;
    EXPECT_NE(short_of.detail.find("open files"), std::string::npos) << short_of.detail;
  }
  EXPECT_EQ(verdict("def double(x): return x + x"), "OK");
}

TEST_F(PythonCalls, SpecialComparisons) {
  Question q = question();
  q.fields["comparison"] = "set";
  q.fields["canonical_solution"] = "    return [1, 2]\n";
  EXPECT_EQ(verdict("def double(x): return (2, 1, 1)", q), "OK");
  EXPECT_EQ(verdict("def double(x): return [[1], [2]]", q), "WA");
  q.fields["comparison"] = "not_none";
  EXPECT_EQ(verdict("def double(x): return object()", q), "OK");
  EXPECT_EQ(verdict("def double(x): return None", q), "WA");
  EXPECT_EQ(verdict("def double(x): return True", q), "OK");
  q.fields["comparison"] = "any";
  EXPECT_EQ(verdict("def double(x): return 7", q), "OK");
  q = question();
  q.id = "Toy/2";
  q.fields["alternative"] = "def double(x): return 0";
  EXPECT_EQ(verdict("def double(x): return 0", q), "OK");
  EXPECT_EQ(verdict("def double(x): return 1", q), "WA");
}

// A row that is not what it should be: an Error that names question, field, value and remedy.
template <typename Ask>
void expect_refusal(const Ask& ask, const std::string& message) {
  try {
    ask();
    ADD_FAILURE() << "not refused: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), message);
  }
}

TEST_F(PythonCalls, RefusesBrokenRows) {
  const auto changed = [](const std::string& field, const nlohmann::ordered_json& value) {
    Question q = question();
    q.fields[field] = value;
    if (value.is_discarded()) q.fields.erase(field);
    return q;
  };
  const auto absent = nlohmann::ordered_json(nlohmann::ordered_json::value_t::discarded);
  const std::string fine = "def double(x): return x + x";
  expect_refusal([&] { grade(fine, changed("atol", "1e-6")); },
                 "toy: question 'Toy/1': atol: \"1e-6\"; give a number");
  expect_refusal([&] { grade(fine, changed("entry_point", absent)); },
                 "toy: question 'Toy/1': it has no field 'entry_point'; add it to the file of "
                 "questions");
  expect_refusal(
      [&] { grade(fine, changed("comparison", "near")); },
      "toy: question 'Toy/1': comparison: \"near\"; use equal, set, not_none, any, root");
  EXPECT_EQ(*calls_->obstacle(std::vector<Question>{changed("prompt", 7)}),
            "toy: question 'Toy/1': prompt: 7; give a text");
  EXPECT_EQ(*check_->obstacle(std::vector<Question>{changed("test", absent)}),
            "toy: question 'Toy/1': it has no field 'test'; add it to the file of questions");
}

TEST(PythonFunction, RefusesBrokenRows) {
  const auto grader = make_python_function_grader({}, "code");
  if (const auto obstacle = grader->obstacle({})) GTEST_SKIP() << *obstacle;
  const auto obstacle = [&](const char* fields) {
    const Question q{"1", "", nlohmann::ordered_json::parse(fields)};
    return grader->obstacle(std::vector<Question>{q}).value_or("");
  };
  const std::string answer = R"("answer": "```\ndef f(x): return x\n```")";
  EXPECT_EQ(obstacle(("{" + answer + "}").c_str()),
            "code: question '1': it has no field 'tests'; add it to the file of questions");
  EXPECT_EQ(obstacle(("{" + answer + R"(, "tests": 5})").c_str()),
            "code: question '1': tests: 5; give a list");
  EXPECT_EQ(obstacle(("{" + answer + R"(, "tests": []})").c_str()),
            "code: question '1': tests: []; give a test at least");
  EXPECT_EQ(obstacle(("{" + answer + R"(, "tests": [[1, 1], [2]]})").c_str()),
            "code: question '1': tests: [2]; give lists of an input and its output");
  EXPECT_EQ(obstacle("{}"),
            "code: question '1': it has no field 'answer'; add it to the file of questions");
}

TEST(PythonFunction, GradesTheReferenceFamily) {
  const auto grader = make_python_function_grader({}, "code");
  if (const auto obstacle = grader->obstacle({})) GTEST_SKIP() << *obstacle;
  const Question q{"1",
                   "",
                   {{"answer", "```python\ndef run(xs):\n    return max(xs)\n```"},
                    {"tests", nlohmann::ordered_json::parse("[[[1, 2], 2], [[-3], -3]]")}}};
  EXPECT_FALSE(grader->obstacle(std::vector<Question>{q}));
  EXPECT_EQ(grader->grade(q, fenced("def f(a): return sorted(a)[-1]")).verdict, Verdict::right);
  EXPECT_EQ(grader->grade(q, fenced("def f(a): return a[-1] ** 2")).verdict, Verdict::wrong);
}

}  // namespace
}  // namespace quantrial
