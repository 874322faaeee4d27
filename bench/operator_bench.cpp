// Operators against what the machine can do: us | GB/s | GFLOP/s | % of the measured limit |
// x reference. The limits (read bandwidth, multiply-adds of registers alone) are measured in the
// same run; the reference is the textbook backend at a size that it can do in moments, by rates.
//   operator_bench [--json FILE]
#include <fmt/core.h>

#include <cstring>
#include <fstream>

#include "bench/operator_rows.h"
#include "ops/cpu/kernels.h"

namespace quantrial::bench {
namespace {

int run(const char* json_file) {
  const auto backend = make_cpu_backend({}), textbook = make_reference_backend({});
  ThreadPool pool;
  const Limits limits = Limits::measure(pool);
  fmt::print(
      "{} threads, {}: read {:.1f} GB/s; registers alone {:.0f} GFLOP/s in bfloat16, {:.0f} in "
      "float (measured now)\n",
      pool.size(), kernels::instruction_set(), limits.bytes_per_s * 1e-9,
      limits.bfloat16_flop_per_s * 1e-9, limits.float_flop_per_s * 1e-9);
  OperatorTable table(limits, *backend, *textbook);
  add_linears(table, *backend, *textbook);
  add_linear_attention(table);
  add_attention(table);
  add_elementwise(table);
  add_sampling(table);
  fmt::print(
      "read {:.1f} GB/s at the end; far from the first figure: a neighbour drew on the memory\n",
      Limits::measure(pool).bytes_per_s * 1e-9);
  if (json_file != nullptr) {
    const nlohmann::ordered_json all = {{"read_bytes_per_s", limits.bytes_per_s},
                                        {"bfloat16_flop_per_s", limits.bfloat16_flop_per_s},
                                        {"float_flop_per_s", limits.float_flop_per_s},
                                        {"operators", table.results()}};
    std::ofstream(json_file) << all.dump(2) << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace quantrial::bench

int main(int argc, char** argv) {
  const bool to_file = argc == 3 && std::strcmp(argv[1], "--json") == 0;
  if (argc != 1 && !to_file) {
    std::fprintf(stderr, "usage: operator_bench [--json FILE]\n");
    return 2;
  }
  return quantrial::bench::run(to_file ? argv[2] : nullptr);
}
