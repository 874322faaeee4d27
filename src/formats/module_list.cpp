#include "formats/module_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "formats/module_class.h"

namespace quantrial {
namespace {

bool is_linear(const std::string& module) {
  static constexpr std::array others = {"embedding", "norm", "conv"};
  const std::string_view kind = module_class(module);
  const std::string_view last = last_component(module);
  return std::find(others.begin(), others.end(), kind) == others.end() && last != "pos_embed" &&
         last != "conv1d" && !last.ends_with("norm");
}

std::string with_dots_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '.') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// Kinds of module that a regex can name as a whole, and the regex.
std::string kind_regex(const std::string& module) {
  const std::string_view kind = module_class(module);
  if (kind == "mtp") return "re:^mtp.*";
  if (kind == "vision") return "re:.*visual\\..*";
  const std::string_view last = last_component(module);
  return fmt::format("re:.*{}{}$", last.size() == module.size() ? "" : "\\.", last);
}

// Whether the regex of a kind reaches a module; those of Linears are not bound to a place.
bool is_of_kind(const std::string& module, const std::string& example) {
  const std::string_view kind = module_class(example);
  if (kind == "mtp" || kind == "vision") return module_class(module) == kind;
  return last_component(module) == last_component(example);
}

void add_unique(std::vector<std::string>& list, std::string entry) {
  if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(std::move(entry));
}

}  // namespace

std::optional<PlaceInLayers> place_in_layers(const std::string& module) {
  const size_t at = module.find("layers.");
  if (at == std::string::npos || (at > 0 && module[at - 1] != '.')) return std::nullopt;
  const size_t number = at + 7, dot = module.find('.', number);
  if (dot == std::string::npos) return std::nullopt;
  return PlaceInLayers{module.substr(0, at + 6), module.substr(number, dot - number),
                       module.substr(dot + 1)};
}

std::vector<ModuleScheme> with_fused(std::span<const ModuleScheme> modules) {
  std::map<std::string, const ModuleScheme*> by_name;
  for (const ModuleScheme& m : modules) by_name[m.module] = &m;
  std::vector<ModuleScheme> all;
  std::set<std::string> done;
  for (const ModuleScheme& m : modules) {
    if (!is_linear(m.module)) continue;
    all.push_back(m);
    const std::string_view last = last_component(m.module);
    const std::string parent = m.module.substr(0, m.module.size() - last.size());
    for (const FusedGroup& group : fused_groups) {
      if (std::find(group.members.begin(), group.members.end(), last) == group.members.end()) {
        continue;
      }
      bool same = true;
      for (const std::string_view member : group.members) {
        const auto other = by_name.find(parent + std::string(member));
        if (!member.empty() && other != by_name.end()) same &= other->second->scheme == m.scheme;
      }
      std::string fused = parent + std::string(group.fused);
      if (same && done.insert(fused).second) all.push_back({std::move(fused), m.scheme});
    }
  }
  return all;
}

std::vector<std::string> ignore_list(std::span<const ModuleScheme> modules) {
  std::vector<std::string> names, regexes;
  for (const ModuleScheme& m : modules) {
    if (m.scheme) continue;
    names.push_back(m.module);
    const bool whole_kind = std::none_of(modules.begin(), modules.end(), [&](const auto& other) {
      return other.scheme && is_of_kind(other.module, m.module);
    });
    if (whole_kind) add_unique(regexes, kind_regex(m.module));
  }
  names.insert(names.end(), regexes.begin(), regexes.end());
  return names;
}

std::vector<Scheme> schemes_of(std::span<const ModuleScheme> modules) {
  std::vector<Scheme> schemes;
  for (const ModuleScheme& m : modules) {
    if (m.scheme && std::find(schemes.begin(), schemes.end(), *m.scheme) == schemes.end()) {
      schemes.push_back(*m.scheme);
    }
  }
  return schemes;
}

std::vector<std::string> targets_of(std::span<const ModuleScheme> modules, const Scheme& scheme) {
  // Of each "mlp.up_proj" of the model's layers: the layers with this scheme, and those with
  // others.
  struct Layers {
    std::vector<std::string> own, others;
  };
  std::map<std::string, Layers> by_rest;
  std::vector<std::string> targets;
  for (const ModuleScheme& m : modules) {
    const bool own = m.scheme == scheme;
    const auto place = place_in_layers(m.module);
    if (place && module_class(m.module) != "mtp") {
      Layers& layers = by_rest[place->rest];
      (own ? layers.own : layers.others).push_back(place->number);
    } else if (own) {
      targets.push_back(m.module);
    }
  }
  // Engines put other prefixes before "layers" ("language_model.model."), and call the MTP head's
  // own layer "mtp.layers.0".
  for (const auto& [rest, layers] : by_rest) {
    if (layers.own.empty()) continue;
    std::string numbers = "\\d+";
    if (!layers.others.empty()) {
      numbers = "(?:";
      for (const std::string& number : layers.own) {
        numbers += (numbers.size() > 3 ? "|" : "") + number;
      }
      numbers += ")";
    }
    targets.push_back("re:^(?!mtp\\.).*layers\\." + numbers + "\\." + with_dots_escaped(rest) +
                      "$");
  }
  return targets;
}

}  // namespace quantrial
