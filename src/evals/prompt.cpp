// The templates of user messages: {{field}} stands for a field of the question,
// {{#field}}...{{/field}} for a part that is there when the field is not empty, and
// {{^field}}...{{/field}} for one that is there when it is.
#include "base/error.h"
#include "evals/benchmark.h"

namespace quantrial {
namespace {

class Template {
 public:
  Template(const Benchmark& benchmark, const Question& question)
      : name_(benchmark.name), question_(question) {}

  std::string filled(std::string_view rest) const {
    std::string text;
    for (size_t at; (at = rest.find("{{")) != std::string_view::npos;) {
      const size_t end = rest.find("}}", at);
      if (end == std::string_view::npos) break;
      text += rest.substr(0, at);
      const std::string tag(rest.substr(at + 2, end - at - 2));
      rest.remove_prefix(end + 2);
      if (!tag.starts_with('#') && !tag.starts_with('^')) {
        text += value(tag);
        continue;
      }
      const std::string field = tag.substr(1), closing = "{{/" + field + "}}";
      const size_t close = rest.find(closing);
      if (close == std::string_view::npos) fail(tag, "is never closed");
      if (value(field).empty() == (tag[0] == '^')) text += filled(rest.substr(0, close));
      rest.remove_prefix(close + closing.size());
    }
    return text + std::string(rest);
  }

 private:
  std::string value(const std::string& field) const {
    const auto at = question_.fields.find(field);
    if (at == question_.fields.end()) fail(field, "the question has no such field");
    return field_text(*at);
  }
  [[noreturn]] void fail(const std::string& tag, const char* why) const {
    throw Error("{}: prompt: '{{{{{}}}}}', question '{}': {}", name_, escaped(tag),
                escaped(question_.id), why);
  }

  const std::string& name_;
  const Question& question_;
};

}  // namespace

std::string prompt_of(const Benchmark& benchmark, const Question& question) {
  return Template(benchmark, question).filled(benchmark.prompt);
}

}  // namespace quantrial
