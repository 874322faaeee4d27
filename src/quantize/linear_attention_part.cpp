#include "base/error.h"
#include "quantize/block_parts.h"

namespace quantrial {

std::unique_ptr<MixerPart> make_linear_attention(const ModelConfig&, const BlockReader&) {
  throw Error("linear-attention blocks cannot be tuned yet");
}

}  // namespace quantrial
