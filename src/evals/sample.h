// One generated sample: what was asked, what came, and the verdict (product.md 4).
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

enum class Outcome {
  answered,
  truncated_thinking,
  truncated_answer,
  no_answer,
  loop,
  transport_error,  // never scored, asked again
  sandbox_error,    // never scored, graded again
};
inline constexpr size_t outcome_count = 7;
std::string_view name(Outcome outcome);
// Throws Error for another word.
Outcome outcome_of(std::string_view name);
inline bool is_scored(Outcome outcome) {
  return outcome != Outcome::transport_error && outcome != Outcome::sandbox_error;
}

// What makes two samples interchangeable: SHA-256 of each.
struct SampleOrigin {
  std::string variant_hash;   // weights and how they run, or endpoint and model
  std::string dataset_hash;   // the file of questions
  std::string prompt_hash;    // all questions' messages as sent, thinking on or off
  std::string sampling_hash;  // every sampling parameter, and the run's seed: theirs follow from it

  bool operator==(const SampleOrigin&) const = default;
};

struct Sample {
  std::string variant, benchmark, question;
  int64_t sample = 0;  // 0 .. K-1
  std::string cluster;
  SampleOrigin origin;
  uint64_t seed = 0;
  // Tokens by our tokenizer, or as the server says; absent: not known.
  std::optional<int64_t> prompt_tokens, thinking_tokens, answer_tokens;
  std::optional<int64_t> generated_tokens;  // thinking and answer, also where the split is unknown
  Outcome outcome = Outcome::transport_error;
  std::optional<bool> correct;  // absent: not scored
  std::optional<std::string> answer;
  std::optional<int64_t> vote;  // class of equal answers (votes.h)
  std::string text;             // as generated: thinking, </think>, answer
  std::string finish_reason;
  std::optional<double> ttft_ms, ttfa_ms, e2e_ms;  // first token, first answer token, end
  std::optional<int64_t> drafts, drafted_tokens, accepted_tokens;
  std::vector<int64_t> accepted_by_position;
  std::vector<int32_t> token_ids;  // empty: not known
  nlohmann::ordered_json scores = nlohmann::ordered_json::object();
  nlohmann::ordered_json server = nlohmann::ordered_json::object();  // what an endpoint said
  std::string grader_version;
  std::string warning;  // "usage: the server counts 512 completion tokens, we 498"
};

}  // namespace quantrial
