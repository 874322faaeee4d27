// The instruction sets that the CPU kernels are compiled for, and fixtures that run a suite on each
// of them. Those that this machine lacks are skipped and say so.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <optional>
#include <string>
#include <vector>

#include "ops/cpu/kernels.h"

namespace quantrial {

// A Highway target: one bit.
struct InstructionSet {
  int64_t target = 0;
  std::string name() const { return hwy::TargetName(target); }
};
inline void PrintTo(const InstructionSet& set, std::ostream* out) { *out << set.name(); }

// Fastest first. A bit of HWY_TARGETS each: Highway's choice for this compiler and its options.
inline std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets;
  for (int bit = 0; bit < 63; ++bit) {
    if (const int64_t target = int64_t{1} << bit; (HWY_TARGETS & target) != 0) {
      sets.push_back({target});
    }
  }
  return sets;
}

// Makes the kernels run on one instruction set until the end of its scope.
class RunsOn {
 public:
  explicit RunsOn(InstructionSet set) { choose(set.target); }
  ~RunsOn() { choose(0); }
  RunsOn(const RunsOn&) = delete;
  RunsOn& operator=(const RunsOn&) = delete;

  static bool has(InstructionSet set) { return (hwy::SupportedTargets() & set.target) != 0; }

 private:
  static void choose(int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);  // 0: what the machine has
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

class OnInstructionSet : public testing::Test {
 protected:
  // For SetUp(): until the end of the test, or skips it.
  void run_on(InstructionSet set) {
    if (!RunsOn::has(set)) GTEST_SKIP() << "this machine has no " << set.name();
    runs_on_.emplace(set);
    ASSERT_EQ(kernels::instruction_set(), set.name());
  }

 private:
  std::optional<RunsOn> runs_on_;
};

// A suite with no other parameter; to be instantiated with ValuesIn(instruction_sets()).
class EachInstructionSet : public OnInstructionSet,
                           public testing::WithParamInterface<InstructionSet> {
 protected:
  void SetUp() override { run_on(GetParam()); }
};

inline std::string instruction_set_name(const testing::TestParamInfo<InstructionSet>& info) {
  return info.param.name();
}

}  // namespace quantrial
