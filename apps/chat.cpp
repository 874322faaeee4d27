// The conversation of `quantrial generate --chat`.
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "apps/generate.h"
#include "apps/interrupt.h"
#include "base/error.h"
#include "text/reasoning.h"

namespace quantrial {
namespace {

// Lines of standard input by read(), which Ctrl-C interrupts (std::getline would not return).
class LineReader {
 public:
  enum class Outcome { line, interrupted, end };

  Outcome read_line(std::string& line) {
    for (;;) {
      const size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return Outcome::line;
      }
      char bytes[4096];
      const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (count < 0 && errno == EINTR) return Outcome::interrupted;
      if (count <= 0) return take_rest(line);
      buffer_.append(bytes, static_cast<size_t>(count));
    }
  }

 private:
  Outcome take_rest(std::string& line) {  // a last line without newline
    if (buffer_.empty()) return Outcome::end;
    line.swap(buffer_);
    buffer_.clear();
    return Outcome::line;
  }
  std::string buffer_;
};

// Shows an answer as it comes: reasoning dimmed on a terminal, between lines of its own elsewhere.
class AnswerPrinter {
 public:
  explicit AnswerPrinter(PromptEnd end) : splitter_(end) {}

  void push(std::string_view text) { show(splitter_.push(text)); }
  std::string finish() {
    show(splitter_.finish());
    close_reasoning();
    write("\n");
    return answer_;
  }

 private:
  void show(const ReasoningText& parts) {
    if (!parts.reasoning.empty()) {
      if (!in_reasoning_) write(terminal_ ? "\033[2m" : "[reasoning]\n");
      in_reasoning_ = true;
      write(parts.reasoning);
    }
    if (parts.answer.empty()) return;
    close_reasoning();
    write(parts.answer);
    answer_ += parts.answer;
  }
  void close_reasoning() {
    if (in_reasoning_) write(terminal_ ? "\033[0m\n\n" : "\n[answer]\n");
    in_reasoning_ = false;
  }
  void write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

  ReasoningSplitter splitter_;
  bool terminal_ = isatty(STDOUT_FILENO) != 0;
  bool in_reasoning_ = false;
  std::string answer_;
};

class Conversation {
 public:
  Conversation(const GenerateArguments& arguments, const Tokenizer& tokenizer,
               const ChatTemplate& chat_template, Engine& engine, const Request& settings)
      : arguments_(arguments),
        tokenizer_(tokenizer),
        template_(chat_template),
        engine_(engine),
        request_(settings) {
    reset();
  }

  void reset() {
    messages_ = nlohmann::ordered_json::array();
    if (!arguments_.system) return;
    messages_.push_back({{"role", "system"}, {"content", *arguments_.system}});
  }

  // Answers `text`; an Error (too long) leaves the conversation as it was.
  void answer(const std::string& text, InterruptGuard& guard) {
    auto messages = messages_;
    messages.push_back({{"role", "user"}, {"content", text}});
    const std::string prompt = template_.render(template_input(arguments_, messages));
    AnswerPrinter printer(prompt_end(prompt));
    Request request = request_;
    request.prompt = tokenizer_.encode(prompt);
    request.on_delta = [&](const Delta& delta) { printer.push(delta.text); };
    const RequestId id = engine_.submit(request);
    while (engine_.step()) {
      if (guard.interrupted()) engine_.cancel(id);
    }
    guard.clear();
    messages.push_back({{"role", "assistant"}, {"content", printer.finish()}});
    messages_ = std::move(messages);
    ++request_.sampling.seed;  // another answer when the same is asked again
    last_ = engine_.take_result(id).value();
  }
  const Result& last() const { return last_; }

 private:
  const GenerateArguments& arguments_;
  const Tokenizer& tokenizer_;
  const ChatTemplate& template_;
  Engine& engine_;
  Request request_;
  nlohmann::ordered_json messages_;
  Result last_;
};

}  // namespace

void chat(const GenerateArguments& arguments, const Tokenizer& tokenizer,
          const ChatTemplate& chat_template, Engine& engine, const Request& settings) {
  const bool terminal = isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
  InterruptGuard guard;
  LineReader reader;
  Conversation conversation(arguments, tokenizer, chat_template, engine, settings);
  if (terminal) {
    fmt::print(stderr, "Context {} tokens. Ctrl-C stops an answer; /reset, /exit or Ctrl-D.\n",
               engine.context_tokens());
  }
  std::string line;
  for (;;) {
    if (terminal) fmt::print(stderr, "> ");
    const LineReader::Outcome outcome = reader.read_line(line);
    guard.clear();
    if (outcome == LineReader::Outcome::end || line == "/exit") break;
    if (outcome == LineReader::Outcome::interrupted) {
      fmt::print(stderr, "\n");
    } else if (line == "/reset") {
      conversation.reset();
    } else if (!line.empty()) {
      try {
        conversation.answer(line, guard);
        if (terminal) fmt::print(stderr, "\033[2m{}\033[0m\n", summary({conversation.last()}));
      } catch (const Error& error) {  // too long, or refused by the template: the user may go on
        if (engine.unfinished() > 0) throw;
        fmt::print(stderr, "quantrial: error: {}; /reset starts anew\n", error.what());
      }
    }
  }
  if (terminal) fmt::print(stderr, "\n");
}

}  // namespace quantrial
