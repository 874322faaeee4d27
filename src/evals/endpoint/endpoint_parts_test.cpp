// The parts of asking a server that need no server.
#include <gtest/gtest.h>

#include "base/error.h"
#include "evals/endpoint/address.h"
#include "evals/endpoint/retry_policy.h"
#include "evals/endpoint/server_events.h"
#include "evals/endpoint/usage.h"

namespace quantrial {
namespace {

TEST(Addresses, AreTakenAsUsersWriteThem) {
  for (const char* text : {"http://host:8000", "http://host:8000/", "http://host:8000/v1",
                           "http://host:8000/v1/", "http://host:8000/v1/chat/completions"}) {
    const ServerAddress address = parse_address(text);
    EXPECT_EQ(address.text(), "http://host:8000/v1") << text;
    EXPECT_EQ(address.beside("/tokenize"), "/tokenize");
  }
  EXPECT_EQ(parse_address("https://host/api/v1").text(), "https://host/api/v1");
  EXPECT_EQ(parse_address("https://host/api/v1").beside("/tokenize"), "/api/tokenize");
  EXPECT_EQ(parse_address("http://[::1]:8000").origin, "http://[::1]:8000");
  EXPECT_EQ(parse_addresses("http://a,http://b").size(), 2U);
  for (const char* text : {"host:8000", "http://", "http://:80", "http://a:0", "http://a:x",
                           "http://a b", "http://a/?q=1", "http://a,", "http://a,http://a/v1"}) {
    EXPECT_THROW(parse_addresses(text), Error) << text;
  }
}

TEST(Retries, BackOffTwiceAsLongEachTimeUpToALimit) {
  const RetryPolicy policy;
  EXPECT_EQ(backoff_s(policy, 1, 0.5), 1);
  EXPECT_EQ(backoff_s(policy, 4, 0.5), 8);
  EXPECT_EQ(backoff_s(policy, 4, 0), 4);
  EXPECT_EQ(backoff_s(policy, 500, 0.5), policy.most_s);
}

// The date is the example of RFC 9110, 10.2.3.
TEST(Retries, HonourRetryAfter) {
  constexpr int64_t new_year_2000 = 946684800;  // 00:00 on January 1st
  EXPECT_EQ(retry_after_s("120", 0), 120);
  EXPECT_EQ(retry_after_s("0.5", 0), 0.5);
  EXPECT_EQ(retry_after_s("1e9", 0), 3600) << "at most an hour";
  EXPECT_EQ(retry_after_s("Fri, 31 Dec 1999 23:59:59 GMT", new_year_2000 - 61), 60);
  EXPECT_EQ(retry_after_s("Fri, 31 Dec 1999 23:59:59 GMT", new_year_2000), 0);
  for (const char* text : {"", "soon", "nan", "Fri, 31 Dec 1999"}) {
    EXPECT_FALSE(retry_after_s(text, 0)) << text;
  }
}

TEST(Retries, AreForWhatMayPass) {
  for (const int status : {429, 500, 502, 503, 504, 408}) EXPECT_TRUE(is_transient(status));
  for (const int status : {200, 302, 400, 401, 403, 404, 422}) EXPECT_FALSE(is_transient(status));
}

// The streams are those of the examples in WHATWG HTML, 9.2.6.
TEST(ServerSentEvents, AreReadWhereverTheirBytesAreCut) {
  const std::string stream =
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third "
      "event\r\n\r\n"
      "data: YHOO\ndata: +2\rdata: 10\r\revent: x\n\ndata\n\ndata: no end";
  const std::vector<std::string> expected = {"first event", "second event", " third event",
                                             "YHOO\n+2\n10"};
  for (size_t step = 1; step <= stream.size(); ++step) {
    ServerEvents events;
    std::vector<std::string> data;
    for (size_t at = 0; at < stream.size(); at += step) {
      events.push(std::string_view(stream).substr(at, step), [&](std::string_view d) {
        data.emplace_back(d);
        return true;
      });
    }
    EXPECT_EQ(data, expected) << step;
  }
}

TEST(UsageOfAServer, IsReadWhereverItStands) {
  const auto vllm = nlohmann::ordered_json::parse(
      R"({"prompt_tokens": 5, "completion_tokens": 9,
          "completion_tokens_details": {"reasoning_tokens": 4}})");
  EXPECT_EQ(read_usage(vllm).reasoning, 4);
  EXPECT_EQ(read_usage(vllm).completion, 9);
  const auto sglang = nlohmann::ordered_json::parse(R"({"reasoning_tokens": 3})");
  EXPECT_EQ(read_usage(sglang).reasoning, 3);
  EXPECT_FALSE(read_usage(nlohmann::ordered_json()).completion);
}

TEST(UsageOfAServer, ThatCannotBeIsFound) {
  const UsageFacts facts{.pieces = 10, .text_bytes = 100, .max_tokens = 50};
  EXPECT_EQ(impossible_usage({5, 40, 20}, facts), "");
  EXPECT_EQ(impossible_usage({{}, 40, {}}, facts), "") << "what is absent is not wrong";
  EXPECT_NE(impossible_usage({5, {}, {}}, facts), "");
  EXPECT_NE(impossible_usage({5, 40, 41}, facts), "") << "more reasoning than completion";
  EXPECT_NE(impossible_usage({5, 51, {}}, facts), "") << "more than asked for";
  EXPECT_NE(impossible_usage({5, 9, {}}, facts), "") << "fewer than pieces of text";
  EXPECT_NE(impossible_usage({5, 40, {}}, {.pieces = 1, .text_bytes = 3, .max_tokens = 50}), "");
  EXPECT_NE(impossible_usage({-5, 40, {}}, facts), "");
  EXPECT_TRUE(counts_agree(1000, 1020));
  EXPECT_FALSE(counts_agree(1000, 1021));
  EXPECT_TRUE(counts_agree(10, 14));
  EXPECT_FALSE(counts_agree(10, 15));
}

}  // namespace
}  // namespace quantrial
