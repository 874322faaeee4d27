// A run that is killed again and again gives the table of one that was not.
#include "tests/killed_runs.h"

namespace quantrial {
namespace {

class KilledEval : public KilledRuns {};

TEST_F(KilledEval, TwentyTimesGivesTheSameTable) { expect_same_after(20); }

}  // namespace
}  // namespace quantrial
