#include "evals/endpoint/served_model.h"

#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/sha256.h"
#include "evals/endpoint/refusal.h"
#include "evals/endpoint/server_json.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr double list_time_s = 30;

// A reply that a stop ends, too.
HttpReply get(HttpConnection& connection, const std::string& path, const ModelQuestion& q) {
  const std::jthread watcher([&](const std::stop_token& ended) {
    while (!ended.stop_requested()) {
      if (q.stopped()) connection.stop();
      connection.watch();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  return connection.get(path);
}

// The list, asked again while the server is busy.
HttpReply ask_for_list(const ServerAddress& address, const ModelQuestion& q) {
  HttpOptions http = q.http;
  http.first_byte_s = http.idle_s = list_time_s;
  HttpConnection connection(address, http);
  for (int attempt = 1;; ++attempt) {
    HttpReply reply = get(connection, address.prefix + "/models", q);
    const bool busy = reply.end == HttpReply::End::complete && is_transient(reply.status);
    if (!busy || attempt == q.retry.attempts || q.stopped()) return reply;
    const double wait = retry_after_s(reply.retry_after, std::time(nullptr))
                            .value_or(backoff_s(q.retry, attempt, 0.5));
    for (double slept = 0; slept < wait && !q.stopped(); slept += 0.05) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

std::vector<ServedModel> read_list(const ServerAddress& address, const HttpReply& reply) {
  const ordered_json body = ordered_json::parse(reply.body, nullptr, false);
  const auto data = body.is_object() ? body.find("data") : body.end();
  if (!body.is_object() || data == body.end() || !data->is_array()) {
    throw Error(
        "{}: {}/models is no list of models ({}: '{}'); is this an OpenAI-compatible server?",
        address.text(), address.prefix, escaped(reply.content_type, 40), escaped(reply.body, 60));
  }
  std::vector<ServedModel> models;
  for (const ordered_json& entry : *data) {
    if (const auto id = text_at(entry, "id")) {
      models.push_back(
          {*id, text_at(entry, "root").value_or(""), text_at(entry, "owned_by").value_or("")});
    }
  }
  return models;
}

ServedModel choose(const ServerAddress& address, const std::vector<ServedModel>& models,
                   const std::optional<std::string>& wanted) {
  std::vector<std::string> names;
  for (const ServedModel& model : models) {
    if (wanted == model.id) return model;
    names.push_back(escaped(model.id));
  }
  if (wanted) {
    throw Error("{}: no model '{}'; it serves {}", address.text(), escaped(*wanted),
                names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
  }
  if (models.size() != 1) {
    throw Error("{}: it serves {} models; choose with --model{}{}", address.text(), models.size(),
                names.empty() ? "" : ": ", fmt::join(names, ", "));
  }
  return models[0];
}

// Absent when the endpoint cannot be reached (`failure` says why).
std::optional<ServedModel> served_by(const ServerAddress& address, const ModelQuestion& q,
                                     std::string& failure) {
  const HttpReply reply = ask_for_list(address, q);
  if (q.stopped()) throw Error("{}: interrupted; nothing was asked yet", address.text());
  if (reply.end != HttpReply::End::complete) {
    failure = fmt::format("{}: {}", address.text(), reply.failure);
    return std::nullopt;
  }
  constexpr int not_found = 404, not_allowed = 405;
  if (q.wanted && (reply.status == not_found || reply.status == not_allowed)) {
    return ServedModel{*q.wanted, "", ""};  // a server without the list
  }
  if (reply.status != 200) {
    throw Error("{}: {}", address.text(), refusal(reply, "/models", "name it with --model"));
  }
  return choose(address, read_list(address, reply), q.wanted);
}

}  // namespace

std::string ServedModel::fingerprint(const std::vector<std::string>& omitted) const {
  const ordered_json said = {
      {"endpoint", id}, {"root", root}, {"owned_by", owned_by}, {"omitted", omitted}};
  return Sha256::hex(said.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

ServedModel find_served_model(const ModelQuestion& q) {
  std::optional<ServedModel> found;
  const ServerAddress* from = nullptr;
  std::vector<std::string> failures;
  for (const ServerAddress& address : q.addresses) {
    std::string failure;
    const std::optional<ServedModel> model = served_by(address, q, failure);
    if (!model) {
      failures.push_back(failure);
    } else if (!found) {
      found = model;
      from = &address;
    } else if (*found != *model) {
      throw Error(
          "{} serves '{}' (root '{}', {}), {} serves '{}' (root '{}', {}); evaluate them apart",
          from->text(), escaped(found->id), escaped(found->root), escaped(found->owned_by),
          address.text(), escaped(model->id), escaped(model->root), escaped(model->owned_by));
    }
  }
  if (!found) {
    throw Error("{}{}; is the server up, and is this its address?", failures.at(0),
                failures.size() > 1 ? ", nor can the other endpoints be reached" : "");
  }
  for (const std::string& failure : failures) q.note(failure + "; its work goes to the others");
  return *found;
}

}  // namespace quantrial
