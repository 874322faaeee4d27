#include <unistd.h>

#include "base/error.h"
#include "sandbox/sandbox.h"

namespace quantrial {
namespace {

// What a program in the sandbox answers with; else what bubblewrap said.
std::string tried(const Sandbox& sandbox) {
  const auto run = sandbox.start({.driver = Driver::program, .frames = {"print(6 * 7)"}});
  const SandboxEnding& ending = run->wait();
  if (ending.out == "42\n") return {};
  const std::string said = ending.err.substr(0, ending.err.find('\n'));
  return said.empty() ? fmt::format("a program ended with status {}", ending.code) : said;
}

std::string remedy(const std::string& trouble) {
  if (trouble.find("nknown option") != std::string::npos) return "bubblewrap 0.7 or newer";
  return "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
         "kernel.apparmor_restrict_unprivileged_userns=0; in Docker "
         "--security-opt seccomp=unconfined --security-opt apparmor=unconfined)";
}

}  // namespace

SandboxSearch find_sandbox() {
  const auto python = find_python();
  if (!python) return {nullptr, "no sandbox: no Python 3 in /usr/bin; apt install python3"};
  if (access("/usr/bin/bwrap", X_OK) != 0) {
    return {nullptr, "no sandbox: no bubblewrap; apt install bubblewrap"};
  }
  try {
    std::string trouble;
    for (const RunAs user : {RunAs::nobody, RunAs::self}) {
      if (user == RunAs::nobody && geteuid() != 0) continue;
      const std::shared_ptr<const Sandbox> sandbox(new Sandbox(*python, user));
      trouble = tried(*sandbox);
      if (trouble.empty()) return {sandbox, {}};
    }
    return {nullptr, fmt::format("no sandbox: {}; {}", escaped(trouble, 200), remedy(trouble))};
  } catch (const Error& error) {
    return {nullptr, fmt::format("no sandbox: {}", error.what())};
  }
}

}  // namespace quantrial
