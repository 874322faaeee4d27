// The words and commands that answers are made of.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace quantrial::maths {

template <size_t N>
constexpr bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

struct Synonym {
  std::string_view name, meaning;
};
template <size_t N>
constexpr std::string_view meaning(const std::array<Synonym, N>& list, std::string_view name) {
  const auto at = std::find_if(list.begin(), list.end(), [&](auto& s) { return s.name == name; });
  return at == list.end() ? std::string_view() : at->meaning;
}

inline constexpr std::array<std::string_view, 41> function_names{
    "sin",    "cos",    "tan",    "cot",    "sec",    "csc",    "arcsin",  "arccos",  "arctan",
    "arccot", "arcsec", "arccsc", "asin",   "acos",   "atan",   "sinh",    "cosh",    "tanh",
    "coth",   "sech",   "csch",   "arsinh", "arcosh", "artanh", "arcsinh", "arccosh", "arctanh",
    "ln",     "log",    "lg",     "exp",    "abs",    "floor",  "ceil",    "max",     "min",
    "gcd",    "lcm",    "cis",    "Re",     "Im"};

// Commands that only lay out or set in another face; what they hold stays.
inline constexpr std::array<std::string_view, 43> layout_commands{
    "left",      "right",       "big",    "Big",   "bigg",
    "Bigg",      "bigl",        "bigr",   "Bigl",  "Bigr",
    "biggl",     "biggr",       "Biggl",  "Biggr", "displaystyle",
    "textstyle", "scriptstyle", "limits", "quad",  "qquad",
    "mathbf",    "boldsymbol",  "bm",     "vec",   "overrightarrow",
    "mathcal",   "mathit",      "mathsf", "hat",   "widehat",
    "tilde",     "bold",        "boxed",  "fbox",  "ensuremath",
    "nonumber",  "bf",          "rm",     "it",    "mathop",
    "underline", "overline",    "bar"};

inline constexpr std::array<std::string_view, 15> text_commands{
    "text", "mbox",   "textrm", "textbf",     "textit",       "texttt", "textsf", "mathrm",
    "hbox", "textup", "textsc", "textnormal", "operatorname", "emph",   "unit"};

// Commands that mean a sign or another command.
inline constexpr std::array<Synonym, 36> sign_commands{{
    {"cdot", "*"},
    {"times", "*"},
    {"ast", "*"},
    {"div", "/"},
    {"pm", "+-"},
    {"mp", "-+"},
    {"le", "<="},
    {"leq", "<="},
    {"leqslant", "<="},
    {"ge", ">="},
    {"geq", ">="},
    {"geqslant", ">="},
    {"ne", "!="},
    {"neq", "!="},
    {"lt", "<"},
    {"gt", ">"},
    {"in", "in"},
    {"cup", "cup"},
    {"bigcup", "cup"},
    {"cap", "cap"},
    {"setminus", "without"},
    {"backslash", "without"},
    {"mid", "|"},
    {"vert", "|"},
    {"lvert", "|"},
    {"rvert", "|"},
    {"approx", "~="},
    {"simeq", "~="},
    {"cdots", "..."},
    {"ldots", "..."},
    {"dots", "..."},
    {"colon", ":"},
    {"prime", "'"},
    {"equiv", "="},
    {"%", "%"},
    {"&", "&"},
}};
inline constexpr std::array<Synonym, 25> renamed_commands{{
    {"dfrac", "frac"},    {"tfrac", "frac"},    {"cfrac", "frac"},     {"dbinom", "binom"},
    {"tbinom", "binom"},  {"circ", "degrees"},  {"degree", "degrees"}, {"sqrt", "sqrt"},
    {"cbrt", "cbrt"},     {"frac", "frac"},     {"binom", "binom"},    {"begin", "begin"},
    {"end", "end"},       {"sum", "fail"},      {"int", "fail"},       {"prod", "fail"},
    {"lim", "fail"},      {"iint", "fail"},     {"oint", "fail"},      {"partial", "fail"},
    {"substack", "fail"}, {"choose", "choose"}, {"over", "over"},      {"bmod", "fail"},
    {"mod", "fail"},
}};
inline constexpr std::array<Synonym, 10> renamed_symbols{{
    {"infty", "infinity"},
    {"infinity", "infinity"},
    {"inf", "infinity"},
    {"oo", "infinity"},
    {"varphi", "phi"},
    {"varepsilon", "epsilon"},
    {"vartheta", "theta"},
    {"varnothing", "emptyset"},
    {"Infinity", "infinity"},
    {"varpi", "pi"},
}};

// Commands whose argument is not part of the answer.
inline constexpr std::array<std::string_view, 6> unseen_commands{"color",    "textcolor", "phantom",
                                                                 "hphantom", "vphantom",  "hspace"};

// Short words that are no products of letters.
inline constexpr std::array<std::string_view, 55> short_words{
    "cm",  "mm",  "km",  "dm",  "nm",  "um",  "in",  "ft", "yd",  "mi",  "kg",  "mg",  "lb",  "lbs",
    "oz",  "hr",  "hrs", "min", "sec", "ms",  "ml",  "mL", "mph", "kph", "sq",  "cu",  "deg", "rad",
    "kW",  "Hz",  "kHz", "kJ",  "kN",  "Pa",  "kPa", "eV", "USD", "mol", "yes", "Yes", "no",  "No",
    "odd", "day", "one", "two", "six", "ten", "all", "pm", "am",  "AM",  "PM",  "per", "NO"};

}  // namespace quantrial::maths
