// Text to token ids and back: byte-level BPE as Hugging Face's `tokenizers` library does it, read
// from a model folder's tokenizer.json. Called by the engine, the commands and the evaluations.
//
// An id here is always the id that the library (0.23, Oniguruma build) gives for the same text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

// What `decode` does with tokens that are marked special (<|im_end|> and the like).
enum class SpecialTokens { keep, skip };

class Tokenizer {
 public:
  // Reads tokenizer.json, and tokenizer_config.json where there is one. Throws Error naming the key
  // and value of anything that is malformed or that this tokenizer does not do.
  static Tokenizer load(const std::filesystem::path& model_dir);

  // The same from the text of a tokenizer.json; no eos_id().
  static Tokenizer parse(std::string_view tokenizer_json);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // The ids of `text`. Added tokens such as <|im_end|> are recognised inside it; nothing is put
  // around it. Invalid UTF-8 is first replaced by U+FFFD as Python's
  // bytes.decode("utf-8", errors="replace") does: one for each maximal part of a sequence.
  // Safe to call from several threads.
  std::vector<int32_t> encode(std::string_view text) const;

  // The text of `ids`; bytes that are not UTF-8 become U+FFFD. Throws Error for an unknown id.
  std::string decode(std::span<const int32_t> ids, SpecialTokens special) const;

  // The raw bytes one token stands for; they may end inside a UTF-8 sequence. Throws Error for an
  // unknown id.
  std::string_view token_bytes(int32_t id) const;

  // The id of a token by its name in tokenizer.json ("<|im_end|>", "Ġthe").
  std::optional<int32_t> id_of(std::string_view token) const;

  // One more than the largest id. A model's embedding may have more rows (padding).
  int32_t vocab_size() const;

  bool is_special(int32_t id) const;
  const std::vector<int32_t>& special_ids() const;  // ascending

  // eos_token of tokenizer_config.json.
  std::optional<int32_t> eos_id() const;

 private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace quantrial
