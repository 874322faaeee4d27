// Writes finished shards beside the computation of the next ones: one thread for computed shards,
// of which one waits, and one for any number of those that are only copied and hold no memory.
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
  // Throws Error when the system gives no threads.
  ShardWriter(PartialFolder& folder, Durability durability);
  ~ShardWriter();  // writes the computed shard that still waits; its trouble is lost

  // Returns when no computed shard waits any more, or at once for one that is only copied; the
  // shard is written later. Throws what went wrong with an earlier one.
  void submit(Shard shard);
  // Returns when everything is written and in the journal; throws what went wrong.
  void finish();

 private:
  struct Queue {
    std::deque<Shard> waiting;
    bool busy = false;
    bool is_empty() const { return waiting.empty() && !busy; }
  };
  void stop();
  void work(Queue& queue);
  void write(const Shard& shard);
  void rethrow();

  PartialFolder& folder_;
  Durability durability_;
  std::mutex mutex_, journal_;
  std::condition_variable changed_;
  Queue computed_, copied_;
  bool stop_ = false;
  std::exception_ptr trouble_;
  std::thread computed_thread_, copied_thread_;
};

}  // namespace quantrial
