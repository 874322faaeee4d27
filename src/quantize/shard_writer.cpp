#include "quantize/shard_writer.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace quantrial {

bool Shard::is_copied() const {
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const TensorToWrite& t) { return t.source != nullptr; });
}

ShardWriter::ShardWriter(PartialFolder& folder, Durability durability)
    : folder_(folder), durability_(durability) {
  try {
    computed_thread_ = std::thread([this] { work(computed_); });
    copied_thread_ = std::thread([this] { work(copied_); });
  } catch (const std::system_error& error) {
    stop();
    throw Error("cannot start the threads that write: {}; raise the limit of processes",
                error.code().message());
  }
}

ShardWriter::~ShardWriter() { stop(); }

void ShardWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    copied_.waiting.clear();
    stop_ = true;
  }
  changed_.notify_all();
  if (computed_thread_.joinable()) computed_thread_.join();
  if (copied_thread_.joinable()) copied_thread_.join();
}

void ShardWriter::submit(Shard shard) {
  Queue& queue = shard.is_copied() ? copied_ : computed_;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return &queue == &copied_ || queue.waiting.empty() || trouble_; });
  rethrow();
  queue.waiting.push_back(std::move(shard));
  changed_.notify_all();
}

void ShardWriter::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return (computed_.is_empty() && copied_.is_empty()) || trouble_; });
  rethrow();
}

void ShardWriter::rethrow() {
  if (trouble_) std::rethrow_exception(trouble_);
}

void ShardWriter::work(Queue& queue) {
  std::unique_lock lock(mutex_);
  while (!trouble_) {
    changed_.wait(lock, [&] { return !queue.waiting.empty() || stop_ || trouble_; });
    if (queue.waiting.empty() || trouble_) return;
    const Shard shard = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    queue.busy = true;
    changed_.notify_all();
    lock.unlock();
    std::exception_ptr trouble;
    try {
      write(shard);
    } catch (...) {
      trouble = std::current_exception();
    }
    lock.lock();
    queue.busy = false;
    if (!trouble_) trouble_ = trouble;
    changed_.notify_all();
  }
}

void ShardWriter::write(const Shard& shard) {
  write_safetensors(folder_.path() / shard.file, shard.tensors,
                    {.metadata = {{"format", "pt"}}, .durability = durability_});
  const std::lock_guard lock(journal_);
  folder_.append(shard.file, shard.entry);
}

}  // namespace quantrial
