#include "evals/graders/ifeval/language.h"

#include <algorithm>
#include <numeric>

#include "evals/graders/ifeval/language_characters.h"
#include "evals/graders/ifeval/python_random.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial {
namespace {

constexpr int trials = 7, longest_trial = 1000;
constexpr double smoothing = 0.5, smoothing_deviation = 0.05, base_frequency = 10'000;
constexpr double sure = 0.99999, least_probability = 0.1;

using Feature = const std::vector<LanguageProfiles::Share>*;

// Makes `probabilities` sum to one; the largest of them.
double normalize(std::vector<double>& probabilities) {
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  for (double& p : probabilities) p /= sum;
  return *std::max_element(probabilities.begin(), probabilities.end());
}

// Probabilities of languages after as many features as it takes to be sure of one.
std::vector<double> trial(const std::vector<Feature>& features, size_t languages,
                          python::Random& random) {
  std::vector<double> probabilities(languages, 1.0 / static_cast<double>(languages));
  const double unseen = (smoothing + random.gauss() * smoothing_deviation) / base_frequency;
  std::vector<double> factors(languages);
  for (int i = 0;; ++i) {
    std::fill(factors.begin(), factors.end(), unseen);
    const Feature feature = features[random.below(static_cast<uint32_t>(features.size()))];
    for (const auto& share : *feature) factors[share.language] += share.probability;
    for (size_t j = 0; j < languages; ++j) probabilities[j] *= factors[j];
    if (i % 5 == 0 && (normalize(probabilities) > sure || i >= longest_trial)) break;
  }
  return probabilities;
}

}  // namespace

// Sequences that end at each character, shorter ones first. A space stands before words; what
// follows two capitals in a row is passed over to the end of the capitals.
std::vector<Feature> LanguageDetector::features(const std::u32string& text) const {
  std::vector<Feature> found;
  std::u32string window = U" ";
  bool capitals = false;
  for (const char32_t raw : text) {
    const char32_t c = is_chinese_character(raw) ? profiles_.class_of(raw) : normal_character(raw);
    const char32_t before = window.back();
    if (before == U' ') {
      window = U" ";
      capitals = false;
      if (c == U' ') continue;
    } else if (window.size() == 3) {
      window.erase(0, 1);
    }
    window += c;
    capitals = python::is_upper(c) && (capitals || python::is_upper(before));
    if (capitals) continue;
    Ngram ngram = 0;
    for (size_t n = 1; n <= window.size(); ++n) {
      ngram |= Ngram{window[window.size() - n]} << (21 * (n - 1));
      if (n == 1 && c == U' ') continue;
      if (const Feature shares = profiles_.shares(ngram)) found.push_back(shares);
    }
  }
  return found;
}

std::optional<std::string> LanguageDetector::detect(std::string_view text) const {
  const std::vector<Feature> found = features(cleaned_for_language(text));
  if (found.empty()) return std::nullopt;
  const size_t languages = profiles_.languages().size();
  std::vector<double> mean(languages);
  python::Random random(0);
  for (int t = 0; t < trials; ++t) {
    const std::vector<double> probabilities = trial(found, languages, random);
    for (size_t i = 0; i < languages; ++i) mean[i] += probabilities[i] / trials;
  }
  const auto best = std::max_element(mean.begin(), mean.end());
  if (*best <= least_probability) return "unknown";
  return profiles_.languages()[static_cast<size_t>(best - mean.begin())];
}

}  // namespace quantrial
