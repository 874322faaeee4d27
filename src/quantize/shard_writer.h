// Writes finished shards beside the computation of the next ones: one thread, one shard waiting.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "quantize/journal.h"
#include "tensor/safetensors_writer.h"

namespace quantrial {

struct Shard {
  std::string file;
  // Wider types first, so that every tensor is aligned for its type.
  std::vector<TensorToWrite> tensors;
  nlohmann::ordered_json entry;  // of the journal
};

class ShardWriter {
 public:
  ShardWriter(PartialFolder& folder, Durability durability);
  ~ShardWriter();  // writes what is still waiting; its trouble is lost

  // Returns when no shard waits any more; the shard is written later. Throws what went wrong with
  // an earlier one.
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
  std::optional<Shard> waiting_;
  bool busy_ = false, stop_ = false;
  std::exception_ptr trouble_;
  std::thread thread_;
};

}  // namespace quantrial
