// Rows of `make bench`: us | GB/s | GFLOP/s | % of the measured limit | x reference.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/thread_pool.h"
#include "ops/backend.h"

namespace quantrial::bench {

// What this machine can do, measured in the same run.
struct Limits {
  double bytes_per_s = 0;
  double bfloat16_flop_per_s = 0, float_flop_per_s = 0;  // multiply-adds of registers alone

  static Limits measure(ThreadPool& pool);
};

enum class Multiplies : uint8_t { floats, bfloat16 };

// What one call has to do at least.
struct Work {
  double bytes = 0;  // read and written, in memory far beyond the caches
  double flop = 0;
  Multiplies factors = Multiplies::floats;

  // The least time in seconds.
  double bound(const Limits& limits) const;
  // For rates between sizes: operations, or bytes where there are none.
  double amount() const { return flop > 0 ? flop : bytes; }
};

// Inputs, outputs and the call itself, which keeps them alive.
struct Task {
  Work work;  // of one operation
  std::function<void()> call;
  int64_t operations = 1;  // in a call: more than one where writes would hide in the caches
};

// `small`: what the textbook backend can do in moments.
enum class Size : uint8_t { full, small };
using MakeTask = std::function<Task(Backend&, Size)>;

class OperatorTable {
 public:
  // `backend` and `textbook` must outlive the table.
  OperatorTable(const Limits& limits, Backend& backend, Backend& textbook);

  // Times the operation on the backend at full size, and its rate beside the textbook's at the
  // small one.
  void add(const std::string& name, const MakeTask& make);
  // What the textbook does not have.
  void add(const std::string& name, const Task& task);

  // {"name": {"us": ..., "of_limit": ...}, ...}.
  const nlohmann::ordered_json& results() const { return results_; }

 private:
  void print(const std::string& name, const Task& task, double textbook_rate);

  Limits limits_;
  Backend& backend_;
  Backend& textbook_;
  nlohmann::ordered_json results_ = nlohmann::ordered_json::object();
};

}  // namespace quantrial::bench
