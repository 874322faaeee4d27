#include "text/tokenizer_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "text/json_text.h"

namespace quantrial {
namespace {

using nlohmann::json;

constexpr size_t max_file_bytes = size_t{1} << 28;
constexpr uint64_t max_id = (1 << 24) - 1;  // 60 times the largest published vocabulary

// GPT-2's pre-tokenizer (openai/gpt-2, encoder.py), which ByteLevel applies with use_regex.
constexpr const char* gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

std::string shown(const json& value) {
  return escaped(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

[[noreturn]] void refuse(const std::string& key, const json& value, std::string_view expected) {
  throw Error("{}: {} is not supported; expected {}", key, shown(value), expected);
}

const json& at(const json& object, const char* key, const std::string& where) {
  if (!object.is_object()) refuse(where, object, "an object");
  const auto found = object.find(key);
  if (found == object.end()) throw Error("{}.{}: missing", where, key);
  return *found;
}

// null when absent.
const json& optional_at(const json& object, const char* key) {
  static const json null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

std::string text_at(const json& object, const char* key, const std::string& where) {
  const json& value = at(object, key, where);
  if (!value.is_string()) refuse(where + "." + key, value, "a string");
  return value.get<std::string>();
}

bool flag_at(const json& object, const char* key, bool fallback, const std::string& where) {
  const json& value = optional_at(object, key);
  if (value.is_null()) return fallback;
  if (!value.is_boolean()) refuse(where + "." + key, value, "true or false");
  return value.get<bool>();
}

// `where` names the place for an error: a function, since there are 150,000 places.
template <typename Where>
int32_t checked_id(const json& value, Where&& where) {
  const bool fits = value.is_number_unsigned() && value.get<uint64_t>() <= max_id;
  if (!fits) refuse(where(), value, fmt::format("an id up to {}", max_id));
  return value.get<int32_t>();
}

// The members of a "Sequence" component, or the component alone.
std::vector<const json*> members(const json& component, const char* list,
                                 const std::string& where) {
  if (component.is_null()) return {};
  if (text_at(component, "type", where) != "Sequence") return {&component};
  const json& items = at(component, list, where);
  if (!items.is_array()) refuse(where + "." + list, items, "a list");
  std::vector<const json*> all;
  for (const json& item : items) {
    if (text_at(item, "type", where) == "Sequence")
      refuse(where, item, "no Sequence in a Sequence");
    all.push_back(&item);
  }
  return all;
}

bool read_normalizer(const json& normalizer) {
  bool normalize_nfc = false;
  for (const json* part : members(normalizer, "normalizers", "normalizer")) {
    if (text_at(*part, "type", "normalizer") != "NFC")
      refuse("normalizer.type", part->at("type"), "NFC");
    normalize_nfc = true;
  }
  return normalize_nfc;
}

// A pattern that matches `text` literally.
std::string literal_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view(R"(\^$.[]|()?*+{}-&)").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::string read_split(const json& split) {
  const std::string where = "pre_tokenizer.Split";
  const json& behavior = at(split, "behavior", where);
  if (behavior != "Isolated") refuse(where + ".behavior", behavior, "Isolated");
  if (flag_at(split, "invert", false, where)) refuse(where + ".invert", true, "false");
  const json& pattern = at(split, "pattern", where);
  if (pattern.is_object() && pattern.contains("String")) {
    return literal_pattern(text_at(pattern, "String", where + ".pattern"));
  }
  return text_at(pattern, "Regex", where + ".pattern");
}

std::vector<std::string> read_pre_tokenizer(const json& pre_tokenizer) {
  const std::string where = "pre_tokenizer";
  std::vector<std::string> splits;
  bool to_bytes = false;
  for (const json* part : members(pre_tokenizer, "pretokenizers", where)) {
    const std::string type = text_at(*part, "type", where);
    if (to_bytes) refuse(where + ".type", type, "ByteLevel to come last");
    if (type == "Split") {
      splits.push_back(read_split(*part));
    } else if (type == "ByteLevel") {
      to_bytes = true;
      if (flag_at(*part, "add_prefix_space", true, where)) {
        refuse(where + ".ByteLevel.add_prefix_space", true, "false");
      }
      if (flag_at(*part, "use_regex", true, where)) splits.push_back(gpt2_pattern);
    } else {
      refuse(where + ".type", type, "Split or ByteLevel");
    }
  }
  if (!to_bytes) refuse(where, pre_tokenizer, "one that ends with ByteLevel");
  return splits;
}

void check_post_processor(const json& post_processor) {
  const std::string where = "post_processor";
  for (const json* part : members(post_processor, "processors", where)) {
    const std::string type = text_at(*part, "type", where);
    if (type == "ByteLevel") continue;
    if (type != "TemplateProcessing")
      refuse(where + ".type", type, "ByteLevel or TemplateProcessing");
    const json& single = at(*part, "single", where);
    if (!single.is_array() || single.size() != 1 || !single[0].is_object() ||
        !single[0].contains("Sequence")) {
      refuse(where + ".single", single, "a template that adds no tokens");
    }
  }
}

void check_decoder(const json& decoder) {
  const auto parts = members(decoder, "decoders", "decoder");
  if (parts.size() != 1) refuse("decoder", decoder, "ByteLevel");
  const std::string type = text_at(*parts[0], "type", "decoder");
  if (type != "ByteLevel") refuse("decoder.type", type, "ByteLevel");
}

Vocabulary read_vocabulary(const json& vocab) {
  if (!vocab.is_object()) refuse("model.vocab", vocab, "an object of tokens and ids");
  Vocabulary vocabulary;
  vocabulary.reserve(vocab.size());
  for (const auto& [token, id] : vocab.items()) {
    const auto where = [&] { return fmt::format("model.vocab[\"{}\"]", escaped(token)); };
    vocabulary.emplace(token, checked_id(id, where));
  }
  return vocabulary;
}

// A merge is "a b" or ["a", "b"].
template <typename Where>
std::pair<std::string, std::string> merge_parts(const json& merge, Where&& where) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  }
  if (!merge.is_string()) refuse(where(), merge, "\"a b\" or [\"a\", \"b\"]");
  const auto& text = merge.get_ref<const std::string&>();
  const size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
    refuse(where(), merge, "two parts with a space between");
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

std::vector<BpeMerge> read_merges(const json& list, const Vocabulary& vocabulary) {
  if (!list.is_array()) refuse("model.merges", list, "a list");
  std::vector<BpeMerge> merges;
  merges.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].is_string() && list[i].get_ref<const std::string&>().starts_with("#version"))
      continue;
    const auto where = [&] { return fmt::format("model.merges[{}]", i); };
    const auto [left, right] = merge_parts(list[i], where);
    const auto id = [&](const std::string& token) {
      const auto found = vocabulary.find(token);
      if (found == vocabulary.end()) {
        throw Error("{}: \"{}\" is not in model.vocab", where(), escaped(token));
      }
      return found->second;
    };
    merges.push_back({id(left), id(right), id(left + right)});
  }
  return merges;
}

BpeOptions read_bpe_options(const json& model, const Vocabulary& vocabulary) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const json& affix = optional_at(model, key);
    if (!affix.is_null() && affix != "") refuse(std::string("model.") + key, affix, "none");
  }
  const json& dropout = optional_at(model, "dropout");
  if (!dropout.is_null() && dropout != 0) refuse("model.dropout", dropout, "none");
  if (flag_at(model, "byte_fallback", false, "model")) refuse("model.byte_fallback", true, "false");
  BpeOptions options;
  options.ignore_merges = flag_at(model, "ignore_merges", false, "model");
  options.fuse_unknown = flag_at(model, "fuse_unk", false, "model");
  const json& unk_token = optional_at(model, "unk_token");
  if (!unk_token.is_null()) {
    const auto found = vocabulary.find(text_at(model, "unk_token", "model"));
    if (found == vocabulary.end()) refuse("model.unk_token", unk_token, "a token of model.vocab");
    options.unknown = found->second;
  }
  return options;
}

// The library takes an added token's id from the vocabulary or counts on from its size, whatever
// the file says; a file that says something else was written for another vocabulary.
std::vector<AddedToken> read_added_tokens(const json& list, const Vocabulary& vocabulary) {
  std::vector<AddedToken> tokens;
  if (list.is_null()) return tokens;
  if (!list.is_array()) refuse("added_tokens", list, "a list");
  Vocabulary known;
  auto next_id = static_cast<int32_t>(vocabulary.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string where = fmt::format("added_tokens[{}]", i);
    AddedToken token;
    token.content = text_at(list[i], "content", where);
    token.id = checked_id(at(list[i], "id", where), [&] { return where + ".id"; });
    token.special = flag_at(list[i], "special", false, where);
    token.single_word = flag_at(list[i], "single_word", false, where);
    token.lstrip = flag_at(list[i], "lstrip", false, where);
    token.rstrip = flag_at(list[i], "rstrip", false, where);
    token.normalized = flag_at(list[i], "normalized", !token.special, where);
    if (token.content.empty()) continue;
    if (known.contains(token.content)) {
      throw Error("{}: \"{}\" is there twice", where, escaped(token.content));
    }
    const auto in_vocabulary = vocabulary.find(token.content);
    const int32_t expected = in_vocabulary != vocabulary.end() ? in_vocabulary->second : next_id++;
    if (token.id != expected) {
      throw Error("{}.id: {} for \"{}\", expected {} (by model.vocab and the tokens before)", where,
                  token.id, escaped(token.content), expected);
    }
    known.emplace(token.content, token.id);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

TokenizerFile read_tokenizer_json(const json& root) {
  const json& version = at(root, "version", "file");
  if (version != "1.0") refuse("version", version, "1.0");
  const json& model = at(root, "model", "file");
  if (!model.is_object()) refuse("model", model, "an object");
  const json& type = optional_at(model, "type");
  if (!type.is_null() && type != "BPE") refuse("model.type", type, "BPE");
  TokenizerFile file;
  file.normalize_nfc = read_normalizer(optional_at(root, "normalizer"));
  file.splits = read_pre_tokenizer(optional_at(root, "pre_tokenizer"));
  check_post_processor(optional_at(root, "post_processor"));
  check_decoder(optional_at(root, "decoder"));
  file.vocabulary = read_vocabulary(at(model, "vocab", "model"));
  file.merges = read_merges(at(model, "merges", "model"), file.vocabulary);
  file.bpe = read_bpe_options(model, file.vocabulary);
  file.added_tokens = read_added_tokens(optional_at(root, "added_tokens"), file.vocabulary);
  return file;
}

// A special token is a string or an object with "content".
std::optional<std::string> read_eos_token(const json& config) {
  if (!config.is_object()) throw Error("{} is not an object", shown(config));
  const json& eos = optional_at(config, "eos_token");
  if (eos.is_null()) return std::nullopt;
  if (eos.is_object()) return text_at(eos, "content", "eos_token");
  return text_at(config, "eos_token", "config");
}

// What `read` makes of the file's text, its errors with the file's name before them.
template <typename Read>
auto naming(const std::filesystem::path& path, Read&& read) {
  try {
    return read(read_text_file(path, max_file_bytes));
  } catch (const Error& error) {
    throw Error("{}: {}", escaped(path.string(), 400), error.what());
  }
}

}  // namespace

TokenizerFile parse_tokenizer_file(std::string_view tokenizer_json) {
  return read_tokenizer_json(parse_json<json>(tokenizer_json));
}

TokenizerFile read_tokenizer_file(const std::filesystem::path& model_dir) {
  const auto path = model_dir / "tokenizer.json";
  if (!is_present(path)) {
    throw Error("{}: no such file; copy the tokenizer's files into the model folder",
                escaped(path.string(), 400));
  }
  TokenizerFile file = naming(path, parse_tokenizer_file);
  const auto config = model_dir / "tokenizer_config.json";
  if (is_present(config)) {
    file.eos_token = naming(
        config, [](const std::string& text) { return read_eos_token(parse_json<json>(text)); });
  }
  return file;
}

}  // namespace quantrial
