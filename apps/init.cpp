// quantrial init: a starter study, to be edited.
#include <filesystem>
#include <memory>

#include "apps/commands.h"
#include "apps/data_folder.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "tensor/file_in_progress.h"

namespace quantrial {

namespace fs = std::filesystem;

void add_init_command(CLI::App& app, const CommonOptions&) {
  const auto folder = std::make_shared<std::string>(".");
  CLI::App* command = app.add_subcommand("init", "Write a starter study to edit");
  command->add_option("DIR", *folder, "Folder for study.yaml; made where it is missing")
      ->capture_default_str();
  command->footer("Example:\n  quantrial init my-study");
  command->callback([folder] {
    const fs::path file = fs::path(*folder) / "study.yaml";
    if (fs::exists(file)) {
      throw Error("{}: there is one already; give another folder", escaped(file.string(), 400));
    }
    std::error_code failed;
    fs::create_directories(*folder, failed);
    if (failed) throw Error("{}: cannot create: {}", escaped(*folder, 400), failed.message());
    write_whole_file(file, read_text_file(data_path("studies") / "starter.yaml"));
    fmt::print("{}\n", file.string());
  });
}

}  // namespace quantrial
