#include "text/tool_calls.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "text/chat_template.h"
#include "text/test_folder.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

ordered_json tools_with(const ordered_json& properties) {
  return {{{"type", "function"},
           {"function",
            {{"name", "f"}, {"parameters", {{"type", "object"}, {"properties", properties}}}}}}};
}

std::string xml_call(const std::string& key, const std::string& value) {
  return "<tool_call>\n<function=f>\n<parameter=" + key + ">\n" + value +
         "\n</parameter>\n</function>\n</tool_call>";
}

// What the models' own templates write into a prompt is what they generate: parsing it gives the
// calls back (Jinja2's output in template_cases.json, "chats").
TEST(ToolCalls, AreReadBackFromWhatTheTemplatesWrite) {
  const auto file = test_json("template_cases.json");
  size_t count = 0;
  for (const auto& one_case : file["chats"]) {
    if (!one_case[2].is_string() || one_case[1]["tools"].is_null()) continue;
    const std::string prompt = one_case[2];
    const size_t assistant = prompt.find("<|im_start|>assistant\n");
    const auto& messages = one_case[1]["messages"];
    if (assistant == std::string::npos || messages.size() < 2 ||
        !messages[1].contains("tool_calls"))
      continue;
    const auto parsed =
        parse_tool_calls(prompt.substr(assistant, prompt.find("<|im_end|>", assistant) - assistant),
                         one_case[1]["tools"]);
    ASSERT_EQ(parsed.calls.size(), messages[1]["tool_calls"].size());
    for (size_t i = 0; i < parsed.calls.size(); ++i) {
      const auto& expected = messages[1]["tool_calls"][i]["function"];
      EXPECT_EQ(parsed.calls[i].name, expected["name"]);
      EXPECT_EQ(parsed.calls[i].arguments, expected["arguments"]);
    }
    EXPECT_TRUE(parsed.text.ends_with("Let me see.")) << parsed.text;
    ++count;
  }
  EXPECT_GE(count, 6u);  // two templates, three settings
}

// _convert_param_value of vllm/tool_parsers/qwen3coder_tool_parser.py, except that what does not
// fit its type stays text (vLLM makes such a boolean false).
TEST(ToolCalls, ConvertsValuesByTheirDeclaredType) {
  const struct {
    const char* schema;
    const char* value;
    const char* expected;
  } cases[] = {
      {R"({"type": "string"})", "5", R"("5")"},
      {R"({"type": "string"})", "a\n b\n", R"("a\n b\n")"},
      {R"({"type": "string"})", "", R"("")"},
      {R"({"type": "integer"})", "-5", "-5"},
      {R"({"type": "integer"})", "5.5", R"("5.5")"},
      {R"({"type": "integer"})", "x", R"("x")"},
      {R"({"type": "number"})", "2.5", "2.5"},
      {R"({"type": "number"})", "3.0", "3"},
      {R"({"type": "number"})", "1e3", "1000"},
      {R"({"type": "number"})", "many", R"("many")"},
      {R"({"type": "boolean"})", "true", "true"},
      {R"({"type": "boolean"})", "False", "false"},
      {R"({"type": "boolean"})", "maybe", R"("maybe")"},
      {R"({"type": "object"})", R"({"a": [1, null]})", R"({"a": [1, null]})"},
      {R"({"type": "array"})", "[1, \"x\"]", R"([1, "x"])"},
      {R"({"type": "array"})", "[1,", R"("[1,")"},
      {R"({"type": ["null", "integer"]})", "7", "7"},
      {R"({"anyOf": [{"type": "integer"}, {"type": "array"}]})", "[1]", "[1]"},
      {R"({"anyOf": [{"type": "string"}, {"type": "array"}]})", "word", R"("word")"},
      {R"({"description": "untyped"})", "7", R"("7")"},
      {R"({"type": "integer"})", "null", "null"},
      {R"({"type": "string"})", "Null", "null"},
  };
  for (const auto& one : cases) {
    const auto parsed = parse_tool_calls(xml_call("k", one.value),
                                         tools_with({{"k", ordered_json::parse(one.schema)}}));
    ASSERT_EQ(parsed.calls.size(), 1u) << one.value;
    EXPECT_EQ(parsed.calls[0].arguments["k"], ordered_json::parse(one.expected))
        << one.schema << one.value;
    EXPECT_EQ(parsed.text, "");
  }
  const auto untyped = parse_tool_calls(xml_call("k", "7"), nullptr);
  EXPECT_EQ(untyped.calls[0].arguments.dump(), R"({"k":"7"})");
}

TEST(ToolCalls, TakesValuesThatContainTags) {
  const std::string value = "<parameter=x> </parameter> </tool_call> </function>";
  const auto parsed = parse_tool_calls(xml_call("k", value + "\n</parameter>\nend"), nullptr);
  ASSERT_EQ(parsed.calls.size(), 1u);
  EXPECT_EQ(parsed.calls[0].arguments["k"], value + "\n</parameter>\nend");
  const auto json = parse_tool_calls(
      R"(<tool_call>{"name": "f", "arguments": {"k": "</tool_call>"}}</tool_call>)", nullptr);
  ASSERT_EQ(json.calls.size(), 1u);
  EXPECT_EQ(json.calls[0].arguments["k"], "</tool_call>");
}

TEST(ToolCalls, KeepsTheTextAroundThem) {
  const auto parsed = parse_tool_calls(
      "Before.\n\n" + xml_call("k", "1") + "\n" + xml_call("k", "2") + "\n\nAfter.\n", nullptr);
  EXPECT_EQ(parsed.calls.size(), 2u);
  EXPECT_EQ(parsed.text, "Before.\nAfter.\n");
  EXPECT_EQ(parse_tool_calls("plain <b>text</b>\n", nullptr).text, "plain <b>text</b>\n");
}

TEST(ToolCalls, LeavesMalformedCallsInTheText) {
  for (const char* text :
       {"<tool_call>", "<tool_call>\n</tool_call>", "<tool_call>\nhello\n</tool_call>",
        "<tool_call>\n<function=f>\n<parameter=k>\n1\n</function>\n</tool_call>",
        "<tool_call>\n<function=>\n</function>\n</tool_call>",
        "<tool_call>\n<function=f>\n</function>\n",
        "<tool_call>\n<function=f\n</function>\n</tool_call>",
        "<tool_call>{\"name\": 5}</tool_call>",
        "<tool_call>{\"name\": \"f\", \"arguments\": \"x\"}</tool_call>",
        "<tool_call>{\"name\"</tool_call>", "<tool_call>[1]</tool_call>",
        "</tool_call><function=f>"}) {
    const auto parsed = parse_tool_calls(text, nullptr);
    EXPECT_TRUE(parsed.calls.empty()) << text;
    EXPECT_EQ(parsed.text, text);
  }
  const auto second = parse_tool_calls("<tool_call>\nbroken\n" + xml_call("k", "1"), nullptr);
  EXPECT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.text, "<tool_call>\nbroken");
  const std::string deep =
      "<tool_call>{\"name\": \"f\", \"arguments\": {\"k\": " + std::string(100'000, '[');
  EXPECT_EQ(parse_tool_calls(deep + "</tool_call>", nullptr).text, deep + "</tool_call>");
}

TEST(ToolCalls, SurvivesRandomDamage) {
  const std::string text = "Text " + xml_call("k", "[1, 2]") +
                           "\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call> end";
  const auto tools = tools_with({{"k", {{"type", "array"}}}});
  for (size_t length = 0; length <= text.size(); ++length)
    parse_tool_calls(text.substr(0, length), tools);
  for (uint64_t round = 0; round < 20'000; ++round) {
    std::string damaged = text;
    const auto random = philox(3, round);
    damaged.erase(random[0] % damaged.size(), random[1] % 9);
    if (!damaged.empty()) damaged[random[2] % damaged.size()] = static_cast<char>(random[3]);
    parse_tool_calls(damaged, tools);
  }
}

}  // namespace
}  // namespace quantrial
