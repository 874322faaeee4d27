// A chat completion as it streams in: thinking from `reasoning`, `reasoning_content` or inline,
// the answer, how it ended, usage, times.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "evals/answerer.h"
#include "text/reasoning.h"

namespace quantrial {

class ChatStream {
 public:
  // `thinking`: whether it was asked for.
  explicit ChatStream(bool thinking);

  // The data of one event, `elapsed_ms` after the request began. False: it cannot go on (failure()
  // says why).
  bool event(std::string_view data, double elapsed_ms);
  // The server said how the text ended, or at least, after an answer, that it did.
  bool complete() const { return failure_.empty() && !finish_reason_.empty(); }
  // It said that nothing more comes.
  bool done() const { return done_; }
  // Why the stream is broken; empty: nothing was wrong so far.
  const std::string& failure() const { return failure_; }
  // The HTTP status that the server gave in an error event; 0: none.
  int error_status() const { return error_status_; }

  // Pieces with text: at least one token each.
  int64_t pieces() const { return pieces_; }
  const nlohmann::ordered_json& usage() const { return usage_; }

  // Text, answer, finish_reason, times, drafts and what the server said; no token counts.
  Reply reply() const;
  // How the whole text is to be split.
  PromptEnd text_begins() const;

 private:
  // Of the MTP head, where the server counts them.
  struct Drafts {
    std::optional<int64_t> drafts{}, drafted_tokens{}, accepted_tokens{};
    std::vector<int64_t> histogram{};  // [j]: drafts of which j tokens were accepted
  };

  bool fail(std::string why);
  // The text ends with [DONE].
  void end();
  // A text of a chunk, with the halves of characters that it began or ended with.
  std::string piece(const nlohmann::ordered_json& delta, const char* field) const;
  void take_choice(const nlohmann::ordered_json& choice, double elapsed_ms);
  void take_text(const nlohmann::ordered_json& delta, double elapsed_ms);
  void take_drafts(const nlohmann::ordered_json& chunk);
  std::string text() const;
  std::string thinking_seen() const;

  bool thinking_;
  ReasoningSplitter inline_splitter_;  // for the first answer token
  std::string reasoning_, content_, finish_reason_, failure_;
  std::set<std::string> fields_;  // that held thinking
  bool done_ = false;
  bool ending_unsaid_ = false;  // [DONE] came in place of a finish_reason
  bool stand_ins_ = false;      // in the texts of this chunk (broken_text.h)
  int error_status_ = 0;
  int64_t pieces_ = 0;
  std::optional<double> ttft_ms_, ttfa_ms_, last_ms_;
  nlohmann::ordered_json usage_;
  Drafts drafts_;
  std::string model_, system_fingerprint_;
};

}  // namespace quantrial
