// Numbers with words around them: units, "about", "negative", 1 hour 30 minutes.
#pragma once

#include "evals/graders/maths/answer.h"

namespace quantrial::maths {

// Plain words before a value are dropped ("about 5"), and so are units behind it; with any other
// words it is not that value, but words. False, with the words before it cut off `tokens`, when no
// words are left.
bool read_words(std::span<const Token>& tokens, Answer& answer);

}  // namespace quantrial::maths
