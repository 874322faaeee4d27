#include "quantize/shard_writer.h"

#include <utility>

namespace quantrial {

ShardWriter::ShardWriter(PartialFolder& folder, Durability durability)
    : folder_(folder), durability_(durability), thread_([this] { work(); }) {}

ShardWriter::~ShardWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ShardWriter::submit(Shard shard) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !waiting_ || trouble_; });
  rethrow();
  waiting_ = std::move(shard);
  changed_.notify_all();
}

void ShardWriter::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return (!waiting_ && !busy_) || trouble_; });
  rethrow();
}

void ShardWriter::rethrow() {
  if (trouble_) std::rethrow_exception(trouble_);
}

void ShardWriter::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return waiting_ || stop_; });
    if (!waiting_) return;
    const Shard shard = *std::exchange(waiting_, std::nullopt);
    busy_ = true;
    changed_.notify_all();
    lock.unlock();
    std::exception_ptr trouble;
    try {
      write(shard);
    } catch (...) {
      trouble = std::current_exception();
    }
    lock.lock();
    busy_ = false;
    trouble_ = trouble;
    changed_.notify_all();
    if (trouble) return;
  }
}

void ShardWriter::write(const Shard& shard) {
  write_safetensors(folder_.path() / shard.file, shard.tensors,
                    {.metadata = {{"format", "pt"}}, .durability = durability_});
  folder_.append(shard.file, shard.entry);
}

}  // namespace quantrial
