#include <array>

#include "evals/graders/maths/tokens.h"

namespace quantrial::maths {
namespace {

struct Replacement {
  std::string_view from, to;
};

constexpr std::array replacements{
    Replacement{"\u2212", "-"},           Replacement{"\u2013", "-"},
    Replacement{"\u2014", "-"},           Replacement{"\u2010", "-"},
    Replacement{"\u2011", "-"},           Replacement{"\u00d7", "*"},
    Replacement{"\u00b7", "*"},           Replacement{"\u22c5", "*"},
    Replacement{"\u2217", "*"},           Replacement{"\u00f7", "/"},
    Replacement{"\u2215", "/"},           Replacement{"\u2044", "/"},
    Replacement{"\u03c0", "\\pi "},       Replacement{"\u221e", "\\infty "},
    Replacement{"\u00b1", "\\pm "},       Replacement{"\u2213", "\\mp "},
    Replacement{"\u2264", "\\le "},       Replacement{"\u2265", "\\ge "},
    Replacement{"\u2260", "\\ne "},       Replacement{"\u2248", "\\approx "},
    Replacement{"\u2208", "\\in "},       Replacement{"\u222a", "\\cup "},
    Replacement{"\u2229", "\\cap "},      Replacement{"\u221a", " sqrt "},
    Replacement{"\u221b", " cbrt "},      Replacement{"\u00b0", "^\\circ "},
    Replacement{"\u00b2", "^2"},          Replacement{"\u00b3", "^3"},
    Replacement{"\u00b9", "^1"},          Replacement{"\u2070", "^0"},
    Replacement{"\u2074", "^4"},          Replacement{"\u2075", "^5"},
    Replacement{"\u2076", "^6"},          Replacement{"\u2077", "^7"},
    Replacement{"\u2078", "^8"},          Replacement{"\u2079", "^9"},
    Replacement{"\u207b", "^-"},          Replacement{"\u00bd", " 1/2"},
    Replacement{"\u00bc", " 1/4"},        Replacement{"\u00be", " 3/4"},
    Replacement{"\u2153", " 1/3"},        Replacement{"\u2154", " 2/3"},
    Replacement{"\u03b1", "\\alpha "},    Replacement{"\u03b2", "\\beta "},
    Replacement{"\u03b3", "\\gamma "},    Replacement{"\u03b8", "\\theta "},
    Replacement{"\u03bb", "\\lambda "},   Replacement{"\u03bc", "\\mu "},
    Replacement{"\u03c6", "\\phi "},      Replacement{"\u03d5", "\\phi "},
    Replacement{"\u03c9", "\\omega "},    Replacement{"\u2205", "\\emptyset "},
    Replacement{"\u211d", "\\mathbb{R}"}, Replacement{"\u2124", "\\mathbb{Z}"},
    Replacement{"\u00a0", " "},           Replacement{"\u2009", " "},
    Replacement{"\u202f", " "},           Replacement{"\u2002", " "},
    Replacement{"\u2003", " "},           Replacement{"\u27e8", "\\langle "},
    Replacement{"\u27e9", "\\rangle "},   Replacement{"\u230a", "\\lfloor "},
    Replacement{"\u230b", "\\rfloor "},   Replacement{"\u2308", "\\lceil "},
    Replacement{"\u2309", "\\rceil "},    Replacement{"\u2019", "'"},
    Replacement{"\u2032", "'"},           Replacement{"\u20ac", "\\$"},
    Replacement{"\u00a3", "\\$"},         Replacement{"\u2223", "|"},
    Replacement{"\uff0c", ","},           Replacement{"\u3002", "."},
    Replacement{"\u2216", "\\setminus "},
};

}  // namespace

std::string without_unicode(std::string_view text) {
  std::string plain;
  bool raised = false;  // within a run of superscripts, which have one "^"
  while (!text.empty()) {
    const Replacement* found = nullptr;
    if ((static_cast<unsigned char>(text[0]) & 0x80) != 0) {
      for (const Replacement& r : replacements) {
        if (text.starts_with(r.from)) found = &r;
      }
    }
    std::string_view to = found ? found->to : text.substr(0, 1);
    text.remove_prefix(found ? found->from.size() : 1);
    const bool superscript = found && to.size() == 2 && to[0] == '^';
    if (superscript && raised) to.remove_prefix(1);
    if (raised && !superscript) plain += ' ';
    raised = superscript;
    plain += to;
  }
  return plain;
}

}  // namespace quantrial::maths
