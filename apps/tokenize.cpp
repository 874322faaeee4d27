// quantrial tokenize: text <-> token ids, messages -> prompt, from the tokenizer's files alone.
#include <fmt/ranges.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "base/error.h"
#include "text/chat_template.h"
#include "text/json_text.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

struct TokenizeOptions {
  std::filesystem::path model;
  bool chat = false;
  bool ids = false;
};

std::string read_standard_input() {
  std::string text;
  char buffer[1 << 16];
  size_t count = 0;
  while ((count = std::fread(buffer, 1, sizeof buffer, stdin)) > 0) text.append(buffer, count);
  if (std::ferror(stdin) != 0) throw Error("cannot read standard input");
  return text;
}

ordered_json parse_input(const std::string& text, std::string_view expected) {
  try {
    return parse_json<ordered_json>(text);
  } catch (const Error& error) {
    throw Error("standard input: {}; expected {}", error.what(), expected);
  }
}

std::string rendered(const TokenizeOptions& options, const std::string& input) {
  constexpr std::string_view expected = "a JSON list of messages, or an object with messages";
  ordered_json chat = parse_input(input, expected);
  if (chat.is_array()) chat = {{"messages", std::move(chat)}, {"add_generation_prompt", true}};
  if (!chat.is_object() || !chat.contains("messages")) {
    throw Error("standard input: no messages; expected {}", expected);
  }
  return ChatTemplate::load(options.model).render(chat);
}

std::string decoded(const TokenizeOptions& options, const std::string& input) {
  constexpr std::string_view expected = "a JSON list of token ids";
  const ordered_json list = parse_input(input, expected);
  if (!list.is_array()) throw Error("standard input: not a list; expected {}", expected);
  std::vector<int32_t> ids;
  for (const auto& id : list) {
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX) {
      throw Error("standard input: element {} is {}; expected {}", ids.size(), escaped(id.dump()),
                  expected);
    }
    ids.push_back(id.get<int32_t>());
  }
  return Tokenizer::load(options.model).decode(ids, SpecialTokens::keep);
}

std::string encoded(const TokenizeOptions& options, const std::string& input) {
  const auto ids = Tokenizer::load(options.model).encode(input);
  return fmt::format("[{}]\n", fmt::join(ids, ", "));
}

void run(const TokenizeOptions& options) {
  const std::string input = read_standard_input();
  const std::string output = options.chat  ? rendered(options, input)
                             : options.ids ? decoded(options, input)
                                           : encoded(options, input);
  const bool written = std::fwrite(output.data(), 1, output.size(), stdout) == output.size();
  if (!written || std::fflush(stdout) != 0) throw Error("cannot write to standard output");
}

}  // namespace

void add_tokenize_command(CLI::App& app, const CommonOptions&) {
  const auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command =
      app.add_subcommand("tokenize", "Text on standard input to a JSON list of token ids");
  command->add_option("MODEL", options->model, "A model's folder; its tokenizer files are enough")
      ->required();
  auto* chat = command->add_flag(
      "--chat", options->chat,
      "Standard input is a JSON list of messages, or an object with messages, tools and "
      "template arguments; print the rendered prompt");
  command->add_flag("--ids", options->ids, "Standard input is a JSON list of ids; print their text")
      ->excludes(chat);
  command->footer(
      "Examples:\n"
      "  printf 'Hello' | quantrial tokenize models/Qwen3.5-4B\n"
      "  echo '[{\"role\": \"user\", \"content\": \"Hi\"}]' | quantrial tokenize models/Qwen3.5-4B "
      "--chat\n"
      "  echo '[9707]' | quantrial tokenize models/Qwen3.5-4B --ids");
  command->callback([options] { run(*options); });
}

}  // namespace quantrial
