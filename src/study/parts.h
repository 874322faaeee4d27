// Names of parts in the tables of measurements (evals/measurement_store.h): stages write them,
// study_results.cpp reads them.
#pragma once

namespace quantrial::parts {

// Of the table `study`; what is of the whole study has no variant.
inline constexpr const char* settings = "settings";  // name, reference, the study as resolved
inline constexpr const char* base = "base";
inline constexpr const char* machine = "machine";
inline constexpr const char* program = "program";
inline constexpr const char* date = "date";
inline constexpr const char* seconds = "seconds: ";  // and the name of a stage
inline constexpr const char* full_run = "full run";

// Of `variants`.
inline constexpr const char* about = "about";
inline constexpr const char* begun = "begun";      // the checkpoint of that key is being made
inline constexpr const char* made = "made";        // and finished
inline constexpr const char* weights = "weights";  // key: of those that everything was measured of
inline constexpr const char* failed = "failed: ";  // and the name of a stage

// Of `fidelity`, with no variant. That of a variant is its only part, "", as in size, memory and
// divergence.
inline constexpr const char* traces = "traces";
inline constexpr const char* noise_floor = "noise floor";

// Of `speed`.
inline constexpr const char* round = "round ";  // and its number and cell
inline constexpr const char* offline = "offline acceptance";
inline constexpr const char* replies = "drafts of replies";

}  // namespace quantrial::parts
