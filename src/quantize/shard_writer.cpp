#include "quantize/shard_writer.h"

#include <algorithm>
#include <utility>

namespace quantrial {

bool Shard::is_copied() const {
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const TensorToWrite& t) { return t.source != nullptr; });
}

ShardWriter::ShardWriter(PartialFolder& folder, Durability durability)
    : folder_(folder), durability_(durability), thread_([this] { work(); }) {}

ShardWriter::~ShardWriter() {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [](const Shard& shard) { return shard.is_copied(); });
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ShardWriter::submit(Shard shard) {
  const bool copied = shard.is_copied();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return copied || !computed_waits_ || trouble_; });
  rethrow();
  computed_waits_ = computed_waits_ || !copied;
  waiting_.push_back(std::move(shard));
  changed_.notify_all();
}

void ShardWriter::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return (waiting_.empty() && !busy_) || trouble_; });
  rethrow();
}

void ShardWriter::rethrow() {
  if (trouble_) std::rethrow_exception(trouble_);
}

void ShardWriter::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !waiting_.empty() || stop_; });
    if (waiting_.empty()) return;
    const Shard shard = std::move(waiting_.front());
    waiting_.pop_front();
    if (!shard.is_copied()) computed_waits_ = false;
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
