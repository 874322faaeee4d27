// Against CPython and numpy (tests/evals/make_python_values.py).
#include "evals/code/python_value.h"

#include <gtest/gtest.h>

#include <set>

#include "base/mapped_file.h"

namespace quantrial {
namespace {

const nlohmann::ordered_json& oracle() {
  static const auto json = nlohmann::ordered_json::parse(
      read_text_file(QUANTRIAL_SOURCE "/tests/evals/python_values.json"));
  return json;
}

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

PythonValue value_of(const nlohmann::ordered_json& hex) {
  const auto value = parse_marshal(bytes_of(hex.get<std::string>()));
  EXPECT_TRUE(value) << hex;
  return value.value_or(PythonValue{});
}

TEST(PythonValue, EqualsAsPythonSays) {
  const auto& values = oracle().at("values");
  std::set<std::pair<size_t, size_t>> pairs;
  for (const auto& pair : oracle().at("equal")) {
    pairs.insert({pair[0].get<size_t>(), pair[1].get<size_t>()});
  }
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = i + 1; j < values.size(); ++j) {
      EXPECT_EQ(equal(value_of(values[i][1]), value_of(values[j][1])), pairs.contains({i, j}))
          << values[i][0] << " " << values[j][0];
    }
    const bool nothing =
        values[i][0] == "..." || values[i][0] == "float('nan')" || values[i][0] == "[float('nan')]";
    EXPECT_EQ(equal(value_of(values[i][1]), value_of(values[i][1])), !nothing) << values[i][0];
  }
}

TEST(PythonValue, IsCloseAsNumpySays) {
  for (const auto& pair : oracle().at("close")) {
    EXPECT_EQ(all_close(value_of(pair[2]), value_of(pair[3]), 1e-6), pair[4].get<bool>())
        << pair[0] << " " << pair[1];
  }
}

TEST(PythonValue, MarshalOfJson) {
  const auto json = nlohmann::ordered_json::parse(
      R"([null, true, -7, 12345678901234567890, 0.5, "é", {"a": [1]}])");
  const auto value = parse_marshal(marshal_of(json));
  ASSERT_TRUE(value);
  ASSERT_EQ(value->items.size(), 7u);
  EXPECT_EQ(as_double(value->items[2]), -7);
  EXPECT_EQ(value->items[3].text, "ab54a98ceb1f0ad2");  // hex(12345678901234567890)
  EXPECT_EQ(value->items[5].text, "é");
  EXPECT_EQ(value->items[6].items.size(), 2u);
}

TEST(PythonValue, SetsOfWhatHasThem) {
  const auto parse = [](const char* json) {
    return *parse_marshal(marshal_of(nlohmann::ordered_json::parse(json)));
  };
  EXPECT_TRUE(equal_as_sets(parse("[1, 2, 2]"), parse("[2.0, 1]")));
  EXPECT_FALSE(equal_as_sets(parse("[1]"), parse("[2]")));
  EXPECT_FALSE(equal_as_sets(parse("[[1]]"), parse("[[1]]")));  // unhashable
  EXPECT_FALSE(equal_as_sets(parse("1"), parse("1")));
}

// Whatever a sandbox sends: a value or none, never a crash.
TEST(PythonValue, DamagedBytes) {
  for (const auto& value : oracle().at("values")) {
    const std::string whole = bytes_of(value[1]);
    for (size_t i = 0; i < whole.size(); ++i) {
      EXPECT_FALSE(parse_marshal(whole.substr(0, i)));
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = whole;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
        parse_marshal(flipped);
      }
    }
  }
  const std::string one("(\1\0\0\0", 5);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += one;
  EXPECT_FALSE(parse_marshal(deep + "N"));
}

}  // namespace
}  // namespace quantrial
