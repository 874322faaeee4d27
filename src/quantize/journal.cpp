#include "quantize/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/write_error.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* journal_name = "journal.jsonl";

// Where the folder will stand: a link counts as the empty folder that it leads to.
fs::path absolute_folder(const fs::path& path) {
  if (path.empty()) throw Error("the output folder has an empty name; give another");
  std::error_code error;
  fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "out/"
  if (!fs::is_symlink(absolute, error)) return absolute;
  const fs::path target = fs::canonical(absolute, error);
  if (error) {
    throw Error("{}: a link that leads nowhere; choose another output folder", shown(absolute));
  }
  return target;
}

// The first key whose values differ, as "recipe.parameters.iters: 200, now 50".
std::string difference(const ordered_json& before, const ordered_json& now,
                       const std::string& path) {
  for (const auto& [key, value] : now.items()) {
    const auto old = before.find(key);
    if (old == before.end()) return fmt::format("{}{}: absent", path, key);
    if (*old == value) continue;
    if (value.is_object() && old->is_object()) return difference(*old, value, path + key + ".");
    return fmt::format("{}{}: {}, now {}", path, key, escaped(old->dump()), escaped(value.dump()));
  }
  return path + "...";
}

}  // namespace

PartialFolder::PartialFolder(const fs::path& out, const ordered_json& header,
                             const Options& options)
    : out_(absolute_folder(out)), partial_(out_), options_(options) {
  std::error_code error;
  if (fs::exists(out_, error) && !(fs::is_directory(out_, error) && fs::is_empty(out_, error))) {
    throw Error("{}: exists and is not an empty folder; choose another output folder", shown(out_));
  }
  partial_ += ".partial";
  journal_ = partial_ / journal_name;
  const bool there = fs::exists(partial_, error);
  if (there && options.start == Start::fresh) {
    if (fs::exists(journal_, error)) open_journal();  // says so when another process works on it
    throw Error("{}: an unfinished run is there; continue it with --resume, or remove the folder",
                shown(partial_));
  }
  if (there && !fs::exists(journal_, error) && !fs::is_empty(partial_, error)) {
    throw Error("{}: holds files but no {}; it is no unfinished run, choose another output folder",
                shown(partial_), journal_name);
  }
  make_way();
  if (!there) create();
  open_journal();
  read_lines(header);
  remove_unfinished();
  finished_before_ = finished_.size();
}

PartialFolder::Descriptor::~Descriptor() {
  if (number >= 0) close(number);
}

// Removes the empty folder that may stand under the name. What cannot be removed, as the root of a
// mount, could not be replaced at the end of the run either.
void PartialFolder::make_way() const {
  std::error_code error;
  if (!fs::exists(out_, error)) return;
  fs::remove(out_, error);
  if (!error) return;
  throw Error(
      "cannot replace the empty folder {}: {}; choose another output folder, such as one "
      "inside it",
      shown(out_), error.message());
}

void PartialFolder::create() {
  std::error_code error;
  if (!fs::create_directory(partial_, error)) {
    throw Error("cannot create {}: {}; choose another output folder", shown(partial_),
                error ? error.message() : "it exists");
  }
}

void PartialFolder::open_journal() {
  fd_.number = open(journal_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0666);
  if (fd_.number < 0) {
    throw Error("cannot open {}: {}; choose another output folder", shown(journal_),
                std::strerror(errno));
  }
  if (flock(fd_.number, LOCK_EX | LOCK_NB) != 0) {
    throw Error("{}: another process works on it; wait for it or end it", shown(partial_));
  }
}

void PartialFolder::read_lines(const ordered_json& header) {
  const std::string text = read_text_file(journal_);
  size_t whole = 0;  // bytes of whole lines; a last one without its end never happened
  bool first = true;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', whole)) {
    const ordered_json line = ordered_json::parse(text.substr(whole, end - whole), nullptr, false);
    if (!line.is_object()) {
      throw Error("{}: damaged at byte {}; remove {} and start again", shown(journal_), whole,
                  shown(partial_));
    }
    whole = end + 1;
    if (first && line != header) {
      throw Error(
          "{}: the unfinished run is another one ({}); use the same settings, or remove "
          "the folder",
          shown(partial_), difference(line, header, ""));
    }
    if (!first) finished_[line.value("file", "")] = line.value("entry", ordered_json());
    first = false;
  }
  if (ftruncate(fd_.number, static_cast<off_t>(whole)) != 0) {
    throw Error("cannot write {}: {}", shown(journal_), std::strerror(errno));
  }
  if (first) write_line(header);
}

// What an interrupted run left of the file that it was at.
void PartialFolder::remove_unfinished() const {
  std::error_code error;
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(partial_, error)) {
    const std::string name = entry.path().filename().string();
    if (name != journal_name && !finished_.contains(name)) unfinished.push_back(entry.path());
  }
  for (const fs::path& path : unfinished) fs::remove_all(path, error);
  for (const auto& [name, entry] : finished_) {
    const auto bytes = fs::file_size(partial_ / name, error);
    if (error || bytes != entry.value("bytes", uintmax_t{0})) {
      throw Error(
          "{}: the journal says that it is finished, but its size is another; remove {} "
          "and start again",
          shown(partial_ / name), shown(partial_));
    }
  }
}

void PartialFolder::write_line(const ordered_json& line) {
  const std::string text = line.dump() + "\n";
  const ssize_t count = write(fd_.number, text.data(), text.size());
  const bool whole = count == static_cast<ssize_t>(text.size());
  if (!whole || (options_.durability == Durability::synced && fdatasync(fd_.number) != 0)) {
    throw WriteError("cannot write {}: {}; free space or choose another folder", shown(journal_),
                     count >= 0 && !whole ? "no space left" : std::strerror(errno));
  }
}

void PartialFolder::append(const std::string& file, const ordered_json& entry) {
  ordered_json complete = entry;
  complete["bytes"] = fs::file_size(partial_ / file);
  write_line({{"file", file}, {"entry", complete}});
  finished_[file] = std::move(complete);
}

void PartialFolder::commit() {
  if (const int dir = open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); dir >= 0) {
    // Everything inside before the name says that it is complete.
    if (options_.durability == Durability::synced) syncfs(dir);
    close(dir);
  }
  std::error_code error;
  fs::rename(partial_, out_, error);  // also replaces an empty folder
  if (error) {
    throw WriteError("cannot rename {} to {}: {}; choose another output folder", shown(partial_),
                     shown(out_), error.message());
  }
  remove_journal(out_);
}

void PartialFolder::remove_journal(const fs::path& folder) {
  std::error_code error;
  fs::remove(folder / journal_name, error);
}

void PartialFolder::discard() {
  std::error_code error;
  fs::remove_all(partial_, error);
}

}  // namespace quantrial
