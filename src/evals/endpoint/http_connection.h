// One connection to a server, kept open between requests. http_connection.cpp is the one file that
// knows cpp-httplib.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "evals/endpoint/address.h"

namespace quantrial {

struct HttpOptions {
  double connect_s = 10;
  double first_byte_s = 1800;  // a queue may stand before the server's first word
  double idle_s = 300;         // between two pieces of a reply
  double total_s = 4 * 3600;   // of one request
  std::string key{};           // sent as bearer token; never shown or stored
  std::string ca_file{};       // certificates to trust in place of the system's
};

struct HttpReply {
  enum class End {
    complete,
    unreachable,  // no connection
    broken,       // the connection ended within the reply
    timed_out,
    stopped,  // by stop(), or by whom the reply was given to
  };
  End end = End::complete;
  std::string failure;  // in words; empty when complete
  int status = 0;
  std::string content_type, retry_after, location;
  std::string body;  // unless it was handed on piece by piece
};

class HttpConnection {
 public:
  HttpConnection(const ServerAddress& address, const HttpOptions& options);
  ~HttpConnection();

  // Takes the next piece of a reply with status 200; false: enough.
  using OnData = std::function<bool(std::string_view)>;
  HttpReply get(const std::string& path);
  HttpReply post(const std::string& path, const std::string& body);
  HttpReply post(const std::string& path, const std::string& body, const OnData& on_data);

  // From any thread: ends the request that runs and any that follows.
  void stop();
  bool stopped() const;
  // From any thread, now and then: ends the request when one of its times is over. Ends it again
  // while it does not: there may have been no socket yet to close.
  void watch();

 private:
  struct Parts;
  HttpReply send(const std::string& method, const std::string& path, const std::string& body,
                 const OnData* on_data);
  std::unique_ptr<Parts> parts_;
};

}  // namespace quantrial
