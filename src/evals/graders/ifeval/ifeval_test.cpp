// Verdicts of the official IFEval grader on some thousand responses, and the corner cases of its
// parts.
#include "evals/graders/ifeval/ifeval.h"

#include <gtest/gtest.h>

#include <map>

#include "base/compressed_file.h"
#include "base/error.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

std::vector<ordered_json> rows(const fs::path& path) {
  const std::string text = read_maybe_compressed(fs::path(QUANTRIAL_SOURCE) / path);
  std::vector<ordered_json> all;
  for (const std::string_view line : python::split(text, "\n")) {
    if (!line.empty()) all.push_back(ordered_json::parse(line));
  }
  return all;
}

struct Agreement {
  int same = 0, all = 0;
};

// tests/evals/make_ifeval_verdicts.py: nltk 3.9.1, langdetect 1.0.9. Where the official code is
// random its verdict is null and nothing is asked.
TEST(Ifeval, VerdictsAreThoseOfTheOfficialGrader) {
  std::map<int64_t, ordered_json> questions;
  for (ordered_json& row : rows("benchmarks/data/ifeval.jsonl.xz")) {
    const int64_t key = row["key"];
    questions[key] = std::move(row);
  }
  ASSERT_EQ(questions.size(), 541u);
  const auto grader = make_ifeval_grader({"ifeval", ordered_json::object()}, "test");
  std::map<std::string, Agreement> by_kind;
  for (const ordered_json& row : rows("tests/evals/ifeval_verdicts.jsonl.xz")) {
    const ordered_json& fields = row.contains("key") ? questions.at(row["key"]) : row;
    const std::string response = row["response"];
    const Grade grade = grader->grade({"q", "", fields}, response);
    for (const char* manner : {"strict", "loose"}) {
      for (size_t i = 0; i < row[manner].size(); ++i) {
        const ordered_json& expected = row[manner][i];
        if (expected.is_null()) continue;
        const std::string kind = fields["instruction_id_list"][i];
        const bool same = grade.scores[fmt::format("{}_instructions", manner)][i] == expected;
        by_kind[kind].all += 1;
        by_kind[kind].same += same ? 1 : 0;
        EXPECT_TRUE(same) << manner << ' ' << kind << ' ' << fields["kwargs"][i] << ": official "
                          << expected << "\n"
                          << row["response"];
      }
    }
  }
  EXPECT_EQ(by_kind.size(), 25u);
  for (const auto& [kind, agreement] : by_kind) {
    EXPECT_GT(agreement.all, 100) << kind;
    std::printf("%-46s %d of %d\n", kind.c_str(), agreement.same, agreement.all);
  }
}

Grade graded(const ordered_json& kinds, const ordered_json& arguments, const std::string& answer) {
  static const auto grader = make_ifeval_grader({"ifeval", ordered_json::object()}, "test");
  return grader->grade({"7", "", {{"instruction_id_list", kinds}, {"kwargs", arguments}}}, answer);
}

TEST(Ifeval, ScoresSayWhichInstructionsWereFollowed) {
  const ordered_json kinds = {"punctuation:no_comma", "detectable_format:title"};
  const ordered_json none = ordered_json::object();
  // The datasets library fills absent arguments with null.
  const ordered_json nulls = {{"num_words", nullptr}, {"relation", nullptr}};
  const Grade loose = graded(kinds, {nulls, none}, "Sure, here it is:\n<<Title>> and no more");
  EXPECT_EQ(loose.verdict, Verdict::wrong);
  EXPECT_EQ(loose.detail, "not followed: punctuation:no_comma");
  EXPECT_EQ(loose.scores, (ordered_json{{"loose_prompt", 1},
                                        {"strict_instructions", {false, true}},
                                        {"loose_instructions", {true, true}}}));
  EXPECT_EQ(graded(kinds, {none, none}, "<<Title>> \xFF").verdict, Verdict::right);
  const Grade empty = graded(kinds, {none, none}, " \n");
  EXPECT_EQ(empty.verdict, Verdict::no_answer);
  EXPECT_EQ(empty.scores["loose_instructions"], (ordered_json{false, false}));
}

TEST(Ifeval, ASignIsCountedWhereTheOfficialCodeCountsALetterAtRandom) {
  const ordered_json kinds = {"keywords:letter_frequency"};
  const ordered_json arguments = {
      {{"letter", "#"}, {"let_frequency", 4}, {"let_relation", "at least"}}};
  EXPECT_EQ(graded(kinds, arguments, "# ## a #").verdict, Verdict::right);
  EXPECT_EQ(graded(kinds, arguments, "# ## a").verdict, Verdict::wrong);
}

TEST(Ifeval, BrokenQuestionsAreNamed) {
  const auto error = [](const ordered_json& kinds, const ordered_json& arguments) {
    try {
      graded(kinds, arguments, "a");
      return std::string("no error");
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  const auto list = [](const ordered_json& item) { return ordered_json::array({item}); };
  const ordered_json none = ordered_json::object(), words = list("length_constraints:number_words");
  EXPECT_NE(error(list("startend:start"), list(none)).find("startend:start"), std::string::npos);
  EXPECT_NE(
      error(words, list(none)).find("question '7': length_constraints:number_words: argument"),
      std::string::npos);
  EXPECT_NE(error(words, ordered_json::array()).find("1 instructions and 0 kwargs"),
            std::string::npos);
  const ordered_json relation = {{"num_words", 3}, {"relation", "about"}};
  EXPECT_NE(error(words, list(relation)).find("'about'"), std::string::npos);
  const ordered_json no_letter = {
      {"letter", ""}, {"let_frequency", 1}, {"let_relation", "at least"}};
  EXPECT_NE(error(list("keywords:letter_frequency"), list(no_letter)).find("empty"),
            std::string::npos);
  const ordered_json open = {{"keywords", list("(")}};
  EXPECT_NE(error(list("keywords:existence"), list(open)).find("regular expression"),
            std::string::npos);
}

}  // namespace
}  // namespace quantrial
