// Benchmarks from YAML and files of questions: what is read, what is refused and how.
#include "evals/benchmark.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/temporary_folder.h"
#include "evals/benchmark_data.h"
#include "evals/graders/graders.h"
#include "evals/messages.h"

namespace quantrial {
namespace {

class Benchmarks : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  Benchmark read(const std::string& yaml) const {
    write("own.yaml", yaml);
    return read_benchmark("own", {folder_.path(), {}});
  }
  std::string error_of(const std::string& yaml) const {
    try {
      read(yaml);
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
    return "no error";
  }
  void expect_error(const std::string& yaml, const std::string& part) const {
    const std::string message = error_of(yaml);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  const TemporaryFolder folder_;
};

const std::string head = "data: {file: own.jsonl}\ngrading: {grader: exact}\n";

TEST_F(Benchmarks, AreKnownByTheMessagesOfAllTheirQuestions) {
  std::string rows;
  for (int i = 0; i < 10; ++i) {  // ten: a shuffle leaves not all of them as they are
    rows += fmt::format("{{\"q\":\"{}\",\"right\":\"a\",\"wrong\":\"b\"}}\n", i);
  }
  write("own.jsonl", rows);
  const auto hash = [&](const std::string& choices, const std::string& system) {
    return messages_sha256(
        read("data: {file: own.jsonl}\ngrading: {grader: choice}\nprompt: \"{{q}} "
             "{{lettered}}\"\n" +
             system + "choices: {fields: " + choices + "}\n"));
  };
  const std::string known = hash("[right, wrong]", "");
  EXPECT_EQ(hash("[right, wrong]", "title: Another\n"), known);
  EXPECT_NE(hash("[right, wrong], shuffle: true", ""), known);
  EXPECT_NE(hash("[right, wrong, q]", ""), known);
  EXPECT_NE(hash("[right, wrong]", "system: Be brief.\n"), known);
}

TEST_F(Benchmarks, AUserAddsOneWithAYamlAndAJsonl) {
  write("own.jsonl",
        "{\"q\":\"1+1\",\"answer\":\"2\",\"n\":7,\"hard\":true}\n\n{\"q\":\"2+2\",\"answer\":\"4\","
        "\"n\":8,\"hard\":false}\n");
  const Benchmark b = read(
      "title: Sums\nlicence: MIT\nprompt: \"What is {{q}}? In \\\\boxed{} ({{n}})\"\nsystem: Be "
      "brief.\nsampling: {temperature: 0.6, max_tokens: 100}\nquestion: {id: n, cluster: "
      "hard}\n" +
      head);
  ASSERT_EQ(b.questions.size(), 2u);
  EXPECT_EQ(b.questions[1].id, "8");
  EXPECT_EQ(b.questions[1].cluster, "false");
  EXPECT_EQ(prompt_of(b, b.questions[0]), "What is 1+1? In \\boxed{} (7)");
  EXPECT_EQ(b.sampling.temperature, 0.6);
  EXPECT_FALSE(b.sampling.top_p.has_value());
  const auto grader = make_grader(b.grading, b.name);
  EXPECT_EQ(grader->grade(b.questions[0], " 2\n").verdict, Verdict::right);
  EXPECT_EQ(grader->grade(b.questions[0], "3").verdict, Verdict::wrong);
  EXPECT_EQ(grader->grade(b.questions[0], " \n").verdict, Verdict::no_answer);
}

TEST_F(Benchmarks, TakeTheRowsThatAreWanted) {
  write("own.jsonl", "{\"q\":\"a\",\"ok\":\"ok\"}\n{\"q\":\"b\",\"ok\":\"bad\"}\n");
  const Benchmark b = read("prompt: \"{{q}}\"\nwhere: {ok: ok}\n" + head);
  ASSERT_EQ(b.questions.size(), 1u);
  expect_error("prompt: \"{{q}}\"\nwhere: {ok: none}\n" + head, "no question is left");
}

TEST_F(Benchmarks, RefuseWhatTheyDoNotUnderstandInOneLine) {
  write("own.jsonl", "{\"q\":\"a\"}\n");
  expect_error("prompt: x\nprompts: y\n" + head, "prompts");
  expect_error("prompt: \"{{w}}\"\n" + head, "'{{w}}'");
  expect_error("prompt: x\nquestion: {id: w}\n" + head, "has no field 'w'");
  expect_error("prompt: x\nsampling: {top_p: 0}\n" + head, "sampling.top_p");
  expect_error("prompt: x\nsampling: {max_tokens: 0}\n" + head, "sampling.max_tokens");
  expect_error("prompt: x\ndata: {file: none.jsonl}\ngrading: {grader: exact}\n", "none.jsonl");
  expect_error("prompt: x\ndata: {file: own.jsonl}\n", "grading");
  expect_error("prompt: x\ndata: {file: own.jsonl, rows: 3}\ngrading: {grader: exact}\n",
               "1 questions");
  expect_error("prompt: x\ndata: {file: own.jsonl, sha256: [\"00\"]}\ngrading: {grader: exact}\n",
               "sha256");
  expect_error(
      "prompt: x\ndata: {supplied_by_user: true, get: from its authors}\n"
      "grading: {grader: exact}\n",
      "--benchmark-file own=FILE");
  write("own.jsonl", "{\"q\":\"a\"}\n[1]\n");
  expect_error("prompt: x\n" + head, "line 2: no JSON object");
  write("own.jsonl", "{\"q\":1}\n{\"q\":1}\n");
  expect_error("prompt: x\nquestion: {id: q}\n" + head, "two questions have the id '1'");
}

TEST_F(Benchmarks, UnknownNamesAndGradersAreNamedWithWhatThereIs) {
  write("own.jsonl", "{\"q\":\"a\"}\n");
  read("prompt: x\n" + head);
  try {
    read_benchmark("other", {folder_.path(), {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("own"), std::string::npos) << error.what();
  }
  EXPECT_THROW(make_grader({"guess", nlohmann::ordered_json::object()}, "own"), Error);
  EXPECT_THROW(make_grader({"exact", {{"fold", "x"}}}, "own"), Error);
}

TEST_F(Benchmarks, ASetStandsForItsMembers) {
  write("own.jsonl", "{\"q\":\"a\"}\n");
  read("prompt: x\n" + head);
  write("two.yaml", "title: all\nmembers: [own, other]\n");
  const BenchmarkFiles files{folder_.path(), {}};
  EXPECT_EQ(benchmark_names({"two", "own"}, files), (std::vector<std::string>{"own", "other"}));
  EXPECT_THROW(read_benchmark("two", files), Error);
}

TEST(ShippedBenchmarks, AreReadWhole) {
  const BenchmarkFiles files{std::filesystem::path(QUANTRIAL_SOURCE) / "benchmarks", {}};
  for (const BenchmarkSummary& summary : list_benchmarks(files.folder)) {
    EXPECT_FALSE(summary.title.empty()) << summary.name;
    if (!summary.members.empty() || summary.supplied_by_user) continue;
    const Benchmark b = read_benchmark(summary.name, files);
    EXPECT_FALSE(b.licence.empty()) << b.name;
    EXPECT_FALSE(b.source.empty()) << b.name;
  }
  // models/reference/README.md: 200 questions a family in the default mix.
  for (const std::string& name : benchmark_names({"reference"}, files)) {
    EXPECT_EQ(read_benchmark(name, files).questions.size(), 200u) << name;
  }
}

// Sets that users supply: made-up items in the published layouts, and their answers.
TEST(SuppliedBenchmarks, ReadThePublishedLayouts) {
  const TemporaryFolder folder;
  const std::filesystem::path shipped = std::filesystem::path(QUANTRIAL_SOURCE) / "benchmarks";
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name, std::ios::binary) << text;
  };
  struct Set {
    std::string name, text, right, wrong, cluster;
  };
  const Set sets[] = {
      {"math500",
       "{\"problem\": \"Half of 1?\", \"solution\": \"\\\\boxed{x}\", \"answer\": \"\\\\frac12\", "
       "\"subject\": \"Algebra\", \"level\": 1, \"unique_id\": \"test/1.json\"}\n",
       "\\boxed{0.5}", "\\boxed{5}", "Algebra"},
      {"aime",
       "{\"id\": \"aime99-0\", \"problem\": \"6 x 7 + 3?\", \"expected_answer\": \"45\", "
       "\"reference_solution\": \"s\"}\n",
       "\\boxed{045}", "\\boxed{45 \\text{ or } 46}", ""},
      {"gpqa-diamond",
       "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer "
       "3,High-level domain\nrec1,\"Two\nlines?\",\"yes, so\",no,maybe,never,Physics\n",
       "Answer: yes, so", "Answer: never", "Physics"},
      {"mmlu-pro",
       "{\"question_id\": 70, \"question\": \"Which?\", \"options\": [\"a\", \"b\", \"c\", \"d\", "
       "\"e\", \"f\", \"g\", \"h\", \"i\", \"j\"], \"answer\": \"J\", \"answer_index\": 9, "
       "\"category\": \"law\"}\n",
       "\"answer\": \"J\"", "\"answer\": \"I\"", "law"},
  };
  for (const Set& set : sets) {
    std::string yaml = read_text_file(shipped / (set.name + ".yaml"), 1 << 20);
    for (const char* key : {"  sha256:", "  rows:"}) {  // of the real file
      const size_t at = yaml.find(key);
      if (at != std::string::npos) yaml.erase(at, yaml.find('\n', at) + 1 - at);
    }
    write(set.name + ".yaml", yaml);
    write("file", set.text);
    const Benchmark b =
        read_benchmark(set.name, {folder.path(), {{set.name, folder.path() / "file"}}});
    ASSERT_EQ(b.questions.size(), 1u) << set.name;
    EXPECT_EQ(b.questions[0].cluster, set.cluster);
    EXPECT_EQ(prompt_of(b, b.questions[0]).find("{{"), std::string::npos) << set.name;
    const auto grader = make_grader(b.grading, b.name);
    EXPECT_EQ(grader->grade(b.questions[0], set.right).verdict, Verdict::right) << set.name;
    EXPECT_EQ(grader->grade(b.questions[0], set.wrong).verdict, Verdict::wrong) << set.name;
    // The file as shipped knows how many rows there are, or their hash.
    if (set.name == "aime") continue;
    EXPECT_THROW(read_benchmark(set.name, {shipped, {{set.name, folder.path() / "file"}}}), Error);
  }
}

TEST(DrawnQuestions, AreEqualSharesOfClustersAndGrow) {
  std::vector<Question> questions;
  for (int i = 0; i < 90; ++i) {
    questions.push_back({std::to_string(i), i < 60 ? "many" : "few", {}});
  }
  const auto ids = [&](int64_t limit, uint64_t seed) {
    std::set<std::string> drawn;
    for (const Question& q : draw_questions(questions, limit, seed)) drawn.insert(q.id);
    return drawn;
  };
  const auto ten = ids(10, 1), twenty = ids(20, 1);
  EXPECT_EQ(ten.size(), 10u);
  EXPECT_EQ(std::count_if(ten.begin(), ten.end(), [](auto& id) { return std::stoi(id) < 60; }), 5);
  EXPECT_TRUE(std::includes(twenty.begin(), twenty.end(), ten.begin(), ten.end()));
  EXPECT_NE(ids(10, 2), ten);
  EXPECT_EQ(ids(200, 1).size(), 90u);
}

// RFC 4180, section 2.
TEST(Csv, IsRfc4180) {
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(parse_csv("a,b\r\n\"1,\"\"x\"\"\",\"two\nlines\"\r\n", "t"),
            (Rows{{"a", "b"}, {"1,\"x\"", "two\nlines"}}));
  EXPECT_EQ(parse_csv("a\n\"\"\n", "t"), (Rows{{"a"}, {""}}));
  EXPECT_EQ(parse_csv("a,\n,b", "t"), (Rows{{"a", ""}, {"", "b"}}));
  EXPECT_THROW(parse_csv("\"a", "t"), Error);
}

}  // namespace
}  // namespace quantrial
