#include "engine/text_output.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace quantrial {
namespace {

// Length of the longest end of `text` that begins `stop` without completing it.
size_t beginning_of(const std::string& stop, std::string_view text) {
  for (size_t n = std::min(stop.size() - 1, text.size()); n > 0; --n) {
    if (text.ends_with(std::string_view(stop).substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  for (const std::string& stop : strings_) {
    if (stop.empty()) throw Error("stop string: empty; leave it out or give some text");
  }
}

std::string StopStrings::push(std::string_view text) {
  if (found_) return {};
  held_back_ += text;
  size_t end = std::string::npos;
  for (const std::string& stop : strings_) end = std::min(end, held_back_.find(stop));
  found_ = end != std::string::npos;
  if (found_) {
    held_back_.resize(end);
    return std::exchange(held_back_, {});
  }
  size_t keep = 0;
  for (const std::string& stop : strings_) keep = std::max(keep, beginning_of(stop, held_back_));
  std::string shown = held_back_.substr(0, held_back_.size() - keep);
  held_back_.erase(0, shown.size());
  return shown;
}

std::string StopStrings::finish() { return std::exchange(held_back_, {}); }

TextOutput::TextOutput(const Tokenizer* tokenizer, SpecialTokens special,
                       std::vector<std::string> stop)
    : tokenizer_(tokenizer), stop_(std::move(stop)) {
  if (tokenizer_ != nullptr) decoder_.emplace(*tokenizer_, special);
}

std::string TextOutput::push(int32_t id) {
  if (!decoder_ || id >= tokenizer_->vocab_size()) return {};
  return stop_.push(decoder_->push(id));
}

std::string TextOutput::finish() {
  if (!decoder_ || stop_.found()) return {};
  const std::string shown = stop_.push(decoder_->finish());
  return shown + stop_.finish();
}

}  // namespace quantrial
