#include "apps/eval_results.h"

#include "evals/results.h"
#include "tensor/file_in_progress.h"

namespace quantrial {

nlohmann::ordered_json write_results(const SampleStore& store, const std::filesystem::path& folder,
                                     const std::vector<NotRun>& not_run) {
  nlohmann::ordered_json results = evaluation_results(store, {});
  for (const NotRun& left_out : not_run) results["not_run"][left_out.benchmark] = left_out.reason;
  const std::string text = results.dump(1, ' ', false) + "\n";
  FileInProgress file(folder / "results.json");
  file.write(std::as_bytes(std::span(text)));
  file.commit(Durability::synced);
  return results;
}

}  // namespace quantrial
