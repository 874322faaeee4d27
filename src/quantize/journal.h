// A folder in the making that survives an interruption: DIR.partial with the finished files and a
// journal that says which they are. A line of the journal counts when it is whole; a file counts
// when a line names it.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tensor/safetensors_writer.h"

namespace quantrial {

class PartialFolder {
 public:
  enum class Start : uint8_t { fresh, resume };
  struct Options {
    Start start = Start::fresh;
    Durability durability = Durability::synced;
  };

  // `header` is what the run is made from; a folder with another header is not continued. Throws
  // Error when `out` exists, an unfinished run lies there and `start` is fresh, another process
  // works on it, or the place cannot be written.
  PartialFolder(const std::filesystem::path& out, const nlohmann::ordered_json& header,
                const Options& options);

  const std::filesystem::path& path() const { return partial_; }
  // Finished files with what append() was told of them, from this run and those before it.
  const std::map<std::string, nlohmann::ordered_json>& finished() const { return finished_; }
  size_t finished_before() const { return finished_before_; }  // by earlier runs

  // `file` is complete under its name; its line is `entry`.
  void append(const std::string& file, const nlohmann::ordered_json& entry);
  // Gives the folder its name, then removes the journal.
  void commit();
  // A journal that an end between those two steps left in a complete folder.
  static void remove_journal(const std::filesystem::path& folder);
  // Removes everything: the run cannot be continued to a good end.
  void discard();

 private:
  struct Descriptor {
    Descriptor() = default;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    int number = -1;
  };
  void make_way() const;
  void create();
  void open_journal();
  void read_lines(const nlohmann::ordered_json& header);
  void remove_unfinished() const;
  void write_line(const nlohmann::ordered_json& line);

  std::filesystem::path out_, partial_, journal_;
  Options options_;
  std::map<std::string, nlohmann::ordered_json> finished_;
  size_t finished_before_ = 0;
  Descriptor fd_;  // of the journal, locked
};

}  // namespace quantrial
