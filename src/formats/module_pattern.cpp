#include "formats/module_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "formats/module_class.h"

namespace quantrial {
namespace {

// Steps after which a regex counts as runaway; a module name needs some hundreds.
constexpr uint32_t match_limit = 100'000;

// The name and its other prefixes.
std::vector<std::string> prefix_spellings(const std::string& module) {
  constexpr std::array language = {"model.language_model.", "model.", "language_model.model.", ""};
  constexpr std::array vision = {"model.visual.", "visual."};
  const auto respell = [&](const auto& prefixes, std::string_view own) {
    std::vector<std::string> names = {module};
    for (const char* prefix : prefixes) {
      if (prefix != own) names.push_back(prefix + module.substr(own.size()));
    }
    return names;
  };
  if (module.starts_with("model.language_model.")) return respell(language, language[0]);
  if (module.starts_with("model.visual.")) return respell(vision, vision[0]);
  if (module.starts_with("visual.")) return respell(vision, vision[1]);
  if (module.starts_with("model.")) return respell(language, language[1]);
  return {module};
}

// The name of the fused module that holds `module`; empty when none does.
std::string fused_spelling(const std::string& module) {
  const std::string_view last = last_component(module);
  for (const FusedGroup& group : fused_groups) {
    for (const std::string_view member : group.members) {
      if (last != member) continue;
      return module.substr(0, module.size() - last.size()).append(group.fused);
    }
  }
  return {};
}

std::string_view class_of(const std::string& module) {
  return module.ends_with("embed_tokens") ? "Embedding" : "Linear";
}

// Whether `part` occurs in `name` as whole dotted components.
bool has_components(const std::string& name, const std::string& part) {
  if (part.empty()) return false;
  for (size_t at = name.find(part); at != std::string::npos; at = name.find(part, at + 1)) {
    const size_t end = at + part.size();
    if ((at == 0 || name[at - 1] == '.') && (end == name.size() || name[end] == '.')) return true;
  }
  return false;
}

std::string regex_of_wildcard(const std::string& wildcard) {
  std::string regex;
  for (const char c : wildcard) {
    if (c == '*')
      regex += ".*";
    else if (c == '?')
      regex += '.';
    else if (std::string_view("\\^$.|()[]{}+").find(c) != std::string_view::npos)
      (regex += '\\') += c;
    else
      regex += c;
  }
  return regex;
}

}  // namespace

struct ModulePattern::Regex {
  pcre2_code* code;
  pcre2_match_context* context;

  explicit Regex(pcre2_code* compiled)
      : code(compiled), context(pcre2_match_context_create(nullptr)) {
    require(context != nullptr, "pcre2_match_context_create failed");
    pcre2_set_match_limit(context, match_limit);
  }
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  ~Regex() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }
};

ModulePattern ModulePattern::regex(const std::string& text, const std::string& regex,
                                   uint32_t options) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(),
                                   options | PCRE2_UTF, &error, &offset, nullptr);
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 200> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    throw Error("quantization_config: regex '{}': {} at offset {}; correct it", escaped(text),
                reinterpret_cast<const char*>(message.data()), offset);
  }
  ModulePattern pattern(Kind::regex, text);
  pattern.regex_ = std::make_shared<const Regex>(code);
  return pattern;
}

ModulePattern ModulePattern::name(std::string name) { return {Kind::name, std::move(name)}; }

ModulePattern ModulePattern::target(const std::string& target) {
  if (target.starts_with("re:")) return regex(target, target.substr(3), PCRE2_ANCHORED);
  const bool is_class = !target.empty() && target[0] >= 'A' && target[0] <= 'Z' &&
                        target.find('.') == std::string::npos;
  return {is_class ? Kind::class_name : Kind::name, target};
}

ModulePattern ModulePattern::regex_match(const std::string& text) {
  return regex(text, text, PCRE2_ANCHORED);
}

ModulePattern ModulePattern::regex_search(const std::string& text) { return regex(text, text, 0); }

ModulePattern ModulePattern::wildcard(const std::string& wildcard) {
  if (wildcard.find_first_of("*?") == std::string::npos) return name(wildcard);
  return regex(wildcard, regex_of_wildcard(wildcard), PCRE2_ANCHORED | PCRE2_ENDANCHORED);
}

bool ModulePattern::matches_name(const std::string& spelling) const {
  if (kind_ == Kind::name) return has_components(spelling, text_);
  pcre2_match_data* match = pcre2_match_data_create(1, nullptr);
  require(match != nullptr, "pcre2_match_data_create failed");
  const int result = pcre2_match(regex_->code, reinterpret_cast<PCRE2_SPTR>(spelling.data()),
                                 spelling.size(), 0, 0, match, regex_->context);
  pcre2_match_data_free(match);
  if (result < 0 && result != PCRE2_ERROR_NOMATCH) {
    throw Error("quantization_config: regex '{}' takes too long on {} (code {}); simplify it",
                escaped(text_), escaped(spelling), result);
  }
  return result >= 0;
}

bool ModulePattern::matches(const std::string& module) const {
  if (kind_ == Kind::class_name) return text_ == class_of(module);
  for (const std::string& spelling : prefix_spellings(module)) {
    if (matches_name(spelling)) return true;
    // A fused name is tried only where the pattern spells one: "re:.*in_proj_b" must not mean
    // in_proj_a because of in_proj_ba.
    const std::string fused = fused_spelling(spelling);
    if (!fused.empty() && text_.find(fused.substr(fused.rfind('.') + 1)) != std::string::npos &&
        matches_name(fused)) {
      return true;
    }
  }
  return false;
}

}  // namespace quantrial
