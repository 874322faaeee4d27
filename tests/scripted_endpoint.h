// An OpenAI-compatible server that plays known replies, with the troubles of real ones: several
// tokens a chunk, thinking in three places, errors, stalls, cuts, wrong usage.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace quantrial {

// A server on a free port of this machine, until its end. Handlers are set before start().
class LocalServer {
 public:
  LocalServer();
  ~LocalServer();
  void start();
  void stop();  // connections are refused from now on
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }
  bool stopping() const { return stopping_; }

  httplib::Server server;

 private:
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// What happens in place of a reply when a sample is asked for the first time.
enum class Trouble { none, http_500, busy, cut, stall, bad_json, abort };

struct ScriptedReply {
  std::vector<std::string> thinking, answer;  // tokens
  std::string field = "reasoning";            // or "reasoning_content", "inline"
  std::string finish_reason = "stop";
  size_t tokens_a_chunk = 1;
  int64_t wrong_usage = 0;  // added to the completion tokens
  Trouble trouble = Trouble::none;

  // What a server counts: </think> where thinking was closed, and the end-of-text token, too.
  int64_t thinking_tokens() const;
  int64_t answer_tokens() const;
};

class ScriptedEndpoint : public LocalServer {
 public:
  using Script = std::function<ScriptedReply(const std::string& prompt, uint64_t seed)>;
  struct Options {
    std::string model = "scripted";
    bool has_tokenize = false;      // one token a word
    bool reports_reasoning = true;  // in its usage
    int chunk_delay_ms = 0;
  };
  ScriptedEndpoint(Script script, Options options);

  int64_t replies() const { return replies_; }  // whole and sound ones
  int64_t most_at_once() const { return most_at_once_; }
  nlohmann::ordered_json last_request() const;
  std::string last_authorization() const;

 private:
  void complete(const httplib::Request& request, httplib::Response& response);
  bool make_trouble(Trouble trouble, httplib::Response& response);
  void stream(std::vector<std::string> events, Trouble trouble, httplib::Response& response);
  bool first_time(const nlohmann::ordered_json& body);

  Script script_;
  Options options_;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;
  nlohmann::ordered_json last_request_;
  std::string last_authorization_;
  std::atomic<int64_t> replies_ = 0, at_once_ = 0, most_at_once_ = 0;
};

}  // namespace quantrial
