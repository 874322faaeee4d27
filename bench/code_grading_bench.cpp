// How many solutions a second the sandbox grades: every suite's own solutions as answers, on two
// threads, after the expected results are there.
//   code_grading_bench [BENCHMARK ...]
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "evals/graders/graders.h"

namespace quantrial {
namespace {

std::string answer_of(const Question& q) {
  const auto text = [&](const char* field) { return q.fields.at(field).get<std::string>(); };
  if (q.fields.contains("answer")) return text("answer");
  return "```python\n" + text("prompt") + text("canonical_solution") + "\n```";
}

// Seconds for all questions, and what was not right.
double grade_all(const Benchmark& benchmark, const Grader& grader, bool print) {
  const auto start = std::chrono::steady_clock::now();
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i; (i = next++) < benchmark.questions.size();) {
      const Question& q = benchmark.questions[i];
      std::string detail;
      try {
        const Grade grade = grader.grade(q, answer_of(q));
        if (grade.verdict != Verdict::right) detail = grade.detail;
      } catch (const Error& error) {
        detail = error.what();
      }
      if (print && !detail.empty()) fmt::print("{}: {}\n", q.id, detail);
    }
  };
  { std::jthread one(work), two(work); }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace
}  // namespace quantrial

int main(int argc, char** argv) {
  using namespace quantrial;
  std::vector<std::string> names(argv + 1, argv + argc);
  if (names.empty()) names = {"humaneval", "humaneval-plus", "mbpp-plus", "code"};
  for (const std::string& name : names) {
    const Benchmark benchmark = read_benchmark(name, {QUANTRIAL_SOURCE "/benchmarks", {}});
    const auto grader = make_grader(benchmark.grading, name);
    const double first = grade_all(benchmark, *grader, true);
    const double again = grade_all(benchmark, *grader, false);
    const auto n = static_cast<double>(benchmark.questions.size());
    fmt::print("{:16} {} solutions | {:.1f}/s with the suite's own run | {:.1f}/s after it\n", name,
               n, n / first, n / again);
  }
}
