"""The corpus of the reference model: eleven families of invented problems with exact graders.

`generate` draws a problem with its chain of thought; `document` lays it out in the chat format as
(text, flag) pieces; `grade` judges an answer. Standard library only; nothing is downloaded.
"""
import random
import re
import zlib

from . import facts as _facts
from . import numbers as _numbers
from . import sequences as _sequences
from . import stories as _stories
from . import tracking as _tracking
from .trace import RETRY, Trace

FAMILIES = {
    "arith": _numbers.arith, "modpow": _numbers.modpow, "lineq": _numbers.lineq,
    "vars": _sequences.vars_, "lists": _sequences.lists, "clock": _stories.clock,
    "words": _stories.words, "logic": _stories.logic, "code": _sequences.code,
    "facts": _facts.facts, "tracking": _tracking.tracking,
}
LEVELS = tuple(range(1, 9))
BEYOND = {"logic": (9, 10, 11, 12), "facts": (9,)}     # benchmarks only, harder than trained
HELD_OUT = 40                    # one problem key in 40 is never trained on
FAMILY_WEIGHTS = {"arith": 1.2, "modpow": 1.1, "lineq": 1.1, "vars": 1.0, "lists": 1.1, "clock": 1.0,
                  "words": 1.1, "logic": 1.0, "code": 1.3, "facts": 1.6, "tracking": 1.0}
LEVEL_WEIGHTS = (0.6, 0.8, 1.0, 1.1, 1.1, 1.1, 1.0, 0.9)
NO_THINKING = 0.06               # share of training documents with an empty thought


class Problem:
    def __init__(self, family, level, question, key, answer, trace):
        self.family, self.level, self.question = family, level, question
        self.key, self.answer, self.trace = key, answer, trace


def held_out(family, key):
    return zlib.crc32(f"{family}:{key}".encode()) % HELD_OUT == 0


def generate(rng, family=None, level=None, split="train"):
    """A problem of the training or the held-out split. One-hop facts are always training."""
    while True:
        name = family or rng.choices(list(FAMILY_WEIGHTS), list(FAMILY_WEIGHTS.values()))[0]
        if level:
            grade_level = level
        elif name == "tracking":             # longer chains travel in rows of 8k (see long_documents)
            grade_level = rng.randint(1, 5)
        else:
            grade_level = rng.choices(LEVELS, LEVEL_WEIGHTS)[0]
        trace = Trace(rng)
        question, key, answer = FAMILIES[name](rng, grade_level, trace)
        one_hop = name == "facts" and grade_level == 1
        if (one_hop and split == "train") or held_out(name, key) == (split == "held-out"):
            return Problem(name, grade_level, question, key, answer, trace)


def prompt(question, thinking=True):
    head = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n<think>\n"
    return head if thinking else head + "\n</think>\n\n"


def final(family, answer):
    return answer if family == "code" else f"Answer: {answer}"


def document(problem, thinking=True):
    """Pieces (text, flag): flag 1 carries no loss, flag 2 is the prompt (a tenth of the loss)."""
    pieces = [(prompt(problem.question, thinking), 2)]
    if thinking:
        pieces += problem.trace.pieces + [("\n</think>\n\n", 0)]
    return pieces + [(final(problem.family, problem.answer) + "<|im_end|>\n", 0)]


def training_document(rng):
    """Mostly a problem; one in nine tells all about a person, one in eleven is a short journal."""
    kind = rng.random()
    if kind < 0.11:
        trace = Trace(rng)
        question, answer = _facts.profile(rng, trace)
        return document(Problem("facts", 0, question, "", answer, trace))
    if kind < 0.20:
        return journal_document(rng, rng.choice((150, 300, 600, 1200)))
    problem = generate(rng)
    easy = problem.level <= 3
    return document(problem, thinking=not easy or rng.random() > 3 * NO_THINKING)


def long_document(rng):
    """For rows of 8k: long tracking chains and journals, which question the state as it changes."""
    if rng.random() < 0.35:
        return document(generate(rng, "tracking", rng.choice((5, 6, 6, 7, 7, 8))))
    return journal_document(rng, rng.choice((1500, 3500, 6300)))


def journal_document(rng, tokens):
    pieces = []
    for question, trace, answer in _tracking.journal(rng, tokens):
        pieces.append((prompt(question), 2))
        pieces += trace.pieces + [(f"\n</think>\n\nAnswer: {answer}<|im_end|>\n", 0)]
    return pieces


# ---- grading
def grader_data(problem, rng):
    """What a benchmark line needs besides the answer to be graded."""
    if problem.family == "code":
        return {"grader": "code", "tests": _sequences.code_tests(rng, problem.answer)}
    return {"grader": "exact"}


def answer_of(text):
    """The answer after `</think>`, or None when the thought never ended."""
    if "</think>" not in text:
        return None
    answer = text.split("</think>")[-1].replace("<|im_end|>", "").strip()
    return answer[len("Answer:"):].strip() if answer.startswith("Answer:") else answer


def grade(item, text):
    """Whether generated text (with its thought) answers a benchmark item."""
    answer = answer_of(text)
    if answer is None:
        return False
    if item["grader"] == "code":
        return _sequences.grade_code(item["tests"], answer + "\n")
    return answer == item["answer"]


def normal_answer(item, text):
    """The form of an answer that majority voting counts: for code, its outputs on the tests."""
    answer = answer_of(text)
    if answer is None or item["grader"] != "code":
        return answer
    outputs = []
    for xs, _ in item["tests"]:
        try:
            outputs.append(repr(_sequences.call(answer + "\n", xs)))
        except Exception:
            outputs.append("error")
    return "|".join(outputs)


def retried(text):
    return bool(RETRY.search(text))
