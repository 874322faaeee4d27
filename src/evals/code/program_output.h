// Whether what a program printed is what a test expects: how LiveCodeBench compares.
#pragma once

#include <string_view>

namespace quantrial {

// Line by line, white space around output and lines apart; lines that differ must hold the same
// exact decimals, number by number.
bool same_output(std::string_view printed, std::string_view expected);

}  // namespace quantrial
