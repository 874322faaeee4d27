// The keys of a benchmark's `grading` mapping, read strictly.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial {

class GraderOptions {
 public:
  // `where` names benchmark and grader in messages. Throws Error for a key that is not in `keys`.
  GraderOptions(const nlohmann::ordered_json& options, std::string where,
                std::initializer_list<std::string_view> keys);

  // Throw Error for another type; without a fallback also when the key is absent.
  std::string text(const std::string& key) const;
  std::string text(const std::string& key, const std::string& fallback) const;
  // One text, or a list of them.
  std::vector<std::string> texts(const std::string& key, std::vector<std::string> fallback) const;
  double number(const std::string& key, double fallback) const;
  bool flag(const std::string& key, bool fallback) const;

  const std::string& where() const { return where_; }

 private:
  const nlohmann::ordered_json& options_;
  std::string where_;
};

}  // namespace quantrial
