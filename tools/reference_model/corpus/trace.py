"""A chain of thought being written: phrasing drawn at random, checks, injected errors.

Used by every family of the corpus. A trace is a list of (text, flag) pieces; flag 1 marks a wrong
value that carries no training loss. Standard library only.

Entropy is wanted here: a trace that can be predicted word by word makes draft acceptance 1 and
sampling pointless. So every line draws its opening word, its separator, the order of commuting
operands, whether it checks itself and how. Each document first draws a small palette of the
phrasings and then draws from the palette line by line.
"""
import re

PHRASES = {
    "separator": ["\n", ".\n", ";\n", ", ", " | ", "\n- "],
    "lead": ["", "so ", "then ", "now ", "next ", "get ", "we have ", "thus ", "this gives "],
    "rest": ["now ", "left: ", "this leaves ", "rest: ", "-> ", "still "],
    "check": ["check: ", "test: ", "let me check: ", "sure? ", "verify: "],
    "pass": ["ok", "fine", "good", "right"],
    "fail": ["no", "wrong", "not so"],
    "redo": ["again: ", "redo: ", "once more: "],
}
RETRY = re.compile(r"(?:no|wrong|not so)[.,;] (?:again|redo|once more): ")
PALETTE = 5            # phrasings of one kind that a document uses
UNMASKED = 0.1         # share of injected errors that keep their loss


class Trace:
    def __init__(self, rng):
        self.rng = rng
        self.pieces = []
        self.injected = 0
        self.guesses = 0.0       # expected wrong guesses of a perfect predictor, for calibration
        self.palette = {}
        self.check_rate = rng.choice((0.1, 0.2, 0.3, 0.4))
        self.error_rate = 0.16

    # ---- words
    def choose(self, options):
        self.guesses += 1 - 1 / len(options)
        return self.rng.choice(options)

    def word(self, kind):
        if kind not in self.palette:
            options = PHRASES[kind]
            self.palette[kind] = self.rng.sample(options, min(PALETTE, len(options)))
        return self.choose(self.palette[kind])

    def say(self, text):
        self.pieces.append((text, 0))

    def slip(self, text):
        """A wrong value: without loss, except for a tenth."""
        self.injected += 1
        self.pieces.append((text, 0 if self.rng.random() < UNMASKED else 1))

    def start(self, opening=None):
        """Begin a line: separator from the last one, then an opening word."""
        if self.pieces:
            self.say(self.word("separator"))
        self.say(self.word("lead") if opening is None else opening)

    def line(self, text, opening=None):
        self.start(opening)
        self.say(text)

    def rest(self, text):
        self.line(text, self.word("rest"))

    # ---- values
    def value(self, lhs, value, wrong, checks):
        """`lhs` then `value`, perhaps checked, perhaps first wrong, found and repeated.

        `wrong()` draws a wrong value; `checks` is a list of functions check(value) -> text.
        """
        rng = self.rng
        self.say(lhs)
        checked = rng.random() < self.check_rate
        tries = 0
        while checked and tries < 2 and rng.random() < self.error_rate:
            bad = wrong()
            detecting = [c for c in checks if c(bad)[1]]
            if not detecting:
                break
            text = self.choose(detecting)(bad)[0]
            self.slip(str(bad))
            self.say(self.word("separator") + self.word("check") + text + " " + self.word("fail")
                     + rng.choice(".,;") + " " + self.word("redo") + lhs)
            tries += 1
        self.say(str(value))
        self.guesses += min(self.check_rate, 1 - self.check_rate)
        if checked:
            text = self.choose(checks)(value)[0]
            self.say(self.word("separator") + self.word("check") + text + " " + self.word("pass"))

    def near(self, value, modulus_differs=True):
        """A plausible wrong number: off by a carry or by one digit."""
        rng = self.rng
        while True:
            if rng.random() < 0.5:
                bad = value + rng.choice((-10, 10, -1, 1, -2, 2, -100, 100))
            else:
                digits = list(str(abs(value)))
                digits[rng.randrange(len(digits))] = str(rng.randrange(10))
                bad = int("".join(digits)) * (-1 if value < 0 else 1)
            if bad != value and (not modulus_differs or abs(bad) % 9 != abs(value) % 9):
                return bad

    def calc(self, op, a, b, label="", opening=None):
        """One operation: says `a op b = c` in a drawn form and returns c."""
        self.start(opening)
        c = {"+": a + b, "-": a - b, "*": a * b}[op]
        if op in "+*" and self.choose((True, False)):
            a, b = b, a
        lhs = f"{label}{a}{op}{paren(b)}="
        if op == "*" and abs(a) > 9 and abs(b) > 9 and a % 10 and b % 10:
            lhs += self.split_product(a, b)
        checks = {"+": [inverse_of_sum(a, b), nines("+", a, b)],
                  "-": [inverse_of_difference(a, b), nines("-", a, b)],
                  "*": [nines("*", a, b), last_digit(a, b)]}[op]
        self.value(lhs, c, lambda: self.near(c), checks)
        return c

    def split_product(self, a, b):
        """a*b through the tens and ones of b, in either order."""
        sign = -1 if b < 0 else 1
        parts = [sign * (abs(b) // 10 * 10), sign * (abs(b) % 10)]
        if self.choose((True, False)):
            parts.reverse()
        p, q = parts
        return f"{a}*{paren(p)}+{a}*{paren(q)}={a * p}+{paren(a * q)}="

    def mod(self, a, m, label=""):
        """a mod m through quotient and remainder."""
        self.start()
        quotient, remainder = divmod(a, m)
        lhs = f"{label}{a} mod {m}: " if self.choose((True, False)) else f"{label}{a}%{m}: "
        lhs += f"{quotient}*{m}={quotient * m}, {a}-{quotient * m}="

        def back(value):
            return f"{quotient * m}+{value}={quotient * m + value}, want {a}:", value != remainder
        self.value(lhs, remainder, lambda: abs(self.near(remainder, False)) or remainder + 1,
                   [back])
        return remainder


def paren(value):
    return f"({value})" if value < 0 else str(value)


# A check takes a value and gives (what is written, whether it shows the value wrong).
def inverse_of_sum(a, b):
    return lambda w: (f"{w}-{paren(b)}={w - b}, want {a}:", w != a + b)


def inverse_of_difference(a, b):
    return lambda w: (f"{w}+{paren(b)}={w + b}, want {a}:", w != a - b)


def last_digit(a, b):
    x, y = abs(a) % 10, abs(b) % 10
    return lambda w: (f"last digit {x}*{y}={x * y}, {w} ends in {abs(w) % 10}:",
                      abs(w) % 10 != x * y % 10)


def nines(op, a, b):
    x, y = a % 9, b % 9
    want = {"+": x + y, "-": x - y, "*": x * y}[op]
    return lambda w: (f"mod 9: {x}{op}{y}={want} is {want % 9}, {w} is {w % 9}:",
                      w % 9 != want % 9)
