// grade_pairs: reads JSON lines {"gold": ..., "answer": ...}, writes the verdict of the maths
// ladder for each: same, different or undecided. For make_math_verdicts.py and for trying things.
#include <iostream>
#include <nlohmann/json.hpp>

#include "evals/graders/maths/equal_answers.h"

int main() {
  constexpr const char* names[] = {"same", "different", "undecided"};
  for (std::string line; std::getline(std::cin, line);) {
    const auto row = nlohmann::json::parse(line, nullptr, false);
    if (!row.is_object()) return 1;
    const auto equality = quantrial::maths::equal_answers(row.value("gold", std::string()),
                                                          row.value("answer", std::string()));
    std::cout << names[static_cast<int>(equality)] << '\n';
  }
}
