#include "evals/endpoint/http_connection.h"

#include <httplib.h>
#include <pthread.h>
#include <signal.h>

#include <mutex>

#include "base/error.h"

namespace quantrial {
namespace {

using Clock = std::chrono::steady_clock;
using End = HttpReply::End;

constexpr size_t largest_body = size_t{16} << 20;

std::chrono::microseconds microseconds(double s) {
  return std::chrono::microseconds(static_cast<int64_t>(s * 1e6));
}

// `text` without the key, which a server may repeat in its messages.
std::string without_key(std::string text, const std::string& key) {
  if (key.empty()) return text;
  for (size_t at; (at = text.find(key)) != std::string::npos;) text.replace(at, key.size(), "***");
  return text;
}

std::pair<End, std::string> ending(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::BindIPAddress:
      return {End::unreachable, "cannot connect (refused, or no such host)"};
    case httplib::Error::ConnectionTimeout:
      return {End::unreachable, "cannot connect in time"};
    case httplib::Error::SSLConnection:
      return {End::unreachable, "no TLS there"};
    case httplib::Error::SSLLoadingCerts:
      return {End::unreachable, "the certificates to trust cannot be read"};
    case httplib::Error::SSLServerVerification:
      return {End::unreachable, "the server's certificate is not trusted (--ca-file)"};
    default:
      return {End::broken, "the connection was cut"};
  }
}

// Writing to a connection that the server closed raises SIGPIPE; kept from this thread while it
// lives.
class WithoutBrokenPipe {
 public:
  WithoutBrokenPipe() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~WithoutBrokenPipe() {
    const timespec at_once{};
    sigtimedwait(&signal_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutBrokenPipe(const WithoutBrokenPipe&) = delete;
  WithoutBrokenPipe& operator=(const WithoutBrokenPipe&) = delete;

 private:
  sigset_t signal_{}, before_{};
};

}  // namespace

struct HttpConnection::Parts {
  Parts(const ServerAddress& address, const HttpOptions& given)
      : options(given), client(address.origin) {}

  HttpOptions options;
  httplib::Client client;

  std::mutex mutex;  // of what follows
  bool running = false;
  Clock::time_point start, deadline;
  const char* late = nullptr;  // which time is over
  bool stopped = false;

  // False: stopped.
  bool begin() {
    const std::lock_guard lock(mutex);
    if (stopped) return false;
    running = true;
    late = nullptr;
    start = Clock::now();
    deadline = start + microseconds(options.connect_s + options.first_byte_s);
    return true;
  }
  void got_data() {
    const std::lock_guard lock(mutex);
    deadline = Clock::now() + microseconds(options.idle_s);
  }
  void finish(HttpReply& reply) {
    const std::lock_guard lock(mutex);
    running = false;
    if (late != nullptr) {
      reply.end = End::timed_out;
      reply.failure = late;
    } else if (stopped) {
      reply.end = End::stopped;
      reply.failure = "stopped";
    }
  }
};

HttpConnection::HttpConnection(const ServerAddress& address, const HttpOptions& options)
    : parts_(std::make_unique<Parts>(address, options)) {
  httplib::Client& client = parts_->client;
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_follow_location(false);
  client.set_connection_timeout(microseconds(options.connect_s));
  client.set_write_timeout(microseconds(options.idle_s));
  client.set_read_timeout(microseconds(std::max(options.first_byte_s, options.idle_s)));
  if (!options.ca_file.empty()) client.set_ca_cert_path(options.ca_file);
  httplib::Headers headers{{"Accept-Encoding", "identity"}};
  if (!options.key.empty()) headers.emplace("Authorization", "Bearer " + options.key);
  client.set_default_headers(headers);
}

HttpConnection::~HttpConnection() = default;

HttpReply HttpConnection::get(const std::string& path) { return send("GET", path, {}, nullptr); }
HttpReply HttpConnection::post(const std::string& path, const std::string& body) {
  return send("POST", path, body, nullptr);
}
HttpReply HttpConnection::post(const std::string& path, const std::string& body,
                               const OnData& on_data) {
  return send("POST", path, body, &on_data);
}

HttpReply HttpConnection::send(const std::string& method, const std::string& path,
                               const std::string& body, const OnData* on_data) {
  HttpReply reply;
  bool enough = false;
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  if (method == "POST") request.set_header("Content-Type", "application/json");
  request.response_handler = [&](const httplib::Response& response) {
    reply.status = response.status;
    reply.content_type = response.get_header_value("Content-Type");
    reply.retry_after = response.get_header_value("Retry-After");
    reply.location = response.get_header_value("Location");
    parts_->got_data();
    return true;
  };
  request.content_receiver = [&](const char* data, size_t bytes, uint64_t, uint64_t) {
    parts_->got_data();
    const std::string_view piece(data, bytes);
    if (on_data != nullptr && reply.status == 200) {
      enough = !(*on_data)(piece);
      return !enough;
    }
    reply.body += piece;
    return reply.body.size() <= largest_body;
  };
  const WithoutBrokenPipe guard;
  if (!parts_->begin()) {
    reply.end = End::stopped;
    reply.failure = "stopped";
    return reply;
  }
  const httplib::Result result = parts_->client.send(request);
  if (!result) std::tie(reply.end, reply.failure) = ending(result.error());
  if (enough) reply.end = End::stopped;
  parts_->finish(reply);
  reply.body = without_key(std::move(reply.body), parts_->options.key);
  return reply;
}

void HttpConnection::stop() {
  const std::lock_guard lock(parts_->mutex);
  parts_->stopped = true;
  if (parts_->running) parts_->client.stop();
}

bool HttpConnection::stopped() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->stopped;
}

void HttpConnection::watch() {
  const std::lock_guard lock(parts_->mutex);
  if (!parts_->running) return;
  const Clock::time_point now = Clock::now();
  if (parts_->stopped || parts_->late != nullptr) {
    parts_->client.stop();
    return;
  }
  if (now > parts_->start + microseconds(parts_->options.total_s)) {
    parts_->late = "no end within --request-timeout";
  } else if (now > parts_->deadline) {
    parts_->late = "silent for longer than --first-token-timeout or --idle-timeout";
  } else {
    return;
  }
  parts_->client.stop();
}

}  // namespace quantrial
