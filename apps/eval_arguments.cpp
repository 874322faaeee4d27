#include "apps/eval_arguments.h"

#include "apps/data_folder.h"
#include "base/error.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

void add_sampling(CLI::App& command, BenchmarkSampling& s) {
  command.add_option("--max-tokens", s.max_tokens, "Thinking and answer together")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  command.add_option("--temperature", s.temperature, "Without: the benchmark's or the model's")
      ->check(CLI::Range(0.0, 100.0));
  command.add_option("--top-p", s.top_p, "Keep the likeliest tokens with this probability");
  command.add_option("--top-k", s.top_k, "Keep the k likeliest tokens; 0: all");
  command.add_option("--min-p", s.min_p, "Keep tokens with this share of the likeliest's");
  command.add_option("--presence-penalty", s.presence_penalty, "Subtract from ids in the output");
}

void add_endpoints(CLI::App& command, EndpointArguments& e) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    CLI::Option* const option = command.add_option(name, value, what);
    e.options.push_back(option);
    return option->group("Servers (URL[,URL] in place of a folder)");
  };
  const auto seconds = [&](const char* name, double& value, const char* what) {
    add(name, value, what)->check(CLI::Range(0.001, 1e7))->capture_default_str();
  };
  add("--model", e.model, "Name of the model; without: the only one that is served");
  add("--tokenizer", e.tokenizer, "Folder with the model's tokenizer, to check the token counts");
  add("--api-key-env", e.key_variable, "Variable with the key; without: OPENAI_API_KEY, if set");
  add("--ca-file", e.ca_file, "Certificates to trust in place of the system's");
  add("--omit", e.omitted, "Fields of a request that the server refuses: top_k,min_p")
      ->delimiter(',');
  seconds("--connect-timeout", e.connect_s, "Seconds until a connection stands");
  seconds("--first-token-timeout", e.first_token_s, "Seconds until the reply begins");
  seconds("--idle-timeout", e.idle_s, "Seconds between two pieces of a reply");
  seconds("--request-timeout", e.total_s, "Seconds for one sample");
  add("--attempts", e.attempts, "Tries of one sample")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  seconds("--retry-delay", e.retry_delay_s, "Seconds before the second try; doubled from then on");
  seconds("--patience", e.patience_s, "Seconds to go on while no server can be reached");
}

}  // namespace

std::map<std::string, fs::path> supplied_files(const std::vector<std::string>& pairs) {
  std::map<std::string, fs::path> files;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error("--benchmark-file {}: give NAME=FILE", escaped(pair));
    }
    files[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return files;
}

void add_eval_arguments(CLI::App& command, EvalArguments& a) {
  add_model_arguments(command, a.model);
  command.get_option("MODEL")->description(
      "Folder of the checkpoint, or servers: URL[,URL], such as http://127.0.0.1:8000/v1");
  command.add_option("--benchmark", a.benchmarks, "Names or sets (`quantrial list benchmarks`)")
      ->required()
      ->delimiter(',');
  command.add_option("-o,--out", a.out, "Folder for samples.sqlite and results.json")->required();
  command
      .add_option("--benchmark-file", a.benchmark_files,
                  "NAME=FILE: the questions of a set that is not shipped")
      ->allow_extra_args(false);
  command.add_option("--samples", a.samples, "Samples of each question, K")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--limit", a.limit, "Questions of each benchmark, drawn by the seed")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  command.add_option("--variant", a.variant, "Name in the results; without: the model's");
  command.add_option("--thinking", a.thinking, "The template's enable_thinking")
      ->check(CLI::IsMember({"on", "off", "both"}))
      ->capture_default_str();
  command.add_option("--concurrency", a.concurrency, "Samples at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--context", a.context, "Longest prompt and output; without: what fits");
  command.add_option("--draft-tokens", a.draft_tokens, "Drafts by the MTP head")
      ->check(CLI::Range(0, static_cast<int>(max_draft_tokens)))
      ->capture_default_str();
  add_sampling(command, a.sampling);
  command.add_option("--seed", a.seed, "Of the draw of questions and of all samples")
      ->capture_default_str();
  add_endpoints(command, a.endpoint);
}

RunWish wish_of(const EvalArguments& a) {
  return {.benchmarks = a.benchmarks,
          .files = {data_path("benchmarks"), supplied_files(a.benchmark_files)},
          .samples = a.samples,
          .limit = a.limit,
          .sampling = a.sampling,
          .thinking = a.thinking == "on"    ? ThinkingWish::on
                      : a.thinking == "off" ? ThinkingWish::off
                                            : ThinkingWish::both,
          .seed = a.seed};
}

}  // namespace quantrial
