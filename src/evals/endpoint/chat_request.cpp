#include "evals/endpoint/chat_request.h"

namespace quantrial {

nlohmann::ordered_json chat_request(const Ask& ask, const std::string& model,
                                    const std::vector<std::string>& omitted) {
  const SamplingParameters& s = ask.sampling;
  nlohmann::ordered_json body = {{"model", model},
                                 {"messages", ask.messages},
                                 {"max_tokens", ask.max_tokens},
                                 {"temperature", s.temperature},
                                 {"top_p", s.top_p},
                                 {"top_k", s.top_k == 0 ? -1 : s.top_k},  // -1: all
                                 {"min_p", s.min_p},
                                 {"presence_penalty", s.presence_penalty},
                                 {"frequency_penalty", s.frequency_penalty},
                                 {"repetition_penalty", s.repetition_penalty},
                                 {"seed", s.seed},
                                 {"stream", true},
                                 {"stream_options", {{"include_usage", true}}},
                                 {"chat_template_kwargs", {{"enable_thinking", ask.thinking}}}};
  for (const std::string& field : omitted) body.erase(field);
  return body;
}

}  // namespace quantrial
