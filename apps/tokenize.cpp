#include "apps/commands.h"

namespace quantrial {

void add_tokenize_command(CLI::App& app, const CommonOptions&) {
  app.add_subcommand("tokenize", "Text on standard input to a JSON list of token ids");
}

}  // namespace quantrial
