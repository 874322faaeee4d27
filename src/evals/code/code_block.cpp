#include "evals/code/code_block.h"

#include <algorithm>
#include <cctype>

namespace quantrial {
namespace {

struct Fence {
  size_t indent = 0, length = 0;
  char mark = 0;
  bool bare = false;  // nothing follows: it may close
};

std::optional<Fence> fence_of(std::string_view line) {
  Fence f;
  f.indent = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(f.indent);
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return std::nullopt;
  f.mark = line[0];
  f.length = std::min(line.find_first_not_of(f.mark), line.size());
  if (f.length < 3) return std::nullopt;
  const std::string_view info = line.substr(f.length);
  if (f.mark == '`' && info.find('`') != std::string_view::npos) return std::nullopt;  // inline
  f.bare = info.find_first_not_of(" \t\r") == std::string_view::npos;
  return f;
}

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where the name after the next `def` begins, from `at` on.
size_t next_definition(std::string_view program, size_t at) {
  for (; (at = program.find("def ", at)) != std::string_view::npos; ++at) {
    if (at == 0 || !is_word(program[at - 1])) {
      return std::min(program.find_first_not_of(' ', at + 4), program.size());
    }
  }
  return std::string_view::npos;
}

std::string_view word_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  return text.substr(at, end - at);
}

bool defines(std::string_view program, std::string_view name) {
  for (size_t at = 0; (at = next_definition(program, at)) != std::string_view::npos;) {
    if (word_at(program, at) == name) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> fenced_blocks(std::string_view answer) {
  std::vector<std::string> blocks;
  std::optional<Fence> open;
  while (!answer.empty()) {
    std::string_view line = take_line(answer);
    const std::optional<Fence> fence = fence_of(line);
    if (!open) {
      open = fence;
      if (open) blocks.emplace_back();
    } else if (fence && fence->bare && fence->mark == open->mark && fence->length >= open->length) {
      open.reset();
    } else {
      const size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
      line.remove_prefix(std::min(indent, open->indent));
      blocks.back().append(line).append("\n");
    }
  }
  return blocks;
}

std::optional<std::string> solution_block(std::string_view answer, std::string_view entry_point) {
  std::vector<std::string> blocks = fenced_blocks(answer);
  if (blocks.empty()) return std::nullopt;
  const auto at = std::find_if(blocks.rbegin(), blocks.rend(), [&](const std::string& block) {
    return defines(block, entry_point);
  });
  return std::move(at == blocks.rend() ? blocks.back() : *at);
}

std::optional<std::string> first_function(std::string_view program) {
  const size_t at = next_definition(program, 0);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(word_at(program, at));
}

}  // namespace quantrial
