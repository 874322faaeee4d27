// Which modules an entry of an ignore list, of `targets` or of `extra_config` means.
//
// A module is tried under every name that the tools use for it: with the prefixes
// `model.language_model.` and `model.`, and under the name of the fused module that engines make of
// it (in_proj_qkvz, in_proj_ba, qkv_proj, gate_up_proj).
#pragma once

#include <memory>
#include <string>

namespace quantrial {

class ModulePattern {
 public:
  // Whole components in sequence, anywhere in the name: "lm_head", "visual", "mlp.gate_proj", or a
  // full name. What stands below a named module is meant too.
  static ModulePattern name(std::string name);
  // The whole name, "Linear" or another class, or "re:" and a regex as Python's re.match takes it:
  // entries of compressed-tensors.
  static ModulePattern target(const std::string& target);
  // Regexes of Python's re.match and re.search. Throw Error for a malformed one.
  static ModulePattern regex_match(const std::string& regex);
  static ModulePattern regex_search(const std::string& regex);
  // Shell wildcards * and ? over the whole name, or a name as above: ModelOpt.
  static ModulePattern wildcard(const std::string& wildcard);

  bool matches(const std::string& module) const;
  const std::string& text() const { return text_; }
  bool is_class() const { return kind_ == Kind::class_name; }
  bool is_regex() const { return kind_ == Kind::regex; }

 private:
  enum class Kind : uint8_t { name, regex, class_name };
  struct Regex;

  ModulePattern(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  static ModulePattern regex(const std::string& text, const std::string& regex, uint32_t options);
  bool matches_name(const std::string& spelling) const;

  Kind kind_;
  std::string text_;
  std::shared_ptr<const Regex> regex_;  // shared: immutable, and patterns are copied freely
};

}  // namespace quantrial
