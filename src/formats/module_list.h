// Lists of modules in the spellings that engines look up: full names, regexes, and the names of the
// fused modules that they make of several Linears.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/scheme.h"
#include "formats/write_config.h"

namespace quantrial {

// The Linears among `modules`, and for each fused group whose members are all stored the same way
// the fused module ("...linear_attn.in_proj_ba").
std::vector<ModuleScheme> with_fused(std::span<const ModuleScheme> modules);

// Names of the 16-bit modules, then regexes ("re:...") for those kinds of module of which none is
// quantized: `mtp.*`, the vision tower, lm_head, `in_proj_a`, ...
std::vector<std::string> ignore_list(std::span<const ModuleScheme> modules);

// Regexes and names that mean exactly the modules of one scheme.
std::vector<std::string> targets_of(std::span<const ModuleScheme> modules, const Scheme& scheme);

// The schemes that occur, in the order in which they do.
std::vector<Scheme> schemes_of(std::span<const ModuleScheme> modules);

// "model.language_model.layers" of "model.language_model.layers.3.mlp.up_proj" and what follows;
// nothing for a module that is in no layer.
struct PlaceInLayers {
  std::string layers;  // "model.language_model.layers"
  std::string number;  // "3"
  std::string rest;    // "mlp.up_proj"
};
std::optional<PlaceInLayers> place_in_layers(const std::string& module);

}  // namespace quantrial
