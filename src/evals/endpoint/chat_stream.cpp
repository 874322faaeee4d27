#include "evals/endpoint/chat_stream.h"

#include "base/error.h"
#include "evals/endpoint/broken_text.h"
#include "evals/endpoint/server_json.h"
#include "evals/sample_text.h"
#include "evals/thinking.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

PromptEnd prompt_end_of(bool thinking) {
  return text_begins(thinking ? Thinking::on : Thinking::off);
}

}  // namespace

ChatStream::ChatStream(bool thinking)
    : thinking_(thinking), inline_splitter_(prompt_end_of(thinking)) {}

bool ChatStream::fail(std::string why) {
  failure_ = std::move(why);
  return false;
}

void ChatStream::end() {
  done_ = true;
  if (!finish_reason_.empty() || content_.empty()) return;
  finish_reason_ = "stop";
  ending_unsaid_ = true;
}

bool ChatStream::event(std::string_view data, double elapsed_ms) {
  if (data == "[DONE]") {
    end();
    return true;
  }
  ordered_json chunk = ordered_json::parse(data, nullptr, false);
  stand_ins_ = chunk.is_discarded();
  if (stand_ins_) chunk = ordered_json::parse(with_stand_ins(data), nullptr, false);
  if (!chunk.is_object()) {
    return fail(fmt::format("a chunk of its stream is no JSON object: '{}'", escaped(data, 80)));
  }
  if (const auto error = chunk.find("error"); error != chunk.end() && !error->is_null()) {
    error_status_ = static_cast<int>(integer_at(*error, "code").value_or(0));
    return fail("error in its stream: " + server_message(chunk));
  }
  last_ms_ = elapsed_ms;
  model_ = text_at(chunk, "model").value_or(model_);
  system_fingerprint_ = text_at(chunk, "system_fingerprint").value_or(system_fingerprint_);
  if (const auto usage = chunk.find("usage"); usage != chunk.end() && usage->is_object()) {
    usage_ = *usage;
  }
  take_drafts(chunk);
  const auto choices = chunk.find("choices");
  if (choices != chunk.end() && choices->is_null()) return true;
  if (choices == chunk.end() || !choices->is_array()) {
    return fail(fmt::format("a chunk without a list of choices: '{}'", escaped(data, 80)));
  }
  for (const ordered_json& choice : *choices) {
    if (!choice.is_object()) return fail("a choice that is no JSON object");
    if (integer_at(choice, "index").value_or(0) == 0) take_choice(choice, elapsed_ms);
  }
  return failure_.empty();
}

void ChatStream::take_choice(const ordered_json& choice, double elapsed_ms) {
  for (const char* part : {"delta", "message"}) {  // message: a server that does not stream
    const auto delta = choice.find(part);
    if (delta != choice.end() && delta->is_object()) take_text(*delta, elapsed_ms);
  }
  const std::string reason = text_at(choice, "finish_reason").value_or("");
  if (reason == "abort" || reason == "error") {
    fail("it ended the text with '" + reason + "'");
  } else if (!reason.empty()) {
    finish_reason_ = reason;
  }
}

std::string ChatStream::piece(const ordered_json& delta, const char* field) const {
  const std::string text = text_at(delta, field).value_or("");
  return stand_ins_ ? without_stand_ins(text) : text;
}

void ChatStream::take_text(const ordered_json& delta, double elapsed_ms) {
  std::string thought;
  for (const char* field : {"reasoning", "reasoning_content"}) {
    const std::string here = piece(delta, field);
    if (here.empty()) continue;
    fields_.insert(field);
    if (thought.empty()) thought = here;  // a server may say the same in both
  }
  if (const auto content = delta.find("content");
      content != delta.end() && !content->is_null() && !content->is_string()) {
    fail("content that is no text");
    return;
  }
  const std::string said = piece(delta, "content");
  if (thought.empty() && said.empty()) return;
  ++pieces_;
  if (!ttft_ms_) ttft_ms_ = elapsed_ms;
  reasoning_ += thought;
  content_ += said;
  const bool answers =
      fields_.empty() ? !inline_splitter_.push(said).answer.empty() : !said.empty();
  if (!ttfa_ms_ && answers) ttfa_ms_ = elapsed_ms;
}

// vLLM: "metrics": {"speculative_decoding": {...}} (--per-request-spec-decode-metrics); SGLang:
// spec_verify_ct and its like, in usage or meta_info.
void ChatStream::take_drafts(const ordered_json& chunk) {
  if (const ordered_json* vllm = object_at(chunk, {"metrics", "speculative_decoding"})) {
    drafts_ = {integer_at(*vllm, "num_spec_steps"), integer_at(*vllm, "num_draft_tokens"),
               integer_at(*vllm, "num_accepted_draft_tokens"),
               integers_at(*vllm, "acceptance_histogram")};
  }
  for (const char* where : {"usage", "meta_info", "metadata"}) {
    const ordered_json* sglang = object_at(chunk, {where});
    if (sglang == nullptr || !integer_at(*sglang, "spec_verify_ct")) continue;
    drafts_ = {integer_at(*sglang, "spec_verify_ct"), integer_at(*sglang, "spec_draft_token_num"),
               integer_at(*sglang, "spec_accept_token_num")};
  }
}

PromptEnd ChatStream::text_begins() const {
  // Where thinking was off but came all the same, text() opens it.
  return prompt_end_of(thinking_);
}

// The whole text as the model gave it. Servers that split it drop </think> and, some, the newlines
// around it, which Qwen's models always give.
std::string ChatStream::text() const {
  if (fields_.empty()) return joined_halves(content_);
  std::string whole = thinking_ ? "" : "<think>\n";
  whole += joined_halves(reasoning_);
  if (content_.empty()) return whole;
  if (!whole.ends_with('\n')) whole += '\n';
  whole += "</think>";
  if (!content_.starts_with('\n')) whole += "\n\n";
  return whole + joined_halves(content_);
}

std::string ChatStream::thinking_seen() const {
  if (!fields_.empty()) return fmt::format("{}", fmt::join(fields_, "+"));
  return content_.find("</think>") != std::string::npos ? "inline" : "none";
}

Reply ChatStream::reply() const {
  Reply reply;
  reply.text = text();
  reply.finish_reason = finish_reason_;
  SampleText parts = split_sample(std::string_view(reply.text), text_begins());
  // What a server gives as thinking stays thinking, whatever it says.
  const bool alone = !fields_.empty() && content_.empty();
  reply.in_thinking = alone || parts.in_thinking;
  if (!alone) reply.answer = std::move(parts.answer);
  if (ending_unsaid_) reply.warning = "the server said [DONE] and no finish_reason";
  reply.ttft_ms = ttft_ms_;
  reply.ttfa_ms = ttfa_ms_;
  reply.e2e_ms = last_ms_;
  reply.server = {{"thinking", thinking_seen()}};
  if (alone && !parts.in_thinking) reply.server[thinking_alone] = true;
  if (!model_.empty()) reply.server["model"] = model_;
  if (!system_fingerprint_.empty()) reply.server["system_fingerprint"] = system_fingerprint_;
  if (!usage_.is_null()) reply.server["usage"] = usage_;
  reply.drafts = drafts_.drafts;
  reply.drafted_tokens = drafts_.drafted_tokens;
  reply.accepted_tokens = drafts_.accepted_tokens;
  // A draft of which two tokens were accepted counts at both positions.
  std::vector<int64_t> by_position = drafts_.histogram;
  if (!by_position.empty()) by_position.erase(by_position.begin());
  for (size_t j = by_position.size(); j-- > 1;) by_position[j - 1] += by_position[j];
  reply.accepted_by_position = by_position;
  return reply;
}

}  // namespace quantrial
