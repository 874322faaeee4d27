#include "tests/scripted_endpoint.h"

#include <algorithm>
#include <chrono>
#include <sstream>

namespace quantrial {
namespace {

using nlohmann::ordered_json;

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

std::string joined(const std::vector<std::string>& tokens, size_t from, size_t count) {
  std::string text;
  for (size_t i = from; i < std::min(from + count, tokens.size()); ++i) text += tokens[i];
  return text;
}

ordered_json chunk(const ordered_json& delta, const ordered_json& finish_reason) {
  return {{"object", "chat.completion.chunk"},
          {"model", "scripted"},
          {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}}}}};
}

// Pieces of text under the name of their field.
std::vector<std::pair<std::string, std::string>> pieces(const ScriptedReply& r) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto add = [&](const std::string& field, const std::vector<std::string>& tokens) {
    for (size_t i = 0; i < tokens.size(); i += r.tokens_a_chunk) {
      all.emplace_back(field, joined(tokens, i, r.tokens_a_chunk));
    }
  };
  if (r.field != "inline") {
    add(r.field, r.thinking);
    add("content", r.answer);
    return all;
  }
  std::vector<std::string> tokens = r.thinking;
  if (!r.answer.empty()) tokens.push_back("\n</think>\n\n");
  tokens.insert(tokens.end(), r.answer.begin(), r.answer.end());
  add("content", tokens);
  return all;
}

std::vector<std::string> events_of(const ScriptedReply& r, int64_t prompt_tokens,
                                   bool reports_reasoning) {
  std::vector<std::string> events = {
      chunk({{"role", "assistant"}, {"content", ""}}, nullptr).dump()};
  for (const auto& [field, text] : pieces(r))
    events.push_back(chunk({{field, text}}, nullptr).dump());
  events.push_back(chunk(ordered_json::object(), r.finish_reason).dump());
  const int64_t completion = r.thinking_tokens() + r.answer_tokens() + r.wrong_usage;
  ordered_json usage = {{"prompt_tokens", prompt_tokens},
                        {"completion_tokens", completion},
                        {"total_tokens", prompt_tokens + completion}};
  if (reports_reasoning) {
    usage["completion_tokens_details"] = {{"reasoning_tokens", r.thinking_tokens()}};
  }
  events.push_back(ordered_json{{"choices", ordered_json::array()}, {"usage", usage}}.dump());
  events.push_back("[DONE]");
  return events;
}

void tokenize(const httplib::Request& request, httplib::Response& response) {
  const ordered_json body = ordered_json::parse(request.body);
  std::istringstream words(body.at("prompt").get<std::string>());
  std::vector<int64_t> ids;
  for (std::string word; words >> word;) {
    ids.push_back(static_cast<int64_t>(std::hash<std::string>()(word) % 100'000));
  }
  response.set_content(ordered_json{{"tokens", ids}, {"count", ids.size()}}.dump(),
                       "application/json");
}

}  // namespace

LocalServer::LocalServer() {
  constexpr size_t threads = 64;
  server.new_task_queue = [] { return new httplib::ThreadPool(threads); };
  server.set_tcp_nodelay(true);
}

LocalServer::~LocalServer() { stop(); }

void LocalServer::start() {
  port_ = server.bind_to_any_port("127.0.0.1");
  thread_ = std::thread([this] { server.listen_after_bind(); });
  while (!server.is_running()) sleep_ms(1);
}

void LocalServer::stop() {
  stopping_ = true;
  server.stop();
  if (thread_.joinable()) thread_.join();
}

int64_t ScriptedReply::thinking_tokens() const {
  const bool ends_here = answer.empty() && finish_reason == "stop";
  return static_cast<int64_t>(thinking.size()) + (answer.empty() ? 0 : 1) + (ends_here ? 1 : 0);
}

int64_t ScriptedReply::answer_tokens() const {
  if (answer.empty()) return 0;
  return static_cast<int64_t>(answer.size()) + (finish_reason == "stop" ? 1 : 0);
}

ScriptedEndpoint::ScriptedEndpoint(Script script, Options options)
    : script_(std::move(script)), options_(std::move(options)) {
  server.Get("/v1/models", [this](const httplib::Request&, httplib::Response& response) {
    const ordered_json list = {
        {"object", "list"},
        {"data", {{{"id", options_.model}, {"object", "model"}, {"owned_by", "tests"}}}}};
    response.set_content(list.dump(), "application/json");
  });
  server.Post("/v1/chat/completions",
              [this](const httplib::Request& request, httplib::Response& response) {
                complete(request, response);
              });
  if (options_.has_tokenize) server.Post("/tokenize", tokenize);
}

bool ScriptedEndpoint::first_time(const ordered_json& body) {
  const std::lock_guard lock(mutex_);
  return asked_[body.at("messages").dump() + body.at("seed").dump()]++ == 0;
}

// True: the trouble is the whole response.
bool ScriptedEndpoint::make_trouble(Trouble trouble, httplib::Response& response) {
  if (trouble == Trouble::http_500) {
    response.status = 500;
    response.set_content(R"({"error": {"message": "out of luck"}})", "application/json");
    return true;
  }
  if (trouble == Trouble::busy) {
    response.status = 429;
    response.set_header("Retry-After", "0.05");
    response.set_content("slow down", "text/plain");
    return true;
  }
  return false;
}

void ScriptedEndpoint::complete(const httplib::Request& request, httplib::Response& response) {
  const ordered_json body = ordered_json::parse(request.body);
  {
    const std::lock_guard lock(mutex_);
    last_request_ = body;
    last_authorization_ = request.get_header_value("Authorization");
  }
  const std::string prompt = body.at("messages").back().at("content").get<std::string>();
  const ScriptedReply reply = script_(prompt, body.at("seed").get<uint64_t>());
  const Trouble trouble = first_time(body) ? reply.trouble : Trouble::none;
  if (make_trouble(trouble, response)) return;
  std::vector<std::string> events = events_of(reply, 7, options_.reports_reasoning);
  if (trouble == Trouble::bad_json) events[1] = R"({"choices": [{"index": 0, "del)";
  if (trouble == Trouble::abort) {
    events[1] = chunk(ordered_json::object(), "abort").dump();
  }
  stream(std::move(events), trouble, response);
}

void ScriptedEndpoint::stream(std::vector<std::string> events, Trouble trouble,
                              httplib::Response& response) {
  most_at_once_ = std::max(most_at_once_.load(), ++at_once_);
  const size_t half = events.size() / 2;
  response.set_chunked_content_provider(
      "text/event-stream",
      [this, events = std::move(events), trouble, half, next = size_t{0}](
          size_t, httplib::DataSink& sink) mutable {
        if (next == half && trouble == Trouble::cut) return false;
        while (next == half && trouble == Trouble::stall && sink.is_writable() && !stopping()) {
          sleep_ms(5);
        }
        if (options_.chunk_delay_ms > 0) sleep_ms(options_.chunk_delay_ms);
        // Keep-alive comments, as some servers send them.
        const std::string event = ": still here\n\ndata: " + events[next] + "\n\n";
        if (!sink.write(event.data(), event.size())) return false;
        if (++next == events.size()) {
          replies_ += trouble == Trouble::none ? 1 : 0;
          sink.done();
        }
        return true;
      },
      [this](bool) { --at_once_; });
}

ordered_json ScriptedEndpoint::last_request() const {
  const std::lock_guard lock(mutex_);
  return last_request_;
}

std::string ScriptedEndpoint::last_authorization() const {
  const std::lock_guard lock(mutex_);
  return last_authorization_;
}

}  // namespace quantrial
