// A partial folder over interruptions: what counts as finished, what is thrown away, what is
// refused. And hidden states, in memory and on disk.
#include "quantize/journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/temporary_folder.h"
#include "quantize/hidden_states.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using Start = PartialFolder::Start;

class JournalFolder : public testing::Test {
 protected:
  void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  std::string error_of(const nlohmann::ordered_json& header, Start start) {
    try {
      PartialFolder folder(out_, header, {.start = start});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  void expect_error(const nlohmann::ordered_json& header, Start start, const std::string& part) {
    const std::string message = error_of(header, start);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  const TemporaryFolder folder_;
  const fs::path dir_ = folder_.path();
  fs::path out_ = dir_ / "out", partial_ = dir_ / "out.partial";
  nlohmann::ordered_json header_ = {{"recipe", {{"iters", 200}}}, {"base", "abc"}};
};

TEST_F(JournalFolder, KeepsWhatWasFinished) {
  {
    PartialFolder folder(out_, header_, {});
    write(folder.path() / "a", "1234");
    folder.append("a", {{"error", 0.5}});
    write(folder.path() / "b", "half");
  }
  std::ofstream(partial_ / "journal.jsonl", std::ios::app) << "{\"file\": \"b\", \"ent";
  {
    const PartialFolder folder(out_, header_, {.start = Start::resume});
    EXPECT_EQ(folder.finished_before(), 1u);
    EXPECT_EQ(folder.finished().at("a")["error"], 0.5);
    EXPECT_FALSE(fs::exists(partial_ / "b"));
  }
  {
    PartialFolder folder(out_, header_, {.start = Start::resume});
    write(folder.path() / "b", "whole");
    folder.append("b", {});
    folder.commit();
  }
  EXPECT_FALSE(fs::exists(partial_));
  EXPECT_FALSE(fs::exists(out_ / "journal.jsonl"));
  EXPECT_EQ(read_text_file(out_ / "b"), "whole");
}

TEST_F(JournalFolder, RefusesWhatItMustNotTouch) {
  {
    PartialFolder folder(out_, header_, {});
    expect_error(header_, Start::resume, "another process works on it");
    write(folder.path() / "a", "1234");
    folder.append("a", {});
  }
  expect_error(header_, Start::fresh, "continue it with --resume");
  auto other = header_;
  other["recipe"]["iters"] = 50;
  expect_error(other, Start::resume, "recipe.iters: 200, now 50");
  write(partial_ / "a", "12345");
  expect_error(header_, Start::resume, "its size is another");
  write(partial_ / "journal.jsonl", "nonsense\n");
  expect_error(header_, Start::resume, "damaged at byte 0");
  fs::remove(partial_ / "journal.jsonl");
  expect_error(header_, Start::resume, "holds files but no journal.jsonl");
  EXPECT_EQ(read_text_file(partial_ / "a"), "12345");
  fs::create_directories(out_);
  write(out_ / "x", "x");
  expect_error(header_, Start::fresh, "not an empty folder");
  out_ = dir_ / "no/such";
  expect_error(header_, Start::fresh, "cannot create");
}

TEST_F(JournalFolder, HiddenStatesAreTheSameInMemoryAndOnDisk) {
  const StatesShape shape{{3, 1, 2}, 4};
  for (const bool disk : {false, true}) {
    const auto states = disk ? states_on_disk(shape, dir_) : states_in_memory(shape);
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()), 0);
    std::vector<float> x(12);
    for (const int64_t i : {2, 0, 1}) {
      const int64_t length = states->length(i);
      std::iota(x.begin(), x.end(), static_cast<float>(100 * i));
      states->write(i, {x.data(), {length, 4}});
    }
    for (const int64_t i : {0, 1, 2}) {
      std::fill(x.begin(), x.end(), -1.0f);
      states->read(i, {x.data(), {states->length(i), 4}});
      EXPECT_EQ(x[0], static_cast<float>(100 * i));
      EXPECT_EQ(x[static_cast<size_t>(states->length(i) * 4 - 1)],
                static_cast<float>(100 * i + states->length(i) * 4 - 1));
    }
  }
}

}  // namespace
}  // namespace quantrial
