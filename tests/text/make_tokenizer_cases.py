"""Writes tokenizer_cases.json: texts and the ids that the `tokenizers` library gives them.

Usage: make_tokenizer_cases.py QWEN3_TOKENIZER_JSON TINY_TOKENIZER_JSON [N_RANDOM SEED] > tokenizer_cases.json
Made with tokenizers 0.23.3, Python 3.11.7, N_RANDOM 60, SEED 1.

The file: {"library", "variants": {name: {"base", "patch"}}, "cases": [[name, text, ids, decoded]]}.
A variant is its base's tokenizer.json with a JSON merge patch (RFC 7386). `text` is a string, or
{"hex": bytes} for bytes that are decoded with errors="replace" first. `decoded` is the library's
decode(ids) and null when it equals the text; {"kept", "skipped"} where special tokens matter.
"""
import json
import random
import sys

import tokenizers
from tokenizers import Tokenizer

QWEN35_REGEX = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
                r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def split(regex):
    return {"type": "Split", "pattern": regex, "behavior": "Isolated", "invert": False}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def added(token_id, content, **flags):
    return {"id": token_id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": False} | flags


VARIANTS = {
    "qwen3": {"base": "qwen3", "patch": {}},
    "qwen3.5-regex": {"base": "qwen3", "patch": {
        "pre_tokenizer": sequence(split({"Regex": QWEN35_REGEX}), BYTE_LEVEL)}},
    "ignore-merges": {"base": "qwen3", "patch": {"model": {"ignore_merges": True}, "normalizer": None}},
    "tiny": {"base": "tiny", "patch": {}},
    # GPT-2: no Split, ByteLevel's own regex, no normalizer.
    "gpt2": {"base": "tiny", "patch": {
        "normalizer": None, "pre_tokenizer": BYTE_LEVEL | {"use_regex": True},
        "decoder": BYTE_LEVEL | {"use_regex": True}}},
    # Several splits, a literal one, one with empty matches, NFC in a Sequence, a processor.
    "splits": {"base": "tiny", "patch": {
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},
        "pre_tokenizer": sequence(split({"Regex": r"\p{N}{1,3}|\d"}), split({"String": "a.b*"}),
                                  split({"Regex": r"(?=[A-Z])|(?<=\p{Ll})_*"}),
                                  split({"Regex": r"[\p{P}$<=>^~|`]+|[^\S\n]+|\P{M}\p{M}+"}), BYTE_LEVEL),
        "post_processor": {"type": "Sequence", "processors": [
            BYTE_LEVEL, {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
                         "pair": [], "special_tokens": {}}]}}},
    # Added tokens: flags, overlaps, prefixes of one another, one that NFC changes, one in the vocabulary.
    "flags": {"base": "tiny", "patch": {"added_tokens": [
        added(503, "<a>"), added(504, "<ab>"), added(505, "<ab><c>"), added(506, "word", single_word=True),
        added(507, "<l>", lstrip=True), added(508, "<r>", rstrip=True, special=True),
        added(509, "<lr>", lstrip=True, rstrip=True), added(510, "e\u0301tude", normalized=True),
        added(511, "caf\u00e9", normalized=True), added(512, " sp "), added(513, "<s w>", single_word=True,
                                                                           normalized=True),
        added(514, "\u0120x"), added(515, "<sp>", special=True)]}},
    # Bytes that have no token: dropped, or the unknown token, one each or fused.
    "dropped": {"base": "small", "patch": {}},
    "unknown": {"base": "small", "patch": {"model": {"unk_token": "?"}}},
    "unknown-fused": {"base": "small", "patch": {"model": {"unk_token": "?", "fuse_unk": True}}},
}
SMALL = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
         "pre_tokenizer": BYTE_LEVEL, "post_processor": None, "decoder": BYTE_LEVEL,
         "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                   "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                   "vocab": {"?": 0, "a": 1, "b": 2, "ab": 3, "\u0120": 4, "\u0120a": 5, "aa": 6, "?a": 7},
                   "merges": ["a b", "\u0120 a", "a a", "? a"]}}

TEXTS = [
    "", " ", "  ", "\n", "\r\n", "\t", "a", "A", "0", "Hello, world!", "Hello,  world! \n\n  How are   you?\n",
    "I'm sure they'll say we've DON'T 'S 'RE \u017f'\u017f it\u2019s 'llama 'version's",
    "The quick brown fox jumps over the lazy dog. " * 12,
    "3.14159 1234567890 1,000,000 0x1F 1e-9 \u0661\u0662\u0663 \u0967\u0968\u0969 \u2160\u2161 \u00bd \u00b2 \u2460",
    "def f(x: int) -> str:\n    \"\"\"doc\"\"\"\n\tif x != 0:\n        return f'{x:>10}'  # comment\n\n\n    return None\n",
    "#include <vector>\ntemplate <typename T> auto f(T&& t) -> decltype(t) { return std::forward<T>(t); } // ok\r\n",
    "SELECT * FROM t WHERE a <> 'b' AND c >= 10;\n-- done\n{\"k\": [1, 2.5, null, true], \"\\u00e9\": \"\\n\"}",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01\u8fd9\u662f\u4e00\u4e2a\u6d4b\u8bd5\u3002\u4e2d\u6587 English \u6df7\u5408 123\u4e2a\u3002",
    "\u3053\u3093\u306b\u3061\u306f\u3001\u30ab\u30bf\u30ab\u30ca \u304b\u3099\u30cf\u309a \uff76\uff9e \u6f22\u5b57\u3068\u3072\u3089\u304c\u306a",
    "\uc548\ub155\ud558\uc138\uc694 \u1112\u1161\u11ab\u1100\u1173\u11af \ud55c\u1103\u1161 \u1100\u1161\u11a8\u11a8 \uac00\u11a8",
    "\u0627\u0644\u0633\u0644\u0627\u0645 \u0639\u0644\u064a\u0643\u0645 \u0628\u0650\u0633\u0652\u0645\u0650 \u0627\u0644\u0644\u0651\u064e\u0647\u0650 \u0622 \u0627\u0653 \u06cc\u06a9",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0928\u092e\u0938\u094d\u0924\u0947 \u0915\u093c \u0958 \u0bca\u0bc6\u0bbe \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u1019\u103c\u1014\u103a\u1019\u102c",
    "\u05e9\u05dc\u05d5\u05dd \u05d1\u05bc\u05b0\u05e8\u05b5\u05d0\u05e9\u05c1\u05b4\u05d9\u05ea \u041f\u0440\u0438\u0432\u0435\u0442 \u0438\u0306 \u0439 \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u03b1\u0301\u0345",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea \u2764\ufe0f 1\ufe0f\u20e3",
    "e\u0301 \u00e9 a\u0323\u0307 a\u0307\u0323 \u1e69 s\u0323\u0307 \u212b \u2126 \ufb01 \u0344 \u0958 \u0374 \u2f00 \uf900 q\u0307\u0323",
    "Z\u0361\u0489a\u0334l\u0335\u0336g\u0300\u0301\u0302\u0303\u0304\u0305o\u0306\u0307 text\u0300",
    " " * 50 + "x" + "\t" * 9 + "y" + "\n" * 20 + "z \n \n\t\r\n" + "\u00a0\u3000\u2028\u2029\u0085\u200b\u180e\u1680\u202f end \u180e\u180e",
    "a" * 300 + "b" * 100 + "ab" * 80 + "=" * 120 + "-" * 77 + "_" * 33 + "." * 61 + "!" * 5,
    "\u0000\u0001\u001f\u007f\u0080\u00ad\ufeff\ufffd\uffff\U0010ffff\ue000\u0378",
    "\U00031350\U0002ebf0\u1c89\ua7cb\U00013460\U00011bc0 ..\U00031350 !\U0001e5d0 x\u0897y \U00010d40",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nok<tool_call></tool_call><|endoftext|>",
    "<|im_start|><|im_start|> <|im_end <|im_end|>|> x<think>y</think>z <|vision_start|><|image_pad|><|vision_end|>",
    "<a><ab><ab><c><ab<c> <a> word words word. sword \u00e9word \u0300word word\u0300 word_ -word- word\u200d word",
    "x  <l>  y  <r>  z  <lr>  <l> <r><lr>\n<lr>\u3000 <r> sp <r>  sp  q", "e\u0301tude \u00e9tude caf\u00e9 cafe\u0301 <s w> a<s w> <s w>b \u0120x x <sp>",
    "abABcaaab aab  a ?a??ab\u00e9\u00e9a ??", "XMLHttpRequest_v2 fooBar__baz a.b* a.b*a.b* $x^2 <= ~y|`z`\n  \u0915\u094d 12345 a\u0301\u0301",
    "<SUM> \u00a7 5 \u2014 \u201cquoted\u201d \u2026 50 % \u20ac 3 \u2248 \u03c0 \u00d7 r\u00b2 \u2192 ok\u2122",
]

POOLS = [
    lambda r: r.choice("the of and to in is was for that it as with on be by at from this have or".split()),
    lambda r: r.choice(" \n\t\r") * r.randint(1, 4),
    lambda r: r.choice(["'s", "'T", "'re", "'VE", "'m", "'ll", "'d", "\u017f", "'\u017f"]),
    lambda r: chr(r.randint(0x21, 0x7E)) * r.choice([1, 1, 2, 3]),
    lambda r: str(r.randint(0, 10 ** r.randint(1, 8))),
    lambda r: chr(r.randint(0x300, 0x36F)),
    lambda r: chr(r.randint(0xC0, 0x24F)),
    lambda r: chr(r.randint(0x370, 0x1FFF)),
    lambda r: chr(r.randint(0x2000, 0x2FFF)),
    lambda r: chr(r.randint(0x3000, 0x9FFF)),
    lambda r: chr(r.randint(0x1100, 0x11FF)),
    lambda r: chr(r.randint(0xAC00, 0xD7A3)),
    lambda r: chr(r.randint(0xF900, 0xFFFF)),
    lambda r: chr(r.randint(0x10000, 0x1FFFF)),
    lambda r: chr(r.randint(0x1F300, 0x1FAFF)) + r.choice(["", "\u200d", "\ufe0f"]),
    lambda r: chr(r.choice([r.randint(0, 0xD7FF), r.randint(0xE000, 0x10FFFF)])),
    lambda r: r.choice(["<|im_start|>", "<|im_end|>", "<think>", "</think>", "<|", "|>", "<a>", "<ab>", "<l>", "<r>",
                        "<lr>", "word", " sp ", "e\u0301tude", "\u00e9tude", "a.b*", "<s w>", "\u0120x"]),
]


def random_text(r):
    pools = r.sample(POOLS, r.randint(1, 6))
    return "".join(r.choice(pools)(r) for _ in range(r.randint(1, 16)))


def random_bytes(r):
    leads = [r.randint(0, 255), r.randint(0xC0, 0xFF), r.randint(0x80, 0xBF), r.randint(0x20, 0x7E)]
    return bytes(r.choice(leads + [r.randint(0, 255)]) for _ in range(r.randint(1, 24)))


def patched(document, patch):
    """JSON merge patch, RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), value)
    return result


def main():
    qwen3, tiny = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
    n_random, seed = (int(x) for x in sys.argv[3:5]) if len(sys.argv) > 3 else (60, 1)
    bases = {"qwen3": qwen3, "tiny": tiny, "small": SMALL}
    cases = []
    for name, variant in VARIANTS.items():
        tokenizer = Tokenizer.from_str(json.dumps(patched(bases[variant["base"]], variant["patch"])))
        r = random.Random(f"{seed} {name}")
        inputs = list(TEXTS) if name != "ignore-merges" else TEXTS[9:20]
        inputs += [random_text(r) for _ in range(n_random)]
        inputs += [random_bytes(r) for _ in range(n_random // 3)]
        inputs += [b"ab\xff\xc0\x80\xe2\x82\xf0\x9f\x98<think>\xed\xa0\x80\xf4\x90\x80\x80 \xe2\x82"]
        for text in inputs:
            as_text = text if isinstance(text, str) else text.decode("utf-8", errors="replace")
            ids = tokenizer.encode(as_text, add_special_tokens=False).ids
            kept = tokenizer.decode(ids, skip_special_tokens=False)
            skipped = tokenizer.decode(ids, skip_special_tokens=True)
            decoded = {"kept": kept, "skipped": skipped} if kept != skipped else kept
            stored = text if isinstance(text, str) else {"hex": text.hex()}
            cases.append([name, stored, ids, None if decoded == as_text else decoded])
    variants = {name: v for name, v in VARIANTS.items()}
    head = {"library": f"tokenizers {tokenizers.__version__}", "variants": variants, "small": SMALL}
    print(json.dumps(head, separators=(",", ":"))[:-1] + ',"cases":[')
    print(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "]}")


main()
