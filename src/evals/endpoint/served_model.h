// What endpoints say they serve (/v1/models).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "evals/endpoint/http_connection.h"
#include "evals/endpoint/retry_policy.h"

namespace quantrial {

struct ServedModel {
  std::string id;
  std::string root, owned_by;  // the weights and the engine, where the server says; may be empty

  bool operator==(const ServedModel&) const = default;
  // SHA-256 over these and the fields that requests omit; not over addresses: going on at another
  // port is the same run.
  std::string fingerprint(const std::vector<std::string>& omitted) const;
};

struct ModelQuestion {
  std::vector<ServerAddress> addresses;
  std::optional<std::string> wanted;  // without: the only one that is served
  HttpOptions http;
  RetryPolicy retry;
  std::function<bool()> stopped;                 // from any thread
  std::function<void(const std::string&)> note;  // told of endpoints that do not answer
};

// The model to ask. Endpoints that cannot be reached are passed over, unless none can. Throws Error
// with the remedy when that is so, for a server that is none of this kind or refuses, for a model
// that is not served or not the only one, and for endpoints that serve different ones.
ServedModel find_served_model(const ModelQuestion& question);

}  // namespace quantrial
