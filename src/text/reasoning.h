// Splits what a model generates into its reasoning (<think>...</think>) and its answer, as it
// streams in.
//
// Rules, those of Qwen's chat template (`content.split('</think>')[0].rstrip('\n')
// .split('<think>')[-1].lstrip('\n')`, answer `.lstrip('\n')`) and of vLLM's qwen3 parser, which
// takes the first </think> as the end:
// - reasoning begins where the prompt opened it, or at a <think> that starts the text (white space
//   before it is dropped); a <think> that repeats the prompt's is dropped too;
// - it ends at the first </think> (of samples that are graded, at the last: evals/sample_text.h);
//   without one, everything is reasoning (it was truncated);
// - newlines around the reasoning and at the start of an answer that follows it are dropped;
// - a text that never opens reasoning is an answer, byte for byte.
#pragma once

#include <string>
#include <string_view>

namespace quantrial {

struct ReasoningText {
  std::string reasoning;
  std::string answer;
};

// Whether the prompt ends inside an open <think> (Qwen3.5's thinking mode) or not.
enum class PromptEnd { outside_reasoning, inside_reasoning };

// Where `prompt` ends: inside when <think>, perhaps with white space after it, is its end.
PromptEnd prompt_end(std::string_view prompt);

class ReasoningSplitter {
 public:
  explicit ReasoningSplitter(PromptEnd prompt_end);

  // What is new in each part. A beginning of a tag, and newlines that may have to go, are held
  // back.
  ReasoningText push(std::string_view text);

  // What was held back.
  ReasoningText finish();

  // Whether what came last belongs to the reasoning (after finish(): it was never closed).
  bool in_reasoning() const {
    return state_ == State::before_reasoning || state_ == State::reasoning;
  }

 private:
  enum class State {
    undecided,         // outside: only white space so far; a <think> may follow
    before_reasoning,  // inside: newlines and a repeated <think> go
    reasoning,
    before_answer,  // after </think>: newlines go
    answer,
  };
  enum class Progress { again, wait };
  Progress step(ReasoningText& out);
  Progress take_undecided(ReasoningText& out);
  Progress take_before_reasoning();
  Progress take_reasoning(ReasoningText& out);

  State state_;
  std::string held_back_;
};

// The whole text at once.
ReasoningText split_reasoning(std::string_view text, PromptEnd prompt_end);

}  // namespace quantrial
