#include "tests/code_verdicts.h"

TEST(CodeVerdicts, ATwentiethAsEvalplusSays) { quantrial::expect_agreement(20); }
