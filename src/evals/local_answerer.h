// The engine on this machine as what answers: keeps `concurrency` requests running until the queue
// is empty.
#pragma once

#include <filesystem>
#include <optional>

#include "engine/engine.h"
#include "evals/answerer.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace quantrial {

class LocalAnswerer : public Answerer {
 public:
  struct Options {
    int64_t concurrency = 1;
    int64_t draft_tokens = 0;
    std::string fingerprint;  // of weights and how they run
  };
  // All outlive this. Without a chat template the user's message is continued as it is.
  LocalAnswerer(Engine& engine, const Tokenizer& tokenizer,
                const std::optional<ChatTemplate>& chat_template, Options options);

  void work(WorkQueue& queue) override;
  std::string fingerprint() const override { return options_.fingerprint; }

 private:
  struct Running;
  void submit(const Ask& ask, WorkQueue& queue);

  Engine& engine_;
  const Tokenizer& tokenizer_;
  const std::optional<ChatTemplate>& chat_template_;
  Options options_;
};

}  // namespace quantrial
