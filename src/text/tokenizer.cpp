#include "text/tokenizer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/byte_level.h"
#include "text/regex.h"
#include "text/tokenizer_file.h"
#include "text/unicode.h"

namespace quantrial {
namespace {

enum class TokenKind : uint8_t { none, plain, special };

// The bytes of every token, one after another.
struct TokenTable {
  std::string bytes;
  std::vector<std::pair<size_t, size_t>> places;  // [id] -> begin and length in `bytes`
  std::vector<TokenKind> kinds;                   // [id]

  void add(int32_t id, std::string_view token, TokenKind kind) {
    const auto place = static_cast<size_t>(id);
    if (place >= places.size()) {
      places.resize(place + 1);
      kinds.resize(place + 1, TokenKind::none);
    }
    const std::string raw = from_byte_level(token);
    places[place] = {bytes.size(), raw.size()};
    kinds[place] = kind;
    bytes += raw;
  }

  TokenKind kind(int32_t id) const {
    return id < 0 || static_cast<size_t>(id) >= kinds.size() ? TokenKind::none
                                                             : kinds[static_cast<size_t>(id)];
  }
};

TokenTable token_table(const Vocabulary& vocabulary, const std::vector<AddedToken>& added_tokens) {
  TokenTable table;
  table.places.reserve(vocabulary.size() + added_tokens.size());
  table.kinds.reserve(vocabulary.size() + added_tokens.size());
  for (const auto& [token, id] : vocabulary) {
    if (table.kind(id) != TokenKind::none) {
      throw Error("model.vocab: id {} is there twice, for \"{}\" too", id, escaped(token));
    }
    table.add(id, token, TokenKind::plain);
  }
  for (const AddedToken& token : added_tokens) {
    table.add(token.id, token.content, token.special ? TokenKind::special : TokenKind::plain);
  }
  return table;
}

std::vector<AddedToken> with_normalized(const std::vector<AddedToken>& tokens, bool normalized) {
  std::vector<AddedToken> chosen;
  std::ranges::copy_if(tokens, std::back_inserter(chosen),
                       [&](const AddedToken& token) { return token.normalized == normalized; });
  return chosen;
}

// Buffers of one call of encode.
struct Scratch {
  Bpe::Scratch bpe;
  Regex::Scratch regex;
};

}  // namespace

struct Tokenizer::Parts {
  explicit Parts(TokenizerFile file);

  std::optional<int32_t> id_of(std::string_view token) const;
  void encode_piece(std::string_view text, std::vector<int32_t>& ids, Scratch& scratch) const;
  void pre_tokenize(std::string_view text, size_t level, std::vector<int32_t>& ids,
                    Scratch& scratch) const;

  bool normalize_nfc;
  std::vector<Regex> splits;
  Bpe bpe;
  AddedTokenMatcher raw_tokens, normalized_tokens;
  Vocabulary added_ids;
  TokenTable table;
  std::vector<int32_t> special_ids;
  std::optional<int32_t> eos_id;
};

Tokenizer::Parts::Parts(TokenizerFile file)
    : normalize_nfc(file.normalize_nfc),
      bpe(std::move(file.vocabulary), file.merges, file.bpe),
      raw_tokens(with_normalized(file.added_tokens, false)),
      normalized_tokens({}) {
  for (const std::string& pattern : file.splits) splits.emplace_back(pattern);
  for (AddedToken& token : file.added_tokens) {
    added_ids.emplace(token.content, token.id);
    if (token.special) special_ids.push_back(token.id);
    if (token.normalized && normalize_nfc) token.content = nfc(token.content);
  }
  std::ranges::sort(special_ids);
  normalized_tokens = AddedTokenMatcher(with_normalized(file.added_tokens, true));
  table = token_table(bpe.vocabulary(), file.added_tokens);
  if (file.eos_token) eos_id = id_of(*file.eos_token);
}

std::optional<int32_t> Tokenizer::Parts::id_of(std::string_view token) const {
  for (const Vocabulary* ids : {&added_ids, &bpe.vocabulary()}) {
    if (const auto found = ids->find(token); found != ids->end()) return found->second;
  }
  return std::nullopt;
}

// Text without raw added tokens.
void Tokenizer::Parts::encode_piece(std::string_view text, std::vector<int32_t>& ids,
                                    Scratch& scratch) const {
  std::string normalized;
  if (normalize_nfc) {
    normalized = nfc(text);
    text = normalized;
  }
  for (const auto& piece : normalized_tokens.split(text)) {
    if (piece.token >= 0) {
      ids.push_back(piece.token);
    } else {
      pre_tokenize(piece.text, 0, ids, scratch);
    }
  }
}

// Cuts `text` at the matches of splits[level], then each piece at those of the next.
void Tokenizer::Parts::pre_tokenize(std::string_view text, size_t level, std::vector<int32_t>& ids,
                                    Scratch& scratch) const {
  if (text.empty()) return;
  if (level == splits.size()) {
    bpe.encode(text, ids, scratch.bpe);
    return;
  }
  size_t done = 0;  // text[0, done) is encoded
  size_t start = 0;
  while (start < text.size()) {
    const auto match = splits[level].find(text, start, scratch.regex);
    if (!match) break;
    pre_tokenize(text.substr(done, match->begin - done), level + 1, ids, scratch);
    pre_tokenize(text.substr(match->begin, match->end - match->begin), level + 1, ids, scratch);
    done = match->end;
    const bool empty = match->begin == match->end;
    start = empty && done < text.size() ? done + utf8_sequence_length(text.substr(done)) : done;
    if (empty && done == text.size()) break;
  }
  pre_tokenize(text.substr(done), level + 1, ids, scratch);
}

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::filesystem::path& model_dir) {
  TokenizerFile file = read_tokenizer_file(model_dir);
  try {
    return Tokenizer(std::make_unique<const Parts>(std::move(file)));
  } catch (const Error& error) {
    throw Error("{}: {}", escaped((model_dir / "tokenizer.json").string(), 400), error.what());
  }
}

Tokenizer Tokenizer::parse(std::string_view tokenizer_json) {
  return Tokenizer(std::make_unique<const Parts>(parse_tokenizer_file(tokenizer_json)));
}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  std::string valid;
  if (!is_valid_utf8(text)) {
    valid = replace_invalid_utf8(text);
    text = valid;
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 4);  // English has 4 to 5 bytes a token
  Scratch scratch;
  for (const auto& piece : parts_->raw_tokens.split(text)) {
    if (piece.token >= 0) {
      ids.push_back(piece.token);
    } else {
      parts_->encode_piece(piece.text, ids, scratch);
    }
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, SpecialTokens special) const {
  std::string bytes;
  for (const int32_t id : ids) {
    const std::string_view token = token_bytes(id);
    if (special == SpecialTokens::keep || !is_special(id)) bytes += token;
  }
  return replace_invalid_utf8(bytes);
}

std::string_view Tokenizer::token_bytes(int32_t id) const {
  if (parts_->table.kind(id) == TokenKind::none) {
    throw Error("token id {}: the tokenizer has no such id (its largest is {})", id,
                vocab_size() - 1);
  }
  const auto [begin, length] = parts_->table.places[static_cast<size_t>(id)];
  return std::string_view(parts_->table.bytes).substr(begin, length);
}

std::optional<int32_t> Tokenizer::id_of(std::string_view token) const {
  return parts_->id_of(token);
}

int32_t Tokenizer::vocab_size() const { return static_cast<int32_t>(parts_->table.kinds.size()); }

bool Tokenizer::is_special(int32_t id) const {
  return parts_->table.kind(id) == TokenKind::special;
}

const std::vector<int32_t>& Tokenizer::special_ids() const { return parts_->special_ids; }

std::optional<int32_t> Tokenizer::eos_id() const { return parts_->eos_id; }

}  // namespace quantrial
