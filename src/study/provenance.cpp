#include "study/provenance.h"

#include <sys/utsname.h>

#include <ctime>
#include <fstream>
#include <thread>

#include "base/process_memory.h"
#include "base/version.h"
#include "model/inventory.h"
#include "ops/cpu/kernels.h"
#include "study/parts.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

ordered_json machine(const StudyContext& context) {
  utsname system{};
  uname(&system);
  return {{"cpu", processor()},
          {"cores", std::thread::hardware_concurrency()},
          {"threads", context.pool.size()},
          {"memory_bytes", installed_memory_bytes()},
          {"instructions", kernels::instruction_set()},
          {"system", fmt::format("{} {}", system.sysname, system.machine)}};
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  gmtime_r(&now, &day);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return text;
}

}  // namespace

void write_provenance(StudyContext& context) {
  const auto put = [&](const char* part, const ordered_json& data) {
    context.measurements.put(MeasurementTable::study, {"", part, "", data});
  };
  put(parts::settings, {{"name", context.study.name},
                        {"reference", context.study.reference().name},
                        {"study", as_json(context.study)}});
  put(parts::machine, machine(context));
  put(parts::program, {{"version", version}, {"commit", commit}, {"backend", "cpu"}});
  put(parts::date, {{"date", today()}});
  if (context.study.base.empty()) return;
  const Inventory inventory = take_inventory(context.study.base);
  put(parts::base, {{"folder", context.study.base.filename().string()},
                    {"architecture", inventory.architecture},
                    {"parameters", inventory.parameters}});
}

}  // namespace quantrial
