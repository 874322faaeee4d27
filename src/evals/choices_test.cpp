#include "evals/choices.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace quantrial {
namespace {

Question asked(nlohmann::ordered_json fields) { return {"q1", "", std::move(fields)}; }

TEST(Choices, OfAListKeepTheirOrder) {
  Question q = asked({{"choices", {"red", " blue\n", "green"}}, {"answer", 1}});
  add_choices({.list = "choices", .right = "answer"}, q, "f");
  EXPECT_EQ(q.fields["lettered"], "A. red\nB. blue\nC. green");
  EXPECT_EQ(q.fields["letter"], "B");
  q.fields["answer"] = "C";
  add_choices({.list = "choices", .right = "answer"}, q, "f");
  EXPECT_EQ(q.fields["letter"], "C");
}

TEST(Choices, OfFieldsAreShuffledTheSameWayEachTime) {
  std::set<std::string> letters;
  for (int i = 0; i < 40; ++i) {
    Question q = asked({{"right", "r"}, {"w1", "a"}, {"w2", "b"}, {"w3", "c"}});
    q.id = std::to_string(i);
    Question again = q;
    const ChoiceFields from{.fields = {"right", "w1", "w2", "w3"}, .shuffle = true};
    add_choices(from, q, "f");
    add_choices(from, again, "f");
    EXPECT_EQ(q.fields, again.fields);
    const auto letter = q.fields["letter"].get<std::string>();
    EXPECT_EQ(q.fields["options"][static_cast<size_t>(letter[0] - 'A')], "r");
    letters.insert(letter);
  }
  EXPECT_EQ(letters.size(), 4u);
}

TEST(Choices, ThatHaveNoRightOneAreRefused) {
  for (const auto& right : {nlohmann::ordered_json(3), nlohmann::ordered_json("D"),
                            nlohmann::ordered_json("red"), nlohmann::ordered_json(-1)}) {
    Question q = asked({{"choices", {"red", "blue", "green"}}, {"answer", right}});
    EXPECT_THROW(add_choices({.list = "choices", .right = "answer"}, q, "f"), Error) << right;
  }
  Question q = asked({{"choices", "red"}, {"answer", 0}});
  EXPECT_THROW(add_choices({.list = "choices", .right = "answer"}, q, "f"), Error);
  EXPECT_THROW(add_choices({.list = "none", .right = "answer"}, q, "f"), Error);
}

}  // namespace
}  // namespace quantrial
