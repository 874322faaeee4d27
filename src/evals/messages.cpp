#include "evals/messages.h"

#include "base/sha256.h"

namespace quantrial {

using nlohmann::ordered_json;

ordered_json messages_of(const Benchmark& benchmark, const Question& question) {
  auto messages = ordered_json::array();
  if (!benchmark.system.empty()) {
    messages.push_back({{"role", "system"}, {"content", benchmark.system}});
  }
  messages.push_back({{"role", "user"}, {"content", prompt_of(benchmark, question)}});
  return messages;
}

std::string messages_sha256(const Benchmark& benchmark) {
  std::string hashes;
  for (const Question& question : benchmark.questions) {
    hashes += Sha256::hex(messages_of(benchmark, question)
                              .dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  }
  return Sha256::hex(hashes);
}

}  // namespace quantrial
