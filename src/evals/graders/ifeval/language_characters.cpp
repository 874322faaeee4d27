#include "evals/graders/ifeval/language_characters.h"

#include <algorithm>
#include <array>

#include "evals/graders/ifeval/python_regex.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial {
namespace {

constexpr size_t longest_text = 10'000;

// Letters and, in the same order, what they become with each mark of Vietnamese.
constexpr std::u32string_view plain_letters = U"AEIOUYaeiouyÂÊÔâêôĂăƠơƯư";
constexpr std::u32string_view marks = U"\u0300\u0301\u0303\u0309\u0323";
constexpr std::array<std::u32string_view, 5> marked_letters = {
    U"ÀÈÌÒÙỲàèìòùỳẦỀỒầềồẰằỜờỪừ", U"ÁÉÍÓÚÝáéíóúýẤẾỐấếốẮắỚớỨứ", U"ÃẼĨÕŨỸãẽĩõũỹẪỄỖẫễỗẴẵỠỡỮữ",
    U"ẢẺỈỎỦỶảẻỉỏủỷẨỂỔẩểổẲẳỞởỬử", U"ẠẸỊỌỤỴạẹịọụỵẬỆỘậệộẶặỢợỰự"};

std::u32string with_joined_marks(const std::u32string& text) {
  std::u32string result;
  for (const char32_t c : text) {
    const size_t mark = marks.find(c);
    const size_t letter = result.empty() || mark == marks.npos ? plain_letters.npos
                                                               : plain_letters.find(result.back());
    if (letter == plain_letters.npos) {
      result += c;
    } else {
      result.back() = marked_letters[mark][letter];
    }
  }
  return result;
}

constexpr bool is_latin(char32_t c) { return c >= U'A' && c <= U'z'; }

constexpr bool is_between(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

}  // namespace

std::u32string cleaned_for_language(std::string_view text) {
  const PythonRegex url("https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}"),
      mail("[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}");
  const std::string without_addresses = mail.replace_all(url.replace_all(text, " "), " ");
  std::u32string all = with_joined_marks(python::code_points(without_addresses));
  all.resize(std::min(all.size(), longest_text));
  const auto end = std::unique(all.begin(), all.end(),
                               [](char32_t a, char32_t b) { return a == U' ' && b == U' '; });
  all.erase(end, all.end());
  const auto latin = std::count_if(all.begin(), all.end(), is_latin);
  const auto other = std::count_if(all.begin(), all.end(), [](char32_t c) { return c >= 0x300; });
  if (latin * 2 < other) std::erase_if(all, is_latin);
  return all;
}

char32_t normal_character(char32_t c) {
  if (c <= 0x7F) return is_between(c, U'A', U'Z') || is_between(c, U'a', U'z') ? c : U' ';
  if (c == 0xA0 || c == 0xAB || c == 0xB0 || c == 0xBB) return U' ';
  if (c == 0x219) return 0x15F;  // Romanian: comma below as cedilla
  if (c == 0x21B) return 0x163;
  if (c == 0x6CC) return 0x64A;                      // Persian yeh as Arabic yeh
  if (is_between(c, 0x1EA0, 0x1EFF)) return 0x1EC3;  // Vietnamese
  if (is_between(c, 0x2000, 0x206F)) return U' ';    // punctuation
  if (is_between(c, 0x3040, 0x309F)) return 0x3042;  // hiragana
  if (is_between(c, 0x30A0, 0x30FF)) return 0x30A2;  // katakana
  if (is_between(c, 0x3100, 0x312F)) return 0x3105;  // bopomofo
  if (is_between(c, 0x31A0, 0x31BF)) return 0x3105;
  if (is_between(c, 0xAC00, 0xD7AF)) return 0xAC00;  // Hangul syllables
  return c;
}

}  // namespace quantrial
