// A study of two servers, with no local model.
#include <nlohmann/json.hpp>

#include "tests/known_answers.h"
#include "tests/program.h"

namespace quantrial {
namespace {

using Json = nlohmann::ordered_json;

// Right for every number but multiples of `wrong_every`; the others take more words.
ScriptedEndpoint::Script script(int64_t wrong_every, int64_t words_of_thinking) {
  return [=](const std::string& prompt, uint64_t) {
    ScriptedReply reply;
    reply.thinking = words("hm", words_of_thinking);
    reply.answer = {std::stoll(prompt) % wrong_every == 0 ? "wrong" : prompt};
    return reply;
  };
}

class ServedStudy : public Program {
 protected:
  fs::path study(const std::string& a, const std::string& b) const {
    return write("served.yaml", "variants:\n  - {name: bf16, endpoint: \"" + a +
                                    "\"}\n  - {name: four-bit, endpoint: [\"" + b +
                                    "\"]}\nbenchmarks: [" + write_numbers(dir_).string() +
                                    "]\nsamples: {default: 2}\nsampling: {max_tokens: 1000}\n");
  }
  Outcome whole(const fs::path& file) const {
    return run({"study", file.string(), "-o", (dir_ / "out").string()});
  }
};

TEST_F(ServedStudy, ComparesTwoServers) {
  ScriptedEndpoint good(script(24, 20), {}), bad(script(6, 30), {});
  good.start();
  bad.start();
  const fs::path file = study(good.url(), bad.url());
  const Outcome outcome = whole(file);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json all = Json::parse(read_text_file(dir_ / "out" / "results.json"));
  EXPECT_EQ(all["base"], "bf16");
  const Json &a = all["variants"]["bf16"], &b = all["variants"]["four-bit"];
  EXPECT_DOUBLE_EQ(a["macro"]["accuracy"]["value"], 46.0 / 48);
  EXPECT_DOUBLE_EQ(b["macro"]["accuracy"]["value"], 40.0 / 48);
  EXPECT_DOUBLE_EQ(b["macro"]["delta"]["value"], -6.0 / 48);
  EXPECT_GT(b["macro"]["token_ratio"]["lo"], 1.0);
  EXPECT_TRUE(a["speed"]["natural"]["e2e_ms"].is_object());
  EXPECT_EQ(a["about"]["kind"], "endpoint");

  const int64_t replies = good.replies() + bad.replies();
  EXPECT_EQ(whole(file).exit_code, 0);
  EXPECT_EQ(good.replies() + bad.replies(), replies) << "nothing is asked again";
}

TEST_F(ServedStudy, SaysThatMemoryAndAttributionNeedTheWeights) {
  ScriptedEndpoint good(script(24, 20), {}), bad(script(6, 30), {});
  good.start();
  bad.start();
  const Outcome outcome = whole(study(good.url(), bad.url()));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json all = Json::parse(read_text_file(dir_ / "out" / "results.json"));
  for (const char* none : {"size", "memory", "fidelity", "mtp", "attribution"}) {
    for (const auto& [name, variant] : all["variants"].items()) {
      EXPECT_FALSE(variant.contains(none)) << name << ": " << none;
    }
  }
  for (const auto& file : fs::directory_iterator(dir_ / "out" / "csv")) {
    const std::string name = file.path().filename();
    EXPECT_FALSE(name.starts_with("memory") || name.starts_with("attribution")) << name;
  }
  for (const char* page : {"report.html", "report.md"}) {
    const std::string text = read_text_file(dir_ / "out" / page);
    for (const char* said : {"The memory of any variant: not measured: served over HTTP.",
                             "Attribution was not run: it needs the weights of a variant"}) {
      EXPECT_NE(text.find(said), std::string::npos) << page << ": " << said;
    }
  }
}

TEST_F(ServedStudy, AServerThatIsAwayIsARow) {
  ScriptedEndpoint good(script(24, 20), {}), bad(script(6, 30), {});
  good.start();
  bad.start();
  const fs::path file = study(good.url(), "http://127.0.0.1:1/v1");
  const Outcome outcome = whole(file);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json all = Json::parse(read_text_file(dir_ / "out" / "results.json"));
  EXPECT_TRUE(all["variants"]["four-bit"].contains("failed"));
  EXPECT_TRUE(all["variants"]["bf16"]["macro"].contains("accuracy"));
}

}  // namespace
}  // namespace quantrial
