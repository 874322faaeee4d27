// The options of multiple-choice questions: in which order they are shown, and which is right.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evals/question.h"

namespace quantrial {

// Where a row keeps its options: in a list, or each in a field of its own.
struct ChoiceFields {
  std::string list{};                 // a list of options, and
  std::string right{};                // the place (0, 1, ...) or letter of the right one; or
  std::vector<std::string> fields{};  // the right option first
  bool shuffle = false;               // by the hash of the question's id: the same in every run
};

// Adds to the question the fields `options` (the list as shown), `lettered` ("A. ...\nB. ...") and
// `letter` (of the right one). Throws Error (`where`) when the row does not have what it must.
void add_choices(const ChoiceFields& from, Question& question, const std::string& where);

}  // namespace quantrial
