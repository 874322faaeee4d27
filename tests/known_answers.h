// A benchmark of 48 numbers and a script that answers it: every kind of sample and of trouble, each
// a function of the number and the seed alone.
#pragma once

#include <filesystem>
#include <fstream>

#include "evals/answerer.h"
#include "tests/scripted_endpoint.h"

namespace quantrial {

inline constexpr int64_t known_questions = 48, known_max_tokens = 1000;

inline std::vector<std::string> words(const std::string& word, int64_t count) {
  std::vector<std::string> tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(word + std::to_string(i) + " ");
  return tokens;
}

inline ScriptedReply known_reply(const std::string& prompt, uint64_t seed) {
  const int64_t q = std::stoll(prompt);
  constexpr const char* fields[] = {"reasoning", "reasoning_content", "inline"};
  ScriptedReply r;
  r.thinking = words("hm", 10 + q + static_cast<int64_t>(seed % 7));
  r.answer = {seed % 3 == 0 ? prompt : seed % 3 == 1 ? "wrong" : "wrong too"};
  r.field = fields[q % 3];
  r.tokens_a_chunk = 1 + static_cast<size_t>(q % 4);
  if (q % 8 == 5) {  // cut in its thinking
    r.answer.clear();
    r.finish_reason = "length";
  } else if (q % 8 == 6) {  // cut in its answer; some servers call that "stop"
    r.answer = words("so", 30);
    r.finish_reason = q % 16 == 6 ? "length" : "stop";
    const int64_t rest = known_max_tokens - r.thinking_tokens() - r.answer_tokens();
    r.thinking = words("hm", static_cast<int64_t>(r.thinking.size()) + rest);
  } else if (q % 8 == 7) {  // a loop
    r.thinking = words("hm", 20);
    for (int i = 0; i < 300; ++i) r.thinking.push_back("again, ");
    r.answer.clear();
    r.finish_reason = "length";
  } else if (q % 16 == 4) {
    r.answer = {" "};
  }
  if (q % 12 == 2) r.wrong_usage = 500;
  r.trouble = static_cast<Trouble>(seed / 3 % 14 < 7 ? seed / 3 % 14 : 0);
  return r;
}

// numbers.yaml and its questions; gives the path of the YAML.
inline std::filesystem::path write_numbers(const std::filesystem::path& folder) {
  std::ofstream questions(folder / "numbers.jsonl");
  for (int64_t q = 0; q < known_questions; ++q) {
    questions << nlohmann::ordered_json{{"id", "q" + std::to_string(q)},
                                        {"kind", q % 2 == 0 ? "even" : "odd"},
                                        {"n", std::to_string(q)}}
              << '\n';
  }
  std::ofstream(folder / "numbers.yaml") << "title: Numbers that are repeated\n"
                                            "data: {file: numbers.jsonl}\n"
                                            "question: {id: id, cluster: kind}\n"
                                            "prompt: \"{{n}}\"\n"
                                            "sampling: {max_tokens: "
                                         << known_max_tokens
                                         << "}\n"
                                            "grading: {grader: exact, field: n}\n";
  return folder / "numbers.yaml";
}

}  // namespace quantrial
