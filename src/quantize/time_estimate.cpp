#include "quantize/time_estimate.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/backend.h"
#include "quantize/auto_round.h"
#include "quantize/awq.h"
#include "quantize/smoothing.h"

namespace quantrial {
namespace {

// A pass writes and reads every number of its tape about this often beside the products.
constexpr double tape_visits = 6;
// Bytes of a weight that an algorithm moves beside products: decoding, errors, copies.
constexpr double bytes_a_weight = 60;
// Small products of attention and of the delta rule reach this share of the rate of large ones.
constexpr double small_product_share = 0.5;
constexpr double backward_of_mixer = 2.5;  // of its forward pass

double number(int64_t n) { return static_cast<double>(n); }

class BlockWork {
 public:
  BlockWork(const Plan& plan, const PlannedBlock& block, Work& work)
      : plan_(plan),
        planned_(block),
        shape_(plan, block),
        set_(calibration_shape(plan.recipe)),
        work_(work) {}

  void add() {
    const double all = number(set_.tokens());
    work_.memory_bytes += bytes_a_weight * number(shape_.elements);
    passes(1, all);
    if (plan_.recipe.method == Method::round_to_nearest) return;
    passes(3, all);  // of rounding to nearest, of the result, for the next block
    if (plan_.recipe.method == Method::awq) return search();
    passes(1, all);
    hessians();
    if (plan_.recipe.method == Method::auto_round) tune();
  }

 private:
  void passes(double count, double rows) {
    work_.product_flop += count * rows * (2 * number(shape_.elements) + mixer_flop());
    work_.memory_bytes += count * rows * tape_bytes_a_row();
  }
  // Of one row beside its Linears.
  double mixer_flop() const {
    const ModelConfig& m = plan_.model;
    if (shape_.kind == MixerKind::full_attention) {
      return number(2 * set_.sequence_length * m.num_attention_heads * m.head_dim) /
             small_product_share;
    }
    const double D_k = number(m.linear_key_head_dim), D_v = number(m.linear_value_head_dim);
    const double in_chunk = number(delta_chunk) * (D_k + D_v);
    return number(m.linear_num_value_heads) * (6 * D_k * D_v + 3 * in_chunk) / small_product_share;
  }
  double tape_bytes_a_row() const {
    const int64_t L = set_.sequence_length;
    return tape_visits * sizeof(float) * number(shape_.tape_floats(plan_.model, L, L)) / number(L);
  }

  void hessians() {
    const double T = number(set_.tokens()), L = number(set_.sequence_length);
    for (const auto& [place, input] : shape_.inputs) {
      if (input.elements == 0) continue;
      const double K = number(input.columns), E = number(input.elements);
      work_.product_flop += T * K * (K + 2 * L) + K * K * K / 3 + 7 * E * K;
      work_.searched_weights += E;
      work_.rounded_weights += E;
    }
  }

  void tune() {
    const RecipeParameters& p = plan_.recipe.parameters;
    const AutoRoundParameters own;
    const double T = number(set_.rows_within(p.batch * set_.sequence_length));
    const double steps = number(AutoRoundParameters::curvature_probes + p.iters);
    double through = 0;  // elements whose input gets a gradient: the MLP, and what ends the mixer
    for (const BlockLinear& linear : planned_.linears) {
      const bool first = linear.input == planned_.linears[0].input;
      if (!first) through += number(linear.rows * linear.columns);
    }
    passes(steps, T);
    work_.product_flop +=
        steps * T * (2 * (number(shape_.elements) + through) + backward_of_mixer * mixer_flop());
    work_.memory_bytes +=
        steps * (T * tape_bytes_a_row() + bytes_a_weight * number(shape_.tuned()));
    passes(number(std::min<int64_t>(AutoRoundParameters::looks, p.iters) + 1),
           own.held_out * number(set_.tokens()));
  }

  void search() {
    const double S = number(set_.rows_within(AwqParameters{}.search_rows));
    const double grid = number(plan_.recipe.parameters.grid);
    passes(1, S);
    work_.searched_weights += number(shape_.tuned());
    for (const SmoothingPlace& place : smoothing_places(planned_.linears)) search(place, grid, S);
  }
  void search(const SmoothingPlace& place, double grid, double S) {
    double tuned = 0;
    for (const int64_t i : place.readers) {
      const size_t at = planned_.modules[static_cast<size_t>(i)];
      if (plan_.modules[at].quantized()) tuned += size(i);
    }
    if (tuned == 0) return;
    double parent = 0;
    const int64_t count = static_cast<int64_t>(planned_.linears.size());
    const int64_t mlp = count - 3;  // the first Linear of the MLP
    const bool mixer = place.parent == SmoothingPlace::Parent::mixer;
    if (place.parent == SmoothingPlace::Parent::reader) {
      parent = 2 * tuned;
    } else {
      for (int64_t i = mixer ? 0 : mlp; i < (mixer ? mlp : count); ++i) parent += 2 * size(i);
    }
    work_.product_flop += (grid + 1) * S * (parent + (mixer ? mixer_flop() : 0));
    work_.searched_weights += grid * tuned;
    work_.memory_bytes += grid * (bytes_a_weight * tuned + S * tape_bytes_a_row() / 2);
  }
  double size(int64_t i) const {
    const BlockLinear& linear = planned_.linears[static_cast<size_t>(i)];
    return number(linear.rows * linear.columns);
  }

  const Plan& plan_;
  const PlannedBlock& planned_;
  BlockShape shape_;
  CalibrationShape set_;
  Work& work_;
};

}  // namespace

Work work_of(const Plan& plan) {
  Work work;
  work.written_bytes = number(plan.bytes_after);
  work.read_bytes = number(plan.bytes_before + plan.bytes_after);
  if (calibration_shape(plan.recipe).tokens() == 0) return work;
  for (const PlannedBlock& block : plan.blocks) BlockWork(plan, block, work).add();
  return work;
}

double estimate_seconds(const Work& work, const MachineRates& rates) {
  const auto over = [](double amount, double rate) { return amount == 0 ? 0 : amount / rate; };
  return over(work.product_flop, rates.product_flop) +
         over(work.memory_bytes + work.read_bytes, rates.memory_bytes) +
         over(work.searched_weights, rates.searched_weights) +
         over(work.rounded_weights, rates.rounded_weights) +
         over(work.written_bytes, disk_bytes_per_second);
}

std::string rough_time(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace quantrial
