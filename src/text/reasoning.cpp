#include "text/reasoning.h"

#include <algorithm>
#include <utility>

namespace quantrial {
namespace {

constexpr std::string_view opening = "<think>";
constexpr std::string_view closing = "</think>";
constexpr std::string_view white_space = " \t\r\n";

size_t count_leading(std::string_view text, std::string_view characters) {
  return std::min(text.find_first_not_of(characters), text.size());
}

std::string_view without_trailing_newlines(std::string_view text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

// Whether `text` is a beginning of `tag`, but not all of it.
bool may_become(std::string_view text, std::string_view tag) {
  return text.size() < tag.size() && tag.starts_with(text);
}

// Bytes of `text` that stay reasoning whatever comes: not a beginning of </think> at its end, nor
// the newlines before one.
size_t settled_reasoning(std::string_view text) {
  size_t end = text.size();
  for (size_t length = std::min(text.size(), closing.size() - 1); length > 0; --length) {
    if (closing.starts_with(text.substr(text.size() - length))) {
      end = text.size() - length;
      break;
    }
  }
  return without_trailing_newlines(text.substr(0, end)).size();
}

}  // namespace

PromptEnd prompt_end(std::string_view prompt) {
  const std::string_view text = prompt.substr(0, prompt.find_last_not_of(white_space) + 1);
  return text.ends_with(opening) ? PromptEnd::inside_reasoning : PromptEnd::outside_reasoning;
}

ReasoningSplitter::ReasoningSplitter(PromptEnd prompt_end)
    : state_(prompt_end == PromptEnd::inside_reasoning ? State::before_reasoning
                                                       : State::undecided) {}

ReasoningText ReasoningSplitter::push(std::string_view text) {
  held_back_ += text;
  ReasoningText out;
  while (step(out) == Progress::again) {
  }
  return out;
}

ReasoningText ReasoningSplitter::finish() {
  const std::string rest = std::exchange(held_back_, {});
  if (in_reasoning()) return {std::string(without_trailing_newlines(rest)), {}};
  return {{}, rest};
}

ReasoningSplitter::Progress ReasoningSplitter::step(ReasoningText& out) {
  switch (state_) {
    case State::undecided:
      return take_undecided(out);
    case State::before_reasoning:
      return take_before_reasoning();
    case State::reasoning:
      return take_reasoning(out);
    case State::before_answer:
      held_back_.erase(0, count_leading(held_back_, "\n"));
      if (held_back_.empty()) return Progress::wait;
      state_ = State::answer;
      return Progress::again;
    case State::answer:
      out.answer += std::exchange(held_back_, {});
      return Progress::wait;
  }
  return Progress::wait;
}

ReasoningSplitter::Progress ReasoningSplitter::take_undecided(ReasoningText& out) {
  const size_t white = count_leading(held_back_, white_space);
  const std::string_view text = std::string_view(held_back_).substr(white);
  if (may_become(text, opening)) return Progress::wait;
  if (text.starts_with(opening)) {
    held_back_.erase(0, white + opening.size());
    state_ = State::before_reasoning;
    return Progress::again;
  }
  state_ = State::answer;
  out.answer += std::exchange(held_back_, {});
  return Progress::wait;
}

ReasoningSplitter::Progress ReasoningSplitter::take_before_reasoning() {
  held_back_.erase(0, count_leading(held_back_, "\n"));
  if (may_become(held_back_, opening)) return Progress::wait;
  if (held_back_.starts_with(opening)) {
    held_back_.erase(0, opening.size());
  } else {
    state_ = State::reasoning;
  }
  return Progress::again;
}

ReasoningSplitter::Progress ReasoningSplitter::take_reasoning(ReasoningText& out) {
  const size_t close = held_back_.find(closing);
  if (close != std::string::npos) {
    out.reasoning += without_trailing_newlines(std::string_view(held_back_).substr(0, close));
    held_back_.erase(0, close + closing.size());
    state_ = State::before_answer;
    return Progress::again;
  }
  const size_t settled = settled_reasoning(held_back_);
  out.reasoning += held_back_.substr(0, settled);
  held_back_.erase(0, settled);
  return Progress::wait;
}

ReasoningText split_reasoning(std::string_view text, PromptEnd prompt_end) {
  ReasoningSplitter splitter(prompt_end);
  ReasoningText all = splitter.push(text);
  const ReasoningText rest = splitter.finish();
  all.reasoning += rest.reasoning;
  all.answer += rest.answer;
  return all;
}

}  // namespace quantrial
