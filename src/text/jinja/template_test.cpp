#include "text/jinja/template.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/rng.h"
#include "text/test_folder.h"

namespace quantrial::jinja {
namespace {

using nlohmann::ordered_json;

std::string rendered(std::string_view source,
                     const ordered_json& variables = ordered_json::object()) {
  return Template(source).render(variables);
}

std::string error_in(std::string_view source,
                     const ordered_json& variables = ordered_json::object()) {
  return error_of([&] { rendered(source, variables); });
}

// tests/text/template_cases.json, made with Jinja2 by make_template_cases.py.
TEST(JinjaTemplate, GivesWhatJinja2Gives) {
  const auto file = test_json("template_cases.json");
  ASSERT_GE(file["cases"].size(), 250u);
  for (const auto& one_case : file["cases"]) {
    const std::string source = one_case[0];
    SCOPED_TRACE(source);
    if (one_case[1].is_null()) {
      EXPECT_NE(error_in(source, file["variables"]), "");
    } else {
      EXPECT_EQ(rendered(source, file["variables"]), one_case[1].get<std::string>());
    }
  }
}

TEST(JinjaTemplate, NamesTheLineAndTheConstruct) {
  EXPECT_EQ(error_in("a\n{% if %}"), "line 2: expected an expression, at %}");
  EXPECT_EQ(error_in("\n\n{{ x|nofilter }}"), "line 3: there is no filter named 'nofilter'");
  EXPECT_EQ(error_in("\n{{ messages[0].content }}"), "line 2: 'messages' is undefined");
  EXPECT_EQ(error_in("{% include 'x' %}"),
            "line 1: the statement 'include' is unknown or not supported, at 'x'");
  EXPECT_EQ(error_in("{{ d.x.y }}", {{"d", ordered_json::object()}}),
            "line 1: 'dict object' has no attribute 'x'");
  EXPECT_EQ(error_in("{{ raise_exception('no\nroles') }}"),
            "line 1: the template refuses: no\\x0aroles");
}

TEST(JinjaTemplate, TellsTheTime) {
  const std::string year = rendered("{{ strftime_now('%Y') }}");
  ASSERT_EQ(year.size(), 4u);
  EXPECT_GE(year, "2024");
  EXPECT_EQ(rendered("[{{ strftime_now('') }}]"), "[]");
}

std::string repeated(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

// What would hang, exhaust the stack or the memory ends in an Error soon.
TEST(JinjaTemplate, BoundsWhatAHostileTemplateCanDo) {
  const std::string nine_loops =
      repeated("{% for x in range(100000) %}", 9) + repeated("{% endfor %}", 9);
  const std::string grow =
      "{% set ns = namespace(x='ab') %}{% for i in range(150) %}{% set ns.x = ";
  const std::string end = " %}{% endfor %}";
  const std::string sources[] = {
      nine_loops,
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m(x) %}{{ m(caller) }}{% endmacro %}{% call m(1) %}{% endcall %}",
      grow + "ns.x ~ ns.x" + end,
      grow + "ns.x + ns.x" + end,
      grow + "[ns.x, ns.x]" + end + "{{ ns.x }}",
      grow + "[ns.x]" + end + "{{ ns.x == ns.x }}" + grow + "(loop, ns.x)" + end,
      grow + "{'k': ns.x}" + end + "{{ ns.x|tojson }}",
      grow + "ns.x|replace('', ns.x)" + end,
      grow + "ns.x|list + [ns.x]|list" + end,
      grow + "ns.x|join(ns.x)" + end,
      "{{ 'a' * 1000000000000 }}",
      "{{ [0] * 1000000000000 }}",
      "{{ 'a'.center(9223372036854775807) }}",
      "{{ 'a'|center(100000000000) }}",
      "{{ 'a'.zfill(100000000000) }}",
      "{{ 'a\nb'|indent(100000000000) }}",
      "{{ '%100000000000d' % 1 }}",
      "{{ 2 ** 9223372036854775807 }}",
      "{{ range(9223372036854775807) }}",
      "{{ -9223372036854775807 - 2 }}",
      "{{ (-9223372036854775807 - 1) // -1 }}",
      "{% for i in range(100000) %}{{ range(100000)|list|unique|list|length }}{% endfor %}",
      "{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}",
      "{% set l = 'ab' * 100000 %}{% for i in range(100000) %}{{ l|upper|length }}{% endfor %}",
      repeated("{{ (", 1) + repeated("(", 100000),
      "{{ " + repeated("not ", 100000) + "x }}",
      "{{ " + repeated("-", 100000) + "1 }}",
      "{{ 1" + repeated(" + 1", 100000) + " }}",
      "{{ x" + repeated("|upper", 100000) + " }}",
      "{{ x" + repeated("[0]", 100000) + " }}",
      "{{ " + repeated("[", 100000),
      "{{ 1" + repeated(" if 1 else 1", 100000) + " }}",
      repeated("{% if 1 %}", 100000),
      repeated("{% for x in [1] %}", 100000),
      "{% set " + repeated("(", 100000),
      "{% for " + repeated("(", 100000),
  };
  for (const std::string& source : sources) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_NE(error_in(source), "") << source.substr(0, 200);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 20) << source.substr(0, 200);
  }
}

TEST(JinjaTemplate, KeepsScopesThatMacrosReferTo) {
  EXPECT_EQ(
      rendered("{% set ns = namespace() %}{% for i in [1, 2] %}{% set k = i * 10 %}"
               "{% macro m() %}{{ k }}{% endmacro %}{% set ns.m = m %}{% endfor %}{{ ns.m() }}"),
      "20");
  EXPECT_EQ(
      rendered("{% set ns = namespace() %}{% set ns.self = ns %}{{ ns.self.self is defined }}"),
      "True");
}

// Every beginning of a template, and random damage to it, ends in a text or an Error.
TEST(JinjaTemplate, SurvivesDamagedTemplates) {
  const auto chat = test_json("qwen3.5-chat-cases.json")[8]["input"];
  for (const char* name :
       {"qwen3.5-chat-template.jinja", "json-tools.jinja", "folded-system.jinja"}) {
    const std::string source = test_text(name);
    for (size_t length = 0; length < source.size(); length += 3) {
      error_in(source.substr(0, length), chat);
    }
    for (uint64_t round = 0; round < 1500; ++round) {
      std::string damaged = source;
      const uint64_t changes = 1 + philox(1, round)[0] % 4;
      for (uint64_t change = 0; change < changes; ++change) {
        const auto random = philox(2 + change, round);
        const size_t at = random[0] % damaged.size();
        const size_t from = random[1] % damaged.size();
        switch (random[2] % 4) {
          case 0:
            damaged[at] = static_cast<char>(random[3]);
            break;
          case 1:
            damaged.erase(at, random[3] % 20);
            break;
          case 2:
            damaged.insert(at, source.substr(from % source.size(), random[3] % 30));
            break;
          default:
            damaged[at] = "{}%#|()[]'\"~.,: \n"[random[3] % 17];
            break;
        }
      }
      error_in(damaged, chat);
    }
  }
}

}  // namespace
}  // namespace quantrial::jinja
