#include "tests/code_verdicts.h"

TEST(CodeVerdicts, AllAsEvalplusSays) { quantrial::expect_agreement(1); }
