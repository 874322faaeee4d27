#include "quantize/awq.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "formats/codec_rules.h"
#include "ops/matmul.h"
#include "quantize/calibration_pass.h"
#include "quantize/rounded_block.h"
#include "quantize/scale_search.h"
#include "quantize/smoothing.h"

namespace quantrial {

namespace {

using Rows = std::vector<float>;

// What a tensor of the block carries over the rows that the search looks at.
struct Seen {
  Rows x;                                            // [T,K]
  std::vector<float> mean_magnitudes, mean_squares;  // [K]
};

void add_statistics(Seen& seen, int64_t K) {
  const auto T = static_cast<double>(seen.x.size()) / static_cast<double>(K);
  std::vector<double> magnitudes(static_cast<size_t>(K)), squares(magnitudes);
  for (size_t i = 0; i < seen.x.size(); ++i) {
    magnitudes[i % static_cast<size_t>(K)] += std::abs(seen.x[i]);
    squares[i % static_cast<size_t>(K)] += double{seen.x[i]} * seen.x[i];
  }
  for (const double m : magnitudes) seen.mean_magnitudes.push_back(static_cast<float>(m / T));
  for (const double s : squares) seen.mean_squares.push_back(static_cast<float>(s / T));
}

View<const float, 2> rows(const Rows& x, int64_t width) {
  return {x.data(), {static_cast<int64_t>(x.size()) / width, width}};
}

double squared_difference(const Rows& a, const Rows& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

// Each column of w[N,K] multiplied or divided by its factor.
template <typename Operation>
void scale_columns(View<float, 2> w, const std::vector<float>& factors, Operation operation,
                   ThreadPool& pool) {
  pool.parallel_for(w.shape(0), [&](int64_t n, int) {
    for (int64_t k = 0; k < w.shape(1); ++k) {
      w[n][k] = operation(w[n][k], factors[static_cast<size_t>(k)]);
    }
  });
}

class Search {
 public:
  Search(const BlockTask& task, const AwqParameters& parameters)
      : task_(task),
        parameters_(parameters),
        workers_(task.pool),
        linears_(task.block.linears().begin(), task.block.linears().end()) {
    for (const View<const float, 2>& w : task.block.weights()) {
      weights_.emplace_back(w.span().begin(), w.span().end());
    }
    codecs_.resize(weights_.size());
    changed_.resize(weights_.size());
    for (size_t i = 0; i < codecs_.size(); ++i) codecs_[i] = task.targets[i].codec;
  }

  void run(BlockResult& result);

 private:
  View<float, 2> weight(int64_t i) {
    const BlockLinear& linear = linears_[static_cast<size_t>(i)];
    return {weights_[static_cast<size_t>(i)].data(), {linear.rows, linear.columns}};
  }
  const Seen& seen(const SmoothingPlace& place) {
    return seen_.at(linears_[static_cast<size_t>(place.readers[0])].input);
  }
  void look();
  void smooth(const SmoothingPlace& place, BlockResult& result);
  std::vector<float> best_factors(const SmoothingPlace& place);
  double damage(const SmoothingPlace& place, const std::vector<float>& s, const Rows& wanted);
  Rows output(const SmoothingPlace& place, BlockWeights weights);
  std::vector<float> mean_shares(const SmoothingPlace& place);
  void fit_divisors(const std::vector<int64_t>& readers, const std::vector<float>& s,
                    std::vector<std::optional<Codec>>& codecs);
  QuantizedMatrix round(int64_t i, const Codec& codec, View<const float, 2> w,
                        const std::vector<float>& s);
  void finish(BlockResult& result);

  const BlockTask& task_;
  AwqParameters parameters_;
  Workers workers_;
  std::vector<BlockLinear> linears_;
  std::vector<std::vector<float>> weights_;  // [N,K] of each Linear, smoothed so far
  std::vector<std::optional<Codec>> codecs_;
  std::map<int, Seen> seen_;                         // by BlockLinear::input
  std::map<int, std::vector<float>> input_factors_;  // what the inputs were divided by
  std::vector<bool> changed_;                        // Linears whose weights were smoothed
};

// The inputs of all Linears, in one pass over evenly spread sequences.
void Search::look() {
  const int64_t L = task_.inputs.sequence_length(), H = task_.inputs.width();
  const int64_t all = task_.inputs.sequences();
  const int64_t count = std::clamp<int64_t>(parameters_.search_rows / L, 1, all);
  const int64_t step = sequences_a_pass(task_.inputs);
  Rows y;
  for (int64_t first = 0; first < count; first += step) {
    task_.check();
    std::vector<int64_t> sequences;
    for (int64_t i = first; i < std::min(count, first + step); ++i) {
      sequences.push_back(i * all / count);
    }
    const Rows x = read_sequences(task_.inputs, sequences);
    y.resize(x.size());
    std::vector<bool> known(linears_.size());  // inputs are numbered from 0
    const auto keep = [&](int64_t i, View<const float, 2> input) {
      const auto of = static_cast<size_t>(linears_[static_cast<size_t>(i)].input);
      if (known.at(of)) return;
      known.at(of) = true;
      Rows& rows_seen = seen_[static_cast<int>(of)].x;
      rows_seen.insert(rows_seen.end(), input.span().begin(), input.span().end());
    };
    task_.block.forward({task_.block.weights(), {}, L}, rows(x, H), {y.data(), rows(x, H).shape()},
                        keep);
  }
  for (const BlockLinear& linear : linears_) {
    Seen& tensor = seen_.at(linear.input);
    if (tensor.mean_squares.empty()) add_statistics(tensor, linear.columns);
  }
}

// w_mean of smoothing_factors(): how much of its group's absmax a channel's weights are.
std::vector<float> Search::mean_shares(const SmoothingPlace& place) {
  std::vector<double> shares(static_cast<size_t>(weight(place.readers[0]).shape(1)));
  double count = 0;
  for (const int64_t i : place.readers) {
    const View<const float, 2> w = weight(i);
    if (!codecs_[static_cast<size_t>(i)]) continue;
    const auto G = static_cast<size_t>(group_size(*codecs_[static_cast<size_t>(i)]));
    for (int64_t n = 0; n < w.shape(0); ++n) {
      for (size_t k = 0; k < shares.size(); k += G) {
        const GroupRange range = range_of(w[n].span().subspan(k, G));
        const float absmax = std::max(-range.low, range.high) + 1e-6f;
        for (size_t j = k; j < k + G; ++j) {
          shares[j] += std::abs(w[n][static_cast<int64_t>(j)]) / absmax;
        }
      }
    }
    count += static_cast<double>(w.shape(0));
  }
  std::vector<float> means;
  for (const double share : shares) means.push_back(static_cast<float>(share / count));
  return means;
}

// NVFP4's divisor follows the largest weight, over the Linears that shared one before.
void Search::fit_divisors(const std::vector<int64_t>& readers, const std::vector<float>& s,
                          std::vector<std::optional<Codec>>& codecs) {
  std::map<float, float> absmax;  // by the divisor of the target
  const auto divisor = [&](int64_t i) -> const float* {
    const auto& target = task_.targets[static_cast<size_t>(i)].codec;
    const auto* nvfp4 = target ? std::get_if<Nvfp4Codec>(&*target) : nullptr;
    return nvfp4 == nullptr ? nullptr : &nvfp4->divisor;
  };
  for (const int64_t i : readers) {
    if (divisor(i) == nullptr) continue;
    float& largest = absmax[*divisor(i)];
    const View<const float, 2> w = weight(i);
    for (int64_t n = 0; n < w.shape(0); ++n) {
      for (int64_t k = 0; k < w.shape(1); ++k) {
        largest = std::max(largest, std::abs(w[n][k] * s[static_cast<size_t>(k)]));
      }
    }
  }
  for (const int64_t i : readers) {
    if (divisor(i) == nullptr) continue;
    codecs[static_cast<size_t>(i)] = Nvfp4Codec{Nvfp4Codec::divisor_for(absmax[*divisor(i)])};
  }
}

QuantizedMatrix Search::round(int64_t i, const Codec& codec, View<const float, 2> w,
                              const std::vector<float>& s) {
  if (parameters_.scales == GptqParameters::Scales::fitted) {
    return round_under(codec, w, fit_scales(codec, w, task_.pool), task_.pool);
  }
  std::vector<float> importance = seen_.at(linears_[static_cast<size_t>(i)].input).mean_squares;
  double mean = 0;
  for (size_t k = 0; k < s.size(); ++k) {
    importance[k] /= s[k] * s[k];
    mean += importance[k];
  }
  for (float& square : importance) {
    square += 0.01f * static_cast<float>(mean / static_cast<double>(s.size()));
  }
  return round_under(codec, w, search_scales(codec, w, importance, task_.pool), task_.pool);
}

Rows Search::output(const SmoothingPlace& place, BlockWeights weights) {
  const int64_t i = place.readers[0], K = linears_[static_cast<size_t>(i)].columns;
  const View<const float, 2> x = rows(seen(place).x, K);
  const DenseBlock::Pass pass{weights, {}, task_.inputs.sequence_length()};
  using Parent = SmoothingPlace::Parent;
  const int64_t width = place.parent == Parent::reader ? weight(i).shape(0) : task_.inputs.width();
  Rows y(static_cast<size_t>(x.shape(0) * width));
  const View<float, 2> out(y.data(), {x.shape(0), width});
  if (place.parent == Parent::reader) {
    multiply_nt(x, weights[static_cast<size_t>(i)], out, Into::overwrite, workers_);
  } else if (place.parent == Parent::mixer) {
    task_.block.mixer(pass, x, out);
  } else {
    task_.block.mlp(pass, x, out);
  }
  return y;
}

// ||parent(x; W') - wanted||^2 where W' = rounded(W s) / s in the quantized readers.
double Search::damage(const SmoothingPlace& place, const std::vector<float>& s,
                      const Rows& wanted) {
  task_.check();
  std::vector<View<const float, 2>> views(task_.block.weights().begin(),
                                          task_.block.weights().end());
  std::vector<std::optional<Codec>> codecs = codecs_;
  fit_divisors(place.readers, s, codecs);
  std::vector<Rows> rounded(place.readers.size());
  for (size_t r = 0; r < place.readers.size(); ++r) {
    const int64_t i = place.readers[r];
    const auto& codec = codecs[static_cast<size_t>(i)];
    if (!codec) continue;
    rounded[r] = weights_[static_cast<size_t>(i)];
    const View<float, 2> w(rounded[r].data(), weight(i).shape());
    scale_columns(w, s, std::multiplies(), task_.pool);
    decode(*codec, round(i, *codec, w, s), w, task_.pool);
    scale_columns(w, s, std::divides(), task_.pool);
    views[static_cast<size_t>(i)] = w;
  }
  return squared_difference(output(place, views), wanted);
}

std::vector<float> Search::best_factors(const SmoothingPlace& place) {
  const Rows wanted = output(place, task_.block.weights());
  const std::vector<float> shares = mean_shares(place);
  std::vector<float> best;
  double least = INFINITY;
  for (int64_t point = 0; point < parameters_.grid; ++point) {
    std::vector<float> s =
        smoothing_factors(seen(place).mean_magnitudes, shares, point, parameters_.grid);
    const double error = damage(place, s, wanted);
    if (best.empty() || error < least) {
      least = error;
      best = std::move(s);
    }
  }
  return best;
}

// norm / s, rounded as it will be stored, changes what s really is: the rounding is taken back in
// the weights that read it.
void smooth_norm(std::span<float> norm, std::vector<float>& s) {
  for (size_t k = 0; k < s.size(); ++k) {
    const float gain = 1 + norm[k];
    const float smoothed = round_to_bfloat16(gain / s[k] - 1);
    if (gain == 0 || smoothed == -1) {
      s[k] = 1;
      continue;
    }
    norm[k] = smoothed;
    s[k] = gain / (1 + smoothed);
  }
}

void Search::smooth(const SmoothingPlace& place, BlockResult& result) {
  const bool helps = std::any_of(place.readers.begin(), place.readers.end(), [&](int64_t i) {
    return codecs_[static_cast<size_t>(i)].has_value();
  });
  if (!helps) return;
  std::vector<float> s = best_factors(place);
  if (std::all_of(s.begin(), s.end(), [](float f) { return f == 1; })) return;
  if (!place.norm.empty()) {
    const std::span<float> norm = task_.block.norm(place.norm);
    smooth_norm(norm, s);
    result.changed[place.norm + ".weight"] = {norm.begin(), norm.end()};
  } else {
    const View<float, 2> w = weight(place.before);
    for (int64_t n = 0; n < w.shape(0); ++n) {
      for (int64_t k = 0; k < w.shape(1); ++k) w[n][k] /= s[static_cast<size_t>(n)];
    }
    changed_[static_cast<size_t>(place.before)] = true;
  }
  fit_divisors(place.readers, s, codecs_);
  for (const int64_t i : place.readers) {
    changed_[static_cast<size_t>(i)] = true;
    scale_columns(weight(i), s, std::multiplies(), task_.pool);
  }
  input_factors_[linears_[static_cast<size_t>(place.readers[0])].input] = std::move(s);
}

// Rounds what was smoothed; what stays 16-bit but changed goes to `changed`.
void Search::finish(BlockResult& result) {
  std::map<int, std::vector<int64_t>> readers;
  for (size_t i = 0; i < linears_.size(); ++i) {
    readers[linears_[i].input].push_back(static_cast<int64_t>(i));
  }
  std::vector<View<const float, 2>> exact;
  for (size_t i = 0; i < linears_.size(); ++i) {
    if (changed_[i] && !codecs_[i]) {
      for (float& w : weights_[i]) w = round_to_bfloat16(w);
      result.changed[linears_[i].name + ".weight"] = weights_[i];
    }
    exact.push_back(weight(static_cast<int64_t>(i)));
  }
  RoundedBlock rounded(task_.pool, exact);
  for (const auto& [input, of] : readers) {
    const std::vector<float> none(static_cast<size_t>(weight(of[0]).shape(1)), 1);
    fit_divisors(of, none, codecs_);
    const auto factors = input_factors_.find(input);
    for (const int64_t i : of) {
      const auto& codec = codecs_[static_cast<size_t>(i)];
      if (!codec) continue;
      task_.check();
      const std::vector<float>& s = factors == input_factors_.end() ? none : factors->second;
      rounded.set(i, *codec, round(i, *codec, weight(i), s));
    }
  }
  result.error_after = block_error(task_, rounded.weights());
  result.linears = std::move(rounded).result().linears;
}

void Search::run(BlockResult& result) {
  look();
  const std::vector<SmoothingPlace> places = smoothing_places(linears_);
  for (size_t i = 0; i < places.size(); ++i) {
    smooth(places[i], result);
    if (!task_.progress) continue;
    task_.progress(static_cast<double>(i + 1) / static_cast<double>(places.size()));
  }
  finish(result);
}

}  // namespace

BlockResult Awq::quantize(const BlockTask& task) {
  BlockResult result;
  const NearestErrors before(task);
  Search(task, parameters_).run(result);
  before.give_to(result);
  return result;
}

}  // namespace quantrial
