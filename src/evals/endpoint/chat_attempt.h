// One request for one sample, and what became of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evals/endpoint/http_connection.h"
#include "evals/endpoint/token_count.h"

namespace quantrial {

struct ChatAttempt {
  enum class Kind {
    answered,
    failed,       // may succeed another time
    unreachable,  // no connection; says nothing of the sample
    refused,      // no other try can mend it
    stopped,
  };
  Kind kind = Kind::failed;
  std::string failure{};           // with the address and the remedy
  std::optional<double> rest_s{};  // that the server asked for
  Reply reply{};
};

struct ChatQuestion {
  const Ask& ask;
  const ServerAddress& address;
  const std::string& model;
  const std::vector<std::string>& omitted;
};

ChatAttempt ask_once(const ChatQuestion& question, HttpConnection& connection,
                     TokenCounter& counter);

}  // namespace quantrial
