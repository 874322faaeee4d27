#include "text/chat_template.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "text/jinja/template.h"
#include "text/json_text.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr size_t max_template_bytes = size_t{1} << 22;  // the largest published ones have 20 kB
constexpr size_t max_config_bytes = size_t{1} << 28;

// A template file or configuration for people, in messages.
std::string shown(const std::filesystem::path& path) { return escaped(path.string(), 400); }

struct NamedTemplate {
  std::string name;
  jinja::Template parsed;
};

jinja::Template parsed_template(const std::filesystem::path& path, std::string_view source) {
  try {
    if (source.size() > max_template_bytes) {
      throw Error("{} bytes, expected at most {}", source.size(), max_template_bytes);
    }
    return jinja::Template(source);
  } catch (const Error& error) {
    throw Error("{}: chat template, {}", shown(path), error.what());
  }
}

// The object in a configuration file; empty when there is no such file.
ordered_json read_config(const std::filesystem::path& path) {
  if (!is_present(path)) return ordered_json::object();
  try {
    auto config = parse_json<ordered_json>(read_text_file(path, max_config_bytes));
    if (!config.is_object()) throw Error("expected an object");
    return config;
  } catch (const Error& error) {
    throw Error("{}: {}", shown(path), error.what());
  }
}

// "chat_template": a text, or a list of {"name", "template"}.
std::vector<NamedTemplate> templates_in(const std::filesystem::path& path,
                                        const ordered_json& config) {
  std::vector<NamedTemplate> templates;
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return templates;
  const auto add = [&](std::string name, const ordered_json& source) {
    if (!source.is_string())
      throw Error("{}: chat_template \"{}\" is not a text", shown(path), escaped(name));
    templates.push_back(
        {std::move(name), parsed_template(path, source.get_ref<const std::string&>())});
  };
  if (!found->is_array()) {
    add("default", *found);
    return templates;
  }
  for (const auto& item : *found) {
    if (!item.is_object() || !item.contains("name") || !item["name"].is_string() ||
        !item.contains("template")) {
      throw Error("{}: chat_template: expected a list of objects with name and template",
                  shown(path));
    }
    add(item["name"].get<std::string>(), item["template"]);
  }
  return templates;
}

// None when the model has none.
std::vector<NamedTemplate> read_templates(const std::filesystem::path& model_dir,
                                          const ordered_json& config) {
  const auto jinja_path = model_dir / "chat_template.jinja";
  std::vector<NamedTemplate> templates;
  if (is_present(jinja_path)) {
    templates.push_back(
        {"default", parsed_template(jinja_path, read_text_file(jinja_path, max_template_bytes))});
    return templates;
  }
  const auto json_path = model_dir / "chat_template.json";
  templates = templates_in(json_path, read_config(json_path));
  if (templates.empty()) templates = templates_in(model_dir / "tokenizer_config.json", config);
  return templates;
}

// bos_token, eos_token ...: what transformers' special_tokens_map passes to a template.
ordered_json special_tokens(const ordered_json& config) {
  ordered_json tokens = ordered_json::object();
  const auto add = [&](const std::string& name, const ordered_json& token) {
    const auto& content = token.is_object() && token.contains("content") ? token["content"] : token;
    if (content.is_string()) tokens[name] = content;
  };
  for (const char* name : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
                           "cls_token", "mask_token"}) {
    if (config.contains(name)) add(name, config[name]);
  }
  if (const auto extra = config.find("extra_special_tokens");
      extra != config.end() && extra->is_object()) {
    for (const auto& [name, token] : extra->items()) add(name, token);
  }
  return tokens;
}

}  // namespace

struct ChatTemplate::Parts {
  std::filesystem::path model_dir;
  std::vector<NamedTemplate> templates;
  ordered_json variables;  // that every rendering starts from

  const jinja::Template& choose(bool with_tools) const {
    const auto named = [&](std::string_view name) -> const jinja::Template* {
      for (const auto& candidate : templates) {
        if (candidate.name == name) return &candidate.parsed;
      }
      return nullptr;
    };
    if (const auto* tool_use = named("tool_use"); with_tools && tool_use != nullptr)
      return *tool_use;
    if (const auto* by_default = named("default")) return *by_default;
    if (templates.size() == 1) return templates[0].parsed;
    throw Error("{}: none of its {} chat templates is named \"default\"", shown(model_dir),
                templates.size());
  }
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

std::optional<ChatTemplate> ChatTemplate::find(const std::filesystem::path& model_dir) {
  const ordered_json config = read_config(model_dir / "tokenizer_config.json");
  std::vector<NamedTemplate> templates = read_templates(model_dir, config);
  if (templates.empty()) return std::nullopt;
  ordered_json variables = special_tokens(config);
  variables["tools"] = nullptr;
  variables["documents"] = nullptr;
  variables["add_generation_prompt"] = false;
  return ChatTemplate(
      std::make_unique<const Parts>(Parts{model_dir, std::move(templates), std::move(variables)}));
}

ChatTemplate ChatTemplate::load(const std::filesystem::path& model_dir) {
  std::optional<ChatTemplate> found = find(model_dir);
  if (found) return std::move(*found);
  throw Error(
      "{}: no chat template (chat_template.jinja, chat_template.json or tokenizer_config.json); "
      "it may be a base model: give it plain text, or put the template of its chat model beside it",
      shown(model_dir));
}

std::string ChatTemplate::render(const ordered_json& input) const {
  if (!input.is_object() || !input.contains("messages") || !input["messages"].is_array()) {
    throw Error("a chat needs a list of messages");
  }
  ordered_json variables = parts_->variables;
  variables.update(input);
  const auto& tools = variables["tools"];
  const bool with_tools = !tools.is_null() && !tools.empty();
  try {
    return parts_->choose(with_tools).render(variables);
  } catch (const Error& error) {
    throw Error("chat template, {}", error.what());
  }
}

}  // namespace quantrial
