// Writes finished shards beside the computation of the next ones: one thread, one computed shard
// waiting, and any number of those that are only copied and hold no memory.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "quantize/journal.h"
#include "tensor/safetensors_writer.h"

namespace quantrial {

struct Shard {
  std::string file;
  // Wider types first, so that every tensor is aligned for its type.
  std::vector<TensorToWrite> tensors;
  nlohmann::ordered_json entry;  // of the journal

  bool is_copied() const;  // from mapped files, all of it
};

class ShardWriter {
 public:
  ShardWriter(PartialFolder& folder, Durability durability);
  ~ShardWriter();  // writes the computed shard that still waits; its trouble is lost

  // Returns when no computed shard waits any more, or at once for one that is only copied; the
  // shard is written later. Throws what went wrong with an earlier one.
  void submit(Shard shard);
  // Returns when everything is written and in the journal; throws what went wrong.
  void finish();

 private:
  void work();
  void write(const Shard& shard);
  void rethrow();

  PartialFolder& folder_;
  Durability durability_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Shard> waiting_;
  bool computed_waits_ = false, busy_ = false, stop_ = false;
  std::exception_ptr trouble_;
  std::thread thread_;
};

}  // namespace quantrial
