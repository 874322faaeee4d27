// Makes the second-level scales of NVFP4 equal inside fused modules, without touching the codes.
//
// vLLM and SGLang run q/k/v, gate/up, in_proj_qkv/z and in_proj_b/a as one Linear each and take the
// largest divisor for all members, which makes the others too small by the ratio (formats.md E.1).
// Here every member gets the smallest divisor G of its group, and the scales of its groups of 16
// become e4m3(s * G / G_own) <= s, which cannot overflow (formats.md F.1).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/dequantize.h"
#include "formats/nvfp4.h"

namespace quantrial {

// The scales [N, K/16] of `weight` for another divisor, not larger than its own.
std::vector<float8_e4m3> rescaled(const Nvfp4& weight, float divisor);

struct RepairedGroup {
  std::vector<std::string> modules;
  double ratio = 1;  // largest divisor / smallest, before
};

// Writes the folder `to` (absent or empty) with the same files and tensors as `from`. Input scales
// are made equal too; a matrix of zeros is right under any. Throws Error when there is nothing to
// repair, for a malformed checkpoint or I/O trouble, and leaves nothing behind.
std::vector<RepairedGroup> repair_folder(const std::filesystem::path& from,
                                         const std::filesystem::path& to,
                                         const WriteProgress& progress);

}  // namespace quantrial
