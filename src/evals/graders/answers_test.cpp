// Graders of text answers: verdicts, the lenient score, votes, and answers that mean harm.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "evals/graders/graders.h"
#include "evals/graders/letter.h"
#include "evals/graders/maths/equal_answers.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

std::unique_ptr<Grader> grader(const std::string& name, ordered_json options = {}) {
  if (options.is_null()) options = ordered_json::object();
  return make_grader({name, options}, "test");
}
Question question(ordered_json fields) { return {"q", "", std::move(fields)}; }

TEST(NumberGrader, ComparesNumbersExactly) {
  const auto number = grader("number", {{"after", "####"}, {"lenient", "number"}});
  const Question q = question({{"answer", "16 - 3 = 13\n#### 1,234"}});
  for (const char* right :
       {"\\boxed{1234}", "\\boxed{\\$1{,}234.00}", "\\boxed{1,234 \\text{ eggs}}",
        "\\boxed{x = 1234}", "\\boxed{2468/2}", "\\boxed{01234}"}) {
    const Grade grade = number->grade(q, right);
    EXPECT_EQ(grade.verdict, Verdict::right) << right;
    EXPECT_EQ(grade.scores["lenient"], 1) << right;
  }
  EXPECT_EQ(number->grade(q, "\\boxed{1235}").verdict, Verdict::wrong);
  EXPECT_EQ(number->grade(q, "\\boxed{many}").verdict, Verdict::wrong);
  const Grade loose = number->grade(q, "It is 1,234.");
  EXPECT_EQ(loose.verdict, Verdict::no_answer);
  EXPECT_FALSE(loose.answer.has_value());
  EXPECT_EQ(loose.scores["lenient"], 1);
  EXPECT_EQ(number->grade(q, "1234, no: \\boxed{1234").verdict, Verdict::no_answer);
  EXPECT_TRUE(number->same("1,000", "1000.0"));
  EXPECT_FALSE(number->same("1000", "1001"));
  EXPECT_THROW(number->grade(question({{"answer", "13"}}), "\\boxed{13}"), Error);
}

TEST(MathGrader, TellsWhatItCouldNotDecide) {
  const auto math = grader("math");
  const Question q = question({{"answer", "\\frac{1}{2}"}});
  EXPECT_EQ(math->grade(q, "\\boxed{0.5}").verdict, Verdict::right);
  EXPECT_EQ(math->grade(q, "\\boxed{0.5}").detail, "");
  const Grade unknown = math->grade(q, "\\boxed{\\int_0^1 x dx}");
  EXPECT_EQ(unknown.verdict, Verdict::wrong);
  EXPECT_NE(unknown.detail.find("undecided"), std::string::npos);
  EXPECT_EQ(math->grade(q, "0.5").verdict, Verdict::no_answer);
  EXPECT_TRUE(math->same("1/2", "0.5"));
}

TEST(NumberGrader, MindsTheWordsAroundANumber) {
  const auto number = grader("number");
  const auto verdict = [&](const char* gold, const char* answer) {
    return number->grade(question({{"answer", gold}}), fmt::format("\\boxed{{{}}}", answer))
        .verdict;
  };
  for (const auto& [gold, answer] : std::vector<std::pair<const char*, const char*>>{
           {"18", "\\text{18 dollars}"},
           {"18", "18\\text{ dollars per day}"},
           {"-5", "\\text{negative }5"},
           {"500", "5\\text{ hundred}"},
           {"60", "5 \\text{ dozen eggs}"},
           {"5", "5 more apples"},
           {"5", "\\text{There are }5\\text{ ways to choose}"},
           {"5", "2 + 3 = 5 \\text{ apples}"},
           {"18", "3 \\times \\$6 = \\$18"},
           {"5", "\\text{a total of }5"}}) {
    EXPECT_EQ(verdict(gold, answer), Verdict::right) << gold << ": " << answer;
  }
  for (const auto& [gold, answer] :
       std::vector<std::pair<const char*, const char*>>{{"5", "\\text{negative }5"},
                                                        {"5", "\\text{at least }5"},
                                                        {"5", "5 \\text{ hundred}"},
                                                        {"5", "5 \\text{ plus }3"},
                                                        {"5", "5 \\text{ or more}"},
                                                        {"5", "5\\text{ feet }6\\text{ inches}"},
                                                        {"5", "2 + 2 = 5"},
                                                        {"5", "x + 2 = 5"},
                                                        {"7", "7\\text{ per }2"}}) {
    EXPECT_EQ(verdict(gold, answer), Verdict::wrong) << gold << ": " << answer;
  }
}

TEST(ChoiceGrader, FindsTheLetter) {
  const auto choice = grader("choice", {{"lenient", "last-line"}});
  const Question q = question({{"options", {"red", "blue", "A dog"}}, {"letter", "B"}});
  for (const char* right :
       {"{\"answer\": \"B\"}", "\"answer\": \"(B)\"", "Answer: B", "**Answer:** B.",
        "\\boxed{\\text{B}}", "Answer: (B) blue", "Answer: blue"}) {
    const Grade grade = choice->grade(q, right);
    EXPECT_EQ(grade.verdict, Verdict::right) << right;
    EXPECT_EQ(grade.answer, "B") << right;
  }
  EXPECT_EQ(choice->grade(q, "Answer: C").verdict, Verdict::wrong);
  EXPECT_EQ(choice->grade(q, "Answer: A dog").answer, "C");
  EXPECT_EQ(choice->grade(q, "Answer: D").detail, "no letter of an option");
  EXPECT_EQ(choice->grade(q, "I think\nB").verdict, Verdict::no_answer);
  EXPECT_EQ(choice->grade(q, "I think\nB").scores["lenient"], 1);
}

TEST(ChoiceGrader, CountsNoHedge) {
  const auto choice = grader("choice");
  const Question q = question({{"options", {"apple", "pear", "fig", "C"}}, {"letter", "B"}});
  for (const char* right :
       {"Answer: B (pear)", "Answer: B \u2013 pear", "Answer: B - pear", "Answer: B. pear.",
        "\"answer\": \"the answer is B\"", "Answer: the correct answer is (B)", "{'answer': 'B'}",
        "\\boxed{\\text{pear}}", "\\boxed{\\textbf{(B) }pear}", "Answer: B, not because of a fig",
        "\"answer\": \"B\"\nHere \"answer\" means the letter.",
        "Answer: B\nIf you have another answer: tell me"}) {
    EXPECT_EQ(choice->grade(q, right).verdict, Verdict::right) << right;
  }
  for (const char* wrong :
       {"Answer: B, C", "Answer: B-C", "Answer: B.C", "Answer: B. C", "Answer: B/C",
        "Answer: B or C", "Answer: B, possibly C", "Answer: B & C", "Answer: C; B",
        "{\"answer\": \"B: C\"}", "Answer: (B) or (C)", "Answer: (B) pear or (C) fig",
        "Answer: B) pear and C) fig", "Answer: B\nAnswer: B or C",
        "Answer: B\nAnswer: none of them", "Answer: B\nAnswer: E"}) {
    EXPECT_EQ(choice->grade(q, wrong).verdict, Verdict::wrong) << wrong;
  }
  EXPECT_EQ(choice->grade(q, "Answer: D. C").answer, "D");  // the text of that option
}

TEST(LetterOfAnOption, IsNoArticle) {
  EXPECT_EQ(letter_of("(C) Monday"), 'C');
  EXPECT_EQ(letter_of("c)"), 'C');
  EXPECT_EQ(letter_of("$\\textbf{(E)}$"), 'E');
  EXPECT_EQ(letter_of("Option D"), 'D');
  EXPECT_EQ(letter_of("A dog"), std::nullopt);
  EXPECT_EQ(letter_of("Blue"), std::nullopt);
  EXPECT_EQ(letter_of(""), std::nullopt);
}

TEST(NormalisedGrader, ForgivesHowAnAnswerIsSet) {
  const auto normalised = grader("normalised");
  const auto verdict = [&](const char* gold, const std::string& answer) {
    return normalised->grade(question({{"answer", gold}}), "Answer: " + answer).verdict;
  };
  for (const auto& [gold, answer] :
       std::vector<std::pair<const char*, const char*>>{{"(B)", "B"},
                                                        {"(B)", "(b) Monday"},
                                                        {"Yes", "**yes.**"},
                                                        {"] ] >", "`]]>`"},
                                                        {"barn damp it&t", "barn, damp, it&t"},
                                                        {"-50", "\u221250"},
                                                        {"8", "8.0"},
                                                        {"False", "false"},
                                                        {"(A)", "(A) 12/12/2001"},
                                                        {"(A)", "the answer is A"},
                                                        {"} ]", "\\} ]"},
                                                        {"{ [ ] }", "\\{[]\\}"},
                                                        {"valid", "\"valid\""}}) {
    EXPECT_EQ(verdict(gold, answer), Verdict::right) << gold << ": " << answer;
  }
  for (const auto& [gold, answer] :
       std::vector<std::pair<const char*, const char*>>{{"(B)", "(C)"},
                                                        {"Yes", "No"},
                                                        {"valid", "invalid"},
                                                        {"] ] >", "] > ]"},
                                                        {"barn damp", "damp barn"},
                                                        {"8", "80"},
                                                        {"8", "8 or more"},
                                                        {"(A)", "(A) or (B)"},
                                                        {"(A)", "(A), (B)"},
                                                        {"(A)", "(A) and (C)"},
                                                        {"(A)", "A, B"},
                                                        {"(A)", "A man"}}) {
    EXPECT_EQ(verdict(gold, answer), Verdict::wrong) << gold << ": " << answer;
  }
}

TEST(LiteralGrader, ReadsAssertions) {
  const auto literal = grader("literal");
  const Question q = question({{"output", "{'a': [1, 2]}"}});
  for (const char* right : {"[ANSWER]\nassert f('x == y') == {'a': [1, 2]}\n[/ANSWER]",
                            "[ANSWER] {\"a\": [1,2]} [/ANSWER]",
                            "[ANSWER]\n```python\nassert f(1) == {'a': [1, 2]}\n```\n[/ANSWER]"}) {
    EXPECT_EQ(literal->grade(q, right).verdict, Verdict::right) << right;
  }
  EXPECT_EQ(literal->grade(q, "[ANSWER]{'a': (1, 2)}[/ANSWER]").verdict, Verdict::wrong);
  EXPECT_EQ(literal->grade(q, "[ANSWER]dict(a=[1, 2])[/ANSWER]").detail, "no Python literal");
  EXPECT_EQ(literal->grade(q, "{'a': [1, 2]}").verdict, Verdict::no_answer);
  const Question ten = question({{"output", "10"}}),
                 named = question({{"output", "'\\N{DIGIT ONE}'"}});
  EXPECT_EQ(literal->grade(ten, "[ANSWER]010[/ANSWER]").detail, "no Python literal");
  EXPECT_NE(literal->grade(named, "[ANSWER]'1'[/ANSWER]").detail.find("undecided"),
            std::string::npos);
}

// Each gold answer of the shipped sets, in the form that its prompt asks for, is right.
TEST(ShippedSets, GradeTheirOwnAnswersRight) {
  const BenchmarkFiles files{std::filesystem::path(QUANTRIAL_SOURCE) / "benchmarks", {}};
  const std::pair<const char*, std::string (*)(const Question&)> sets[] = {
      {"gsm8k",
       [](const Question& q) {
         const std::string text = field_text(q.fields["answer"]);
         return "\\boxed{" + text.substr(text.find("####") + 5) + "}";
       }},
      {"bbh", [](const Question& q) { return "Answer: " + field_text(q.fields["target"]); }},
      {"mmlu-redux",
       [](const Question& q) { return "{\"answer\": " + q.fields["letter"].dump() + "}"; }},
      {"cruxeval",
       [](const Question& q) {
         return "[ANSWER]assert f(" + field_text(q.fields["input"]) +
                ") == " + field_text(q.fields["output"]) + "[/ANSWER]";
       }},
  };
  for (const auto& [name, reply_of] : sets) {
    const Benchmark benchmark = read_benchmark(name, files);
    const auto rule = make_grader(benchmark.grading, benchmark.name);
    for (const Question& q : benchmark.questions) {
      const Grade grade = rule->grade(q, reply_of(q));
      EXPECT_EQ(grade.verdict, Verdict::right) << name << " " << q.id << ": " << reply_of(q);
    }
  }
}

TEST(MathGrader, SurvivesHostileAnswers) {
  const auto math = grader("math");
  const Question q = question({{"answer", "x^2+1"}});
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  for (const std::string& hostile : {"{" + repeated("{}", 500'000) + "}",
                                     repeated("{", 1'000'000),
                                     repeated("(", 3000) + "1",
                                     repeated("\\frac", 700),
                                     repeated("10^", 900) + "10",
                                     std::string("10^{10^{10}}"),
                                     std::string("(10^9)!"),
                                     repeated("9", 3900),
                                     repeated("9^{999}*", 450) + "9",
                                     repeated("-", 3900) + "1",
                                     repeated("x+", 1900) + "1",
                                     repeated("|", 3000),
                                     repeated("\\{", 50) + repeated("\\}", 50),
                                     repeated("1\\pm", 600) + "1",
                                     repeated("\\begin{pmatrix}", 200),
                                     repeated("1<", 1500) + "2",
                                     repeated("(x^2", 55),
                                     repeated("\\sqrt{", 60) + "2" + repeated("}", 60),
                                     std::string("\0\xff\x80", 3),
                                     repeated("1,", 1900) + "1",
                                     repeated("\\sin", 900)}) {
    EXPECT_NE(math->grade(q, "\\boxed{" + hostile + "}").verdict, Verdict::right);
    math->same(hostile, hostile + "+1");
    maths::equal_answers(hostile, "x^2+1");
  }
}

}  // namespace
}  // namespace quantrial
