// Findings about a checkpoint that do not stop a load; used by take_inventory().
#pragma once

#include <vector>

#include "formats/quantization_config.h"
#include "model/config.h"
#include "model/inventory.h"
#include "tensor/checkpoint.h"

namespace quantrial {

std::vector<InventoryWarning> find_warnings(const Checkpoint& checkpoint,
                                            const QuantizationConfig& quantization,
                                            const ModelConfig& model, const Inventory& inventory);

}  // namespace quantrial
