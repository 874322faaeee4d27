#include "evals/endpoint/refusal.h"

#include "base/error.h"
#include "evals/endpoint/server_json.h"

namespace quantrial {
namespace {

std::string remedy(const HttpReply& reply, const std::string& not_found) {
  const int status = reply.status;
  if (status == 401 || status == 403) return "give a key in a variable (--api-key-env)";
  if (status == 404) return not_found;
  if (status >= 300 && status < 400) {
    return fmt::format("it sends on to '{}'; give that address", escaped(reply.location, 200));
  }
  if (status == 400 || status == 422) {
    return "change the options, or leave out the field that it refuses (--omit)";
  }
  return "is this an OpenAI-compatible server?";
}

}  // namespace

std::string refusal(const HttpReply& reply, const std::string& what, const std::string& not_found) {
  const bool page = reply.content_type.starts_with("text/html");
  const std::string said = page                 ? "a web page"
                           : reply.body.empty() ? "nothing further"
                                                : server_message(reply.body);
  return fmt::format("{}: HTTP {}: {}; {}", what, reply.status, said, remedy(reply, not_found));
}

}  // namespace quantrial
