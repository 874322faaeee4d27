// A mapping of a YAML file, read strictly: every complaint names file, key, value and remedy.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

// Where the values of a document come from.
struct YamlOrigin {
  std::string file;
  std::set<std::string> settings;  // dotted keys that --set put there
};

class YamlObject {
 public:
  // Throws Error when `node` is no mapping, has a key twice, or one that is not in `keys`.
  YamlObject(const YAML::Node& node, std::shared_ptr<const YamlOrigin> origin, std::string path,
             std::initializer_list<std::string_view> keys);

  bool has(const std::string& key) const;
  std::string text(const std::string& key) const;
  // The place of the value in `choices`; `fallback` when absent.
  size_t choice(const std::string& key, std::span<const std::string_view> choices,
                size_t fallback) const;
  int64_t integer(const std::string& key, int64_t low, int64_t high, int64_t fallback) const;
  double number(const std::string& key, double low, double high, double fallback) const;
  bool flag(const std::string& key, bool fallback) const;
  std::vector<std::string> texts(const std::string& key) const;
  std::vector<int64_t> integers(const std::string& key, int64_t low, int64_t high) const;
  // The value itself, for what has keys of its own; undefined when absent.
  YAML::Node node(const std::string& key) const { return find(key); }
  YamlObject object(const std::string& key, std::initializer_list<std::string_view> keys) const;
  std::vector<YamlObject> objects(const std::string& key,
                                  std::initializer_list<std::string_view> keys) const;
  // A mapping whose keys are names of the user's own: any, each once.
  YamlObject named(const std::string& key) const;
  std::vector<std::string> keys() const;

  // "recipes/x.yaml: parameters.iters: -3; <remedy>"
  [[noreturn]] void fail(const std::string& key, std::string_view remedy) const;

 private:
  struct AnyKeys {};
  YamlObject(const YAML::Node& node, std::shared_ptr<const YamlOrigin> origin, std::string path,
             AnyKeys);
  void check(const std::initializer_list<std::string_view>* keys) const;
  YAML::Node find(const std::string& key) const;
  std::string full_key(const std::string& key) const;

  YAML::Node node_;
  std::shared_ptr<const YamlOrigin> origin_;
  std::string path_;
};

// The document of `file`; Error when it cannot be read, is no YAML, or is larger than 1 MiB.
YAML::Node load_yaml(const std::string& text, const std::string& file);

}  // namespace quantrial
