// Words for a reply that is no completion.
#pragma once

#include <string>

#include "evals/endpoint/http_connection.h"

namespace quantrial {

// "HTTP 401: Invalid key; give a key in a variable (--api-key-env)". `what`: the path that was
// asked; `not_found`: the remedy for a 404.
std::string refusal(const HttpReply& reply, const std::string& what, const std::string& not_found);

}  // namespace quantrial
