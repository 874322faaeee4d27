"""Writes src/text/unicode_tables.inc and tests/text/unicode.json from the `tokenizers` library itself.

Usage: make_unicode_tables.py SOURCE_ROOT     Made with tokenizers 0.23.3 (its regex: Oniguruma with
Unicode 16; its NFC: Unicode 9) and Python 3.11 (unicodedata 14.0, as PCRE2 10.42).
"""
import json
import pathlib
import sys
import unicodedata

from tokenizers import Regex, normalizers

CATEGORIES = ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp "
              "Cc Cf Co").split()
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
EVERYTHING = "".join(map(chr, CODE_POINTS))
NFC = normalizers.NFC().normalize_str


def matched_by(pattern):
    """The code points that Oniguruma matches with `pattern`."""
    left = set(normalizers.Replace(Regex(pattern), "").normalize_str(EVERYTHING))
    return [c for c in CODE_POINTS if chr(c) not in left]


def ranges(code_points):
    out = []
    for c in sorted(code_points):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def newer_categories():
    """Code points that Oniguruma knows and Unicode 14 does not: [first, last, category]."""
    rows = []
    for category in CATEGORIES:
        newer = [c for c in matched_by(r"\p{%s}" % category)
                 if unicodedata.category(chr(c)) == "Cn"]
        rows += [[first, last, category] for first, last in ranges(newer)]
    return sorted(rows)


def nfc_stable():
    """Code points that NFC leaves alone and that join nothing before them, so that a text may be
    cut in front of them."""
    joins = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))  # Hangul vowels and finals
    for c in CODE_POINTS:
        parts = unicodedata.decomposition(chr(c))
        if parts and parts[0] != "<" and " " in parts:
            first, second = (chr(int(p, 16)) for p in parts.split())
            if NFC(first + second) != first + second:  # not excluded from composition
                joins.add(ord(second))

    def stable(c):
        s = chr(c)
        # U+0345 has the highest combining class (240): whatever has a lower one moves before it;
        # U+0334 has the lowest (1) and moves before whatever has a higher one.
        return (c not in joins and NFC(s) == s and NFC("\u0345" + s) == "\u0345" + s
                and NFC(s + "\u0334") == s + "\u0334" and c not in (0x0334, 0x0345))

    return ranges(c for c in CODE_POINTS if stable(c))


def cpp_rows(rows):
    lines, line = [], " "
    for row in rows:
        cells = ", ".join(f"0x{x:x}" if isinstance(x, int) else f'"{x}"' for x in row)
        if len(line) + len(cells) + 4 > 100:
            lines.append(line)
            line = " "
        line += f" {{{cells}}},"
    return "\n".join(lines + [line])


def main():
    root = pathlib.Path(sys.argv[1])
    head = "// Written by tests/text/make_unicode_tables.py from the tokenizers library; see there.\n"
    (root / "src/text/nfc_stable.inc").write_text(head + cpp_rows(nfc_stable()) + "\n")
    (root / "src/text/unicode16_additions.inc").write_text(head + cpp_rows(newer_categories()) + "\n")
    classes = {p: ranges(matched_by(p)) for p in
               [r"\s", r"\S", r"\d", r"[\r\n\s]", r"[^\s\p{L}\p{M}\p{N}]", r"[^\S\n]", r"[^\d\s]"]
               + [r"\p{%s}" % c for c in ["L", "M", "N", "P", "S", "Z", "^L"] + CATEGORIES]}
    flat = {p: [x for r in rows for x in r] for p, rows in classes.items()}
    (root / "tests/text/unicode.json").write_text(json.dumps(flat, separators=(",", ":")) + "\n")


main()
