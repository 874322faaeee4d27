#include "evals/fidelity/own_traces.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/rng.h"
#include "evals/fidelity/fidelity_texts.h"
#include "tensor/json.h"
#include "text/chat_template.h"
#include "text/document_reader.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Question {
  std::string source;
  ordered_json messages;
};

ordered_json messages_of(const ordered_json& json, const std::string& where) {
  if (json.contains("messages")) return json["messages"];
  if (json.contains("question") && json["question"].is_string()) {
    return ordered_json::array({{{"role", "user"}, {"content", json["question"]}}});
  }
  throw Error("{}: {}; expected an object with question or messages", where, escaped(json.dump()));
}

std::vector<Question> read_questions(std::span<const fs::path> files) {
  std::vector<Question> in_mix, others;
  for (const fs::path& file : files) {
    const auto take = [&](std::string_view line, const std::string& where) {
      const auto json = ordered_json::parse(parse_json(line, where).dump());
      const bool outside = json.contains("mix") && json["mix"] == false;
      (outside ? others : in_mix).push_back({where, messages_of(json, where)});
    };
    for_each_line(read_text_file(file), shown(file), take);
  }
  return in_mix.empty() ? others : in_mix;
}

// The first `count` of a shuffle by the seed.
void draw(std::vector<Question>& questions, int64_t count, uint64_t seed) {
  const size_t wished = std::min(questions.size(), static_cast<size_t>(count));
  for (size_t i = 0; i < wished; ++i) {
    const auto left = static_cast<double>(questions.size() - i);
    std::swap(questions[i], questions[i + static_cast<size_t>(uniform(seed, i) * left)]);
  }
  questions.resize(wished);
}

}  // namespace

std::vector<FidelityText> trace_prompts(const fs::path& model_dir, const TraceRequest& request) {
  std::vector<Question> questions = read_questions(request.questions);
  if (questions.empty()) throw Error("own traces: no questions in the files given");
  draw(questions, request.traces, request.seed);
  const Tokenizer tokenizer = Tokenizer::load(model_dir);
  const ChatTemplate chat = ChatTemplate::load(model_dir);
  std::vector<FidelityText> prompts;
  for (const Question& question : questions) {
    std::vector<int32_t> tokens = tokenizer.encode(
        chat.render({{"messages", question.messages}, {"add_generation_prompt", true}}));
    std::vector<TextSegment> segments(tokens.size(), TextSegment::prompt);
    prompts.push_back({std::move(tokens), std::move(segments), question.source});
  }
  return prompts;
}

std::vector<FidelityText> own_traces(Model& model, const fs::path& model_dir,
                                     const TraceRequest& request,
                                     const std::function<void(int64_t)>& generated) {
  std::vector<FidelityText> traces = trace_prompts(model_dir, request);
  std::erase_if(traces, [&](const FidelityText& prompt) {
    return static_cast<int64_t>(prompt.tokens.size()) >= request.max_tokens;
  });
  const Tokenizer tokenizer = Tokenizer::load(model_dir);
  Engine engine(model, &tokenizer,
                {.max_sequences = traces_at_once,
                 .max_tokens = traces_at_once * request.max_tokens,
                 .context_tokens = request.max_tokens});
  std::vector<Request> requests;
  for (const FidelityText& prompt : traces) {
    Request& r = requests.emplace_back();
    r.prompt = prompt.tokens;
    r.sampling = request.sampling;
    r.sampling.seed = request.seed + requests.size();
    r.on_delta = [&](const Delta& delta) { generated(static_cast<int64_t>(delta.tokens.size())); };
  }
  const std::vector<Result> results = generate(engine, std::move(requests));
  for (size_t i = 0; i < results.size(); ++i) {
    const auto prompt_tokens = static_cast<int64_t>(traces[i].tokens.size());
    traces[i].tokens.insert(traces[i].tokens.end(), results[i].tokens.begin(),
                            results[i].tokens.end());
    traces[i].segments = trace_segments(traces[i].tokens, prompt_tokens, tokenizer);
  }
  return traces;
}

std::vector<fs::path> question_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string trace_lines(const std::vector<FidelityText>& traces) {
  std::string lines;
  for (const FidelityText& trace : traces) {
    const auto prompt_tokens =
        std::count(trace.segments.begin(), trace.segments.end(), TextSegment::prompt);
    lines +=
        ordered_json{
            {"source", trace.source}, {"prompt_tokens", prompt_tokens}, {"input_ids", trace.tokens}}
            .dump() +
        "\n";
  }
  return lines;
}

}  // namespace quantrial
