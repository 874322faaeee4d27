// Verdicts on programs against evalplus's own (tests/evals/make_code_verdicts.py). A twentieth is
// graded among the fast tests, all of them among the slow ones.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "base/compressed_file.h"
#include "base/error.h"
#include "evals/graders/graders.h"

namespace quantrial {
using nlohmann::ordered_json;

struct Graded {
  std::string task, program;
  bool base = false, plus = false;  // as evalplus says
};

// A program as a change of its task's first: [first line, lines removed, lines put there].
inline std::vector<std::string> changed(std::vector<std::string> lines,
                                        const ordered_json& change) {
  const auto first = lines.begin() + change.at(0).get<std::ptrdiff_t>();
  const auto at = lines.erase(first, first + change.at(1).get<std::ptrdiff_t>());
  const auto put = change.at(2).get<std::vector<std::string>>();
  lines.insert(at, put.begin(), put.end());
  return lines;
}

inline std::vector<Graded> read_verdicts() {
  const std::string text =
      read_maybe_compressed(QUANTRIAL_SOURCE "/tests/evals/code_verdicts.jsonl.xz");
  std::map<std::string, std::vector<std::string>> first;
  std::vector<Graded> all;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = rest.find('\n');
    const auto line = ordered_json::parse(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    const std::string task = line.at(0);
    // The first is a change of the empty text, which is one empty line.
    const bool is_first = !first.contains(task);
    const auto lines = changed(is_first ? std::vector<std::string>{""} : first[task], line.at(1));
    if (is_first) first[task] = lines;
    Graded g{task, "", line.at(2) == 1, line.at(3) == 1};
    for (const std::string& l : lines) g.program += l + "\n";
    all.push_back(std::move(g));
  }
  return all;
}

// evalplus takes the set of an iterator that a solution returns; here only values are compared.
inline bool is_known(const Graded& g) {
  return (g.task == "Mbpp/2" || g.task == "Mbpp/769") &&
         g.program.find("return iter(r)") != std::string::npos;
}

class VerdictComparison {
 public:
  VerdictComparison() {
    for (const char* name : {"humaneval-plus", "mbpp-plus"}) {
      Benchmark b = read_benchmark(name, {QUANTRIAL_SOURCE "/benchmarks", {}});
      grader_ = make_grader(b.grading, name);
      for (Question& q : b.questions) questions_.emplace(q.id, std::move(q));
    }
  }
  std::optional<std::string> obstacle() const { return grader_->obstacle({}); }

  // Disagreements among every `step`-th, on two threads.
  std::vector<std::string> disagreements(const std::vector<Graded>& all, size_t step) {
    std::vector<std::string> found;
    std::mutex mutex;
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i; (i = next.fetch_add(step)) < all.size();) {
        const std::string said = disagreement(all[i]);
        const std::lock_guard lock(mutex);
        if (!said.empty()) found.push_back(said);
      }
    };
    { const std::jthread one(work), two(work); }
    return found;
  }

 private:
  std::string disagreement(const Graded& g) const {
    const Grade grade = grader_->grade(questions_.at(g.task), "~~~~~\n" + g.program + "~~~~~\n");
    const bool base = grade.scores.at("base") == 1, all = grade.verdict == Verdict::right;
    if (is_known(g) && !all) return {};
    if (base == g.base && all == (g.base && g.plus)) return {};
    return fmt::format("{}: evalplus {} {}, here {}:\n{}", g.task, g.base, g.plus, grade.detail,
                       g.program);
  }

  std::shared_ptr<const Grader> grader_;
  std::map<std::string, Question> questions_;
};

inline void expect_agreement(size_t step) {
  VerdictComparison verdicts;
  if (const auto obstacle = verdicts.obstacle()) GTEST_SKIP() << *obstacle;
  const std::vector<Graded> all = read_verdicts();
  EXPECT_GT(all.size(), 2000u);
  for (const std::string& one : verdicts.disagreements(all, step)) ADD_FAILURE() << one;
}

}  // namespace quantrial
