#include "quantize/base_check.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/name_list.h"
#include "quantize/verify_numbers.h"
#include "quantize/verify_structure.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

bool is_of_mtp(const Finding& finding) {
  return finding.kind == "mtp_missing" ||
         (!finding.modules.empty() &&
          std::all_of(finding.modules.begin(), finding.modules.end(),
                      [](const std::string& m) { return m.starts_with("mtp."); }));
}

[[noreturn]] void refuse(const StoredTensor& tensor) {
  const std::vector<float> values = tensor.floats();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  require(bad != values.end(), "check_finite: a number that is not finite");
  throw Error("{}: holds {} at element {}; the checkpoint is damaged, get it again",
              escaped(tensor.name), *bad, bad - values.begin());
}

}  // namespace

void check_complete(const Checkpoint& base, MtpPolicy mtp) {
  std::vector<Finding> findings;
  check_tensors(base, {}, read_model_config(base.dir()), findings);
  check_inventory(base, {}, findings);
  for (const Finding& finding : findings) {
    if (finding.severity != Finding::Severity::error) continue;
    if (mtp == MtpPolicy::drop && is_of_mtp(finding)) continue;
    throw Error("{}: {}{}{}", shown(base.dir()), name_list(finding.modules),
                finding.modules.empty() ? "" : ": ", finding.detail);
  }
}

void check_finite(const Plan& plan, ThreadPool& pool, const std::function<void()>& step) {
  for (const PlannedModule& module : plan.modules) {
    if (module.dropped) continue;
    step();
    const StoredTensor& tensor = *module.tensor;
    if (!is_finite(tensor, pool)) refuse(tensor);
    tensor.file->release(tensor.bytes);
  }
}

}  // namespace quantrial
