#include "study/next_tokens.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evals/fidelity/forced_logits.h"

namespace quantrial {

nlohmann::ordered_json likeliest_next(Model& model, const Tokenizer& tokenizer,
                                      const std::vector<int32_t>& tokens, size_t count) {
  ForcedLogits forced(model, static_cast<int64_t>(tokens.size()), DeltaRows::in_chunks);
  forced.start(tokens);
  int64_t rows = 0;
  for (size_t done = 0; done < tokens.size(); done += static_cast<size_t>(rows)) {
    rows = forced.forward();
  }
  const View<const float, 2> logits = forced.logits(rows - 1, 1);
  const float* const of = logits.data();
  const auto vocabulary = static_cast<size_t>(model.config().vocab_size);
  const float largest = *std::max_element(of, of + vocabulary);
  double sum = 0;
  for (size_t id = 0; id < vocabulary; ++id) sum += std::exp(double{of[id]} - double{largest});
  std::vector<int32_t> ids(vocabulary);
  std::iota(ids.begin(), ids.end(), 0);
  count = std::min(count, vocabulary);
  std::partial_sort(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(count), ids.end(),
                    [&](int32_t a, int32_t b) { return of[a] > of[b]; });
  auto top = nlohmann::ordered_json::array();
  for (size_t i = 0; i < count; ++i) {
    const double p = std::exp(double{of[ids[i]]} - double{largest}) / sum;
    top.push_back({tokenizer.decode(std::vector{ids[i]}, SpecialTokens::keep), p});
  }
  return top;
}

}  // namespace quantrial
