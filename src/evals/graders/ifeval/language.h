// The language of a text as langdetect 1.0.9 finds it with DetectorFactory.seed = 0 (Nakatani
// Shuyo's language-detection: naive Bayes over sequences of characters drawn at random). Of texts
// in capitals it sees first letters alone; its verdicts on them are part of the benchmark.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/graders/ifeval/language_profiles.h"

namespace quantrial {

class LanguageDetector {
 public:
  // A code of langdetect ("en", "zh-cn"), or "unknown"; nothing when no sequence of the text is in
  // any profile.
  std::optional<std::string> detect(std::string_view text) const;

 private:
  std::vector<const std::vector<LanguageProfiles::Share>*> features(
      const std::u32string& text) const;

  const LanguageProfiles profiles_;
};

}  // namespace quantrial
