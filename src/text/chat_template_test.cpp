#include "text/chat_template.h"

#include <gtest/gtest.h>

#include "text/test_folder.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

ChatTemplate from_file(const std::string& name) {
  const TestFolder folder;
  folder.write("chat_template.jinja", test_text(name));
  folder.write("tokenizer_config.json",
               R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}})");
  return ChatTemplate::load(folder.path());
}

void expect_rendered(const ChatTemplate& chat, const ordered_json& input,
                     const ordered_json& expected) {
  SCOPED_TRACE(input.dump());
  if (expected.is_string()) {
    EXPECT_EQ(chat.render(input), expected.get<std::string>());
  } else {
    EXPECT_NE(error_of([&] { chat.render(input); }), "");
  }
}

// The reference cases for Qwen3.5's template, made with Jinja2 set up as in transformers.
TEST(ChatTemplate, RendersQwen35) {
  const auto chat = from_file("qwen3.5-chat-template.jinja");
  const auto cases = test_json("qwen3.5-chat-cases.json");
  EXPECT_EQ(cases.size(), 14u);
  for (const auto& one_case : cases) {
    if (one_case.contains("output")) {
      expect_rendered(chat, one_case["input"], one_case["output"]);
    } else {
      const std::string error = error_of([&] { chat.render(one_case["input"]); });
      EXPECT_NE(error.find(one_case["error"].get<std::string>()), std::string::npos) << error;
      EXPECT_TRUE(error.starts_with("chat template, line ")) << error;
    }
  }
}

// "chats" of template_cases.json, made with Jinja2 by make_template_cases.py.
TEST(ChatTemplate, RendersChatsAsJinja2Does) {
  const auto file = test_json("template_cases.json");
  for (const char* name :
       {"qwen3.5-chat-template.jinja", "json-tools.jinja", "folded-system.jinja"}) {
    const auto chat = from_file(name);
    for (const auto& one_case : file["chats"]) {
      if (one_case[0] == name) expect_rendered(chat, one_case[1], one_case[2]);
    }
  }
}

std::string rendered_in(const TestFolder& folder, ordered_json extra = ordered_json::object()) {
  extra["messages"] = {{{"role", "user"}, {"content", "Hi"}}};
  return ChatTemplate::load(folder.path()).render(extra);
}

// The precedence and the variables of transformers' apply_chat_template.
TEST(ChatTemplate, IsFoundWhereTransformersLooks) {
  const TestFolder folder;
  folder.write(
      "tokenizer_config.json",
      R"({"chat_template": "config {{ bos_token }}{{ eos_token }}{{ pad_token is defined }}",
                   "bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null})");
  EXPECT_EQ(rendered_in(folder), "config <s></s>False");
  folder.write("chat_template.json",
               R"({"chat_template": "json {{ tools is none }}{{ add_generation_prompt }}"})");
  EXPECT_EQ(rendered_in(folder), "json TrueFalse");
  folder.write("chat_template.jinja", "jinja {{ messages[0].content }} {{ enable_thinking }}");
  EXPECT_EQ(rendered_in(folder, {{"enable_thinking", false}}), "jinja Hi False");
}

TEST(ChatTemplate, PicksANamedTemplate) {
  const TestFolder folder;
  folder.write("tokenizer_config.json",
               R"({"chat_template": [{"name": "tool_use", "template": "tools"},
                                                             {"name": "default", "template": "plain"}]})");
  EXPECT_EQ(rendered_in(folder), "plain");
  EXPECT_EQ(rendered_in(folder, {{"tools", ordered_json::array()}}), "plain");
  EXPECT_EQ(rendered_in(folder, {{"tools", {{{"type", "function"}}}}}), "tools");
  folder.write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "a", "template": "x"}, {"name": "b", "template": "y"}]})");
  EXPECT_NE(error_of([&] { rendered_in(folder); }).find("none of its 2 chat templates"),
            std::string::npos);
}

TEST(ChatTemplate, SaysWhatIsWrongWithAModel) {
  const TestFolder folder;
  const auto error = [&] { return error_of([&] { ChatTemplate::load(folder.path()); }); };
  EXPECT_NE(error().find("no chat template"), std::string::npos) << error();
  EXPECT_FALSE(ChatTemplate::find(folder.path()).has_value());
  folder.write("tokenizer_config.json", "{\"chat_template\": 5}");
  EXPECT_NE(error().find("is not a text"), std::string::npos) << error();
  folder.write("tokenizer_config.json", "{\"chat_template\": ");
  EXPECT_NE(error().find("not JSON"), std::string::npos) << error();
  folder.write("tokenizer_config.json", "{\"x\":" + std::string(100'000, '['));
  EXPECT_NE(error().find("levels"), std::string::npos) << error();
  folder.write("tokenizer_config.json", "{\"chat_template\": \"{% if %}\"}");
  EXPECT_NE(error().find("chat template, line 1: expected an expression"), std::string::npos)
      << error();
}

TEST(ChatTemplate, RefusesWhatIsNoChat) {
  const auto chat = from_file("qwen3.5-chat-template.jinja");
  for (const char* input : {"[]", "{}", "5", R"({"messages": "Hi"})", R"({"messages": 5})"}) {
    EXPECT_NE(error_of([&] { chat.render(ordered_json::parse(input)); }), "") << input;
  }
  ordered_json deep = "x";
  for (int i = 0; i < 1000; ++i) deep = ordered_json::array({deep});
  EXPECT_NE(error_of([&] { chat.render({{"messages", deep}}); }), "");
}

}  // namespace
}  // namespace quantrial
