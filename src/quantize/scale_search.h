// The scale of each group by search instead of by its largest weight: the best start for every
// algorithm, and by itself better than AWQ on some blocks (docs/decisions/0011).
#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "formats/codec.h"
#include "tensor/view.h"

namespace quantrial {

// Of the scales that fit() gives for a grid of ranges around each group's own, the one that rounds
// to nearest with the least sum_k importance[k] (w'[k] - w[k])^2. w[N,K], importance[K] (the mean
// square of each input); returns [N, K/G].
std::vector<GroupScale> search_scales(const Codec& codec, View<const float, 2> w,
                                      std::span<const float> importance, ThreadPool& pool);

// What fit() gives for each group as it is.
std::vector<GroupScale> fit_scales(const Codec& codec, View<const float, 2> w, ThreadPool& pool);

// w[N,K] rounded to nearest under given scales.
QuantizedMatrix round_under(const Codec& codec, View<const float, 2> w,
                            std::vector<GroupScale> scales, ThreadPool& pool);

// The numbers that a matrix stands for: values[N,K].
void decode(const Codec& codec, const QuantizedMatrix& matrix, View<float, 2> values,
            ThreadPool& pool);

}  // namespace quantrial
