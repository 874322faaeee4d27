// quantrial report: results and report anew, from what a folder has stored.
#include <memory>

#include "apps/commands.h"
#include "apps/study_folder.h"
#include "base/error.h"

namespace quantrial {

namespace fs = std::filesystem;

void add_report_command(CLI::App& app, const CommonOptions&) {
  const auto folder = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("report", "Write results and report again from what a study stored");
  command->add_option("DIR", *folder, "Folder of a study or an evaluation")->required();
  command->footer("Example:\n  quantrial report out/reference");
  command->callback([folder] {
    write_report(*folder);
    fmt::print("{}\n", (fs::path(*folder) / "report.html").string());
  });
}

}  // namespace quantrial
