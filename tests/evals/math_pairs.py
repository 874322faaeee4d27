"""Pairs (gold, answer, right by construction) for make_math_verdicts.py: golds of MATH-500 and
generated ones, rewritten as models write them, and changed so that they are wrong."""
import random
import re
from fractions import Fraction

import sympy as sp

rng = random.Random(20261125)

# Why math-verify is wrong on single pairs.
REASONS = {
    (r"x < -1 \text{ or } x > 3", r"(-\infty,-1)\cup(3,\infty)"): "does not read an inequality as an interval",
    (r"3 \pmod 7", r"3"): "keeps the modulus",
    (r"n^2", r"n²"): "does not read Unicode superscripts",
    (r"e^{2\pi i/3}", r"-\frac12+\frac{\sqrt3}{2}i"): "does not take e or i for the constants",
    (r"\text{True}", r"true"): "minds the case of words",
    (r"\infty", r"\text{infinity}"): "does not read the word infinity",
    (r"(-1)^n", r"\cos(n\pi)"): "does not know that n is whole",
    (r"\ln x^2", r"2\ln x"): "keeps apart what is equal where both are defined",
    (r"14", r"\text{The answer is } 14"): "reads the words before a number",
    (r"\{ \}", r"\emptyset"): "does not read the empty set",
    (r"x", r"x'"): "drops the prime",
    (r"3~\mathrm{m/s^2}", r"3"): "does not know the unit",
    (r"`5`", r"5"): "trips over Markdown",
    (r"**5**", r"5"): "trips over Markdown",
    ('5\\', r"5"): "trips over a last backslash",
    (r"\color{blue}{5}", r"5"): "does not read colours",
    (r"\underline{5}", r"5"): "does not read underlines",
    (r"\text{about } 12", r"12"): "reads the words before a number",
    (r"(1,2)", r"\begin{pmatrix}1\\2\end{pmatrix}"): "keeps tuples and column vectors apart",
    (r"90", r"90°"): "does not read the Unicode degree sign",
    (r"2 1/2", r"\frac52"): "reads '2 1/2' as a product or not at all",
    (r"11\sqrt2", r"11√2"): "does not read the Unicode root",
    (r"\sin 30^\circ", r"\frac12"): "keeps degrees out of functions",
    (r"0.\overline{3}", r"1/3"): "does not read repeating decimals",
    (r"x>3", r"(3,\infty)"): "does not read an inequality as an interval",
    (r"e^{i\pi}", r"-1"): "does not take e or i for the constants",
    (r"i", r"\sqrt{-1}"): "does not take e or i for the constants",
    (r"(-8)^{1/3}", r"-2"): "takes the complex root",
    (r"\sqrt[3]{-8}", r"-2"): "takes the complex root",
    (r"10 million", r"10,000,000"): "drops the word million",
    (r"\{x \mid x>3\}", r"(3,\infty)"): "does not read set builders",
    (r"\emptyset", r"\varnothing"): "compares names of symbols",
    (r"\langle 1,2,3\rangle", r"(1,2,3)"): "does not read angle brackets",
    (r"\frac{a}{b}c", r"\frac{ac}{b}"): "does not multiply on",
    (r"\sin^2 x+\cos^2 x", r"1"): "simplifies: our rule wants the same variables",
    (r"\mathbf{v}", r"\vec{v}"): "keeps faces of letters",
    (r"10\,000", r"10000"): "reads a thin space as a product",
    (r"\overline{AB}", r"AB"): "keeps the bar of a segment",
    (r"0.1\overline{6}", r"\frac16"): "does not read repeating decimals",
    (r"0.\overline{9}", r"1"): "does not read repeating decimals",
}


def tex_fraction(f, command="frac"):
    if f.denominator == 1:
        return str(f.numerator)
    sign = "-" if f < 0 else ""
    return f"{sign}\\{command}{{{abs(f.numerator)}}}{{{f.denominator}}}"


def terminating(f):
    d = f.denominator
    for p in (2, 5):
        while d % p == 0:
            d //= p
    return d == 1


def decimal(f):
    return f"{float(f):.12f}".rstrip("0").rstrip(".")


def rationals():
    for _ in range(90):
        f = Fraction(rng.randint(-60, 60), rng.randint(2, 40))
        gold = tex_fraction(f)
        yield gold, tex_fraction(f, "dfrac"), True
        yield gold, f"{f.numerator}/{f.denominator}", True
        k = rng.randint(2, 5)
        sign = "-" if f < 0 else ""
        yield gold, f"{sign}\\frac{{{abs(f.numerator) * k}}}{{{f.denominator * k}}}", True
        if terminating(f):
            yield gold, decimal(f), True
        yield gold, f"{float(f):.2f}", Fraction(f"{float(f):.2f}") == f
        yield gold, tex_fraction(f + Fraction(1, f.denominator)), False
        if f != 0:
            yield gold, tex_fraction(-f), False
        if abs(f) not in (0, 1):
            yield gold, tex_fraction(1 / f), False
        if f > 1 and f.denominator > 1:
            whole = f.numerator // f.denominator
            yield gold, f"{whole}{tex_fraction(f - whole)}", True
            yield gold, f"{whole} {(f - whole).numerator}/{f.denominator}", True
            yield gold, f"{whole + 1}{tex_fraction(f - whole)}", False


def integers():
    units = ["\\text{ cm}", "\\text{ square units}", " \\mathrm{~cm}^2", "^\\circ", "\\%",
             " \\text{ dollars}", " units", " apples", "\\text{ m/s}"]
    for _ in range(60):
        n = rng.choice([rng.randint(2, 99), rng.randint(1000, 99999), rng.randint(10**6, 10**9)])
        gold = str(n)
        grouped = f"{n:,}"
        yield gold, grouped, True
        yield gold, grouped.replace(",", "{,}"), True
        yield grouped.replace(",", ",\\!"), gold, True
        yield gold, f"{n}.0", True
        yield gold, f"x = {n}", True
        yield gold, f"${n}$", True
        yield gold, f"\\text{{{n}}}", True
        yield gold, f"{n}" + rng.choice(units), True
        yield gold, "\\$" + grouped, True
        yield gold, str(n + 1), False
        yield gold, f"-{n}", False
        yield gold, str(n * 10), False
        yield gold, f"{n + 10}" + rng.choice(units), False
    for _ in range(25):
        digits, e = rng.randint(11, 99) / 10, rng.randint(3, 9)
        value = round(digits * 10**e)
        yield str(value), f"{digits} \\times 10^{{{e}}}", True
        yield str(value), f"{digits} \\times 10^{{{e + 1}}}", False
        yield f"{digits} \\times 10^{{-{e}}}", f"{digits}e-{e}", True
        yield f"{digits} \\times 10^{{-{e}}}", f"{digits} \\times 10^{{-{e + 1}}}", False


def roots():
    for _ in range(60):
        k, n = rng.randint(2, 12), rng.choice([2, 3, 5, 6, 7, 10, 11, 13, 15])
        gold = f"{k}\\sqrt{{{n}}}"
        yield gold, f"\\sqrt{{{k * k * n}}}", True
        yield gold, f"{k} \\cdot \\sqrt {{{n}}}", True
        yield gold, f"{k}*sqrt({n})", True
        yield gold, f"{k}\\cdot {n}^{{\\frac{{1}}{{2}}}}", True
        yield gold, f"\\frac{{{k * n}}}{{\\sqrt{{{n}}}}}", True
        yield gold, f"\\sqrt{{{k * n}}}", False
        yield gold, f"{k + 1}\\sqrt{{{n}}}", False
        yield gold, f"{k}\\sqrt{{{n + 1}}}", False
        yield gold, f"{k * n ** 0.5:.3f}", False
        a = rng.randint(1, 9)
        gold = f"{a} + {k}\\sqrt{{{n}}}"
        yield gold, f"{k}\\sqrt{{{n}}}+{a}", True
        yield gold, f"{a} - {k}\\sqrt{{{n}}}", False
        yield f"{a} \\pm {k}\\sqrt{{{n}}}", f"{a} + {k}\\sqrt{{{n}}}, {a} - {k}\\sqrt{{{n}}}", True
        yield f"{a} \\pm {k}\\sqrt{{{n}}}", f"{a} + {k}\\sqrt{{{n}}}", False
        gold = f"\\frac{{{a}\\pi}}{{{k}}}"
        yield gold, f"\\frac{{{a}}}{{{k}}}\\pi", True
        yield gold, f"{a}\\pi/{k}", True
        yield gold, f"\\frac{{{a}\\pi}}{{{k + 1}}}", False
        yield gold, f"\\frac{{{a}}}{{{k}}}", False


def algebra():
    x, y = sp.symbols("x y")
    for _ in range(70):
        a, b, c, d = (rng.choice([i for i in range(-6, 7) if i]) for _ in range(4))
        factored = f"({sp.latex(a * x + b)})({sp.latex(c * x + d)})"
        expanded = sp.expand((a * x + b) * (c * x + d))
        yield factored, sp.latex(expanded), True
        yield sp.latex(expanded), factored, True
        yield sp.latex(expanded), sp.latex(expanded + 1), False
        yield sp.latex(expanded), sp.latex(expanded).replace("x", "y"), False
        yield f"y = {sp.latex(a * x + b)}", sp.latex(a * x + b), True
        yield f"y = {sp.latex(a * x + b)}", f"y = {sp.latex(b + 1 + a * x)}", False
        yield f"y = {sp.latex(a * x + b)}", f"z = {sp.latex(a * x + b)}", False
        fraction = sp.together(sp.apart(1 / ((x + a) * (x + a + abs(d)))))
        yield sp.latex(fraction), sp.latex(sp.apart(fraction)), True
        yield sp.latex(fraction), sp.latex(1 / fraction), False
        line = f"{sp.latex(a * x + b * y)} = {c}"
        yield line, f"{sp.latex(2 * a * x + 2 * b * y)} = {2 * c}", True
        yield line, f"{sp.latex(a * x + b * y - c)} = 0", True
        yield line, f"{sp.latex(a * x + b * y)} = {c + 1}", False
        yield f"{a}{'+' if b > 0 else '-'}{abs(b)}i", f"{b}i{'+' if a > 0 else '-'}{abs(a)}", True
        yield f"{a}{'+' if b > 0 else '-'}{abs(b)}i", f"{a}{'-' if b > 0 else '+'}{abs(b)}i", False
    identities = [("\\cot x", "\\frac{\\cos x}{\\sin x}"), ("\\sin 2x", "2\\sin x\\cos x"),
                  ("\\cos 2x", "2\\cos^2 x - 1"), ("\\cos 2x", "1 - 2\\sin^2 x"),
                  ("\\tan x", "\\frac{\\sin x}{\\cos x}"), ("\\ln 8", "3\\ln 2"),
                  ("\\log_2 3", "\\frac{\\ln 3}{\\ln 2}"), ("e^{2x}", "(e^x)^2"),
                  ("2^{x+1}", "2 \\cdot 2^x"), ("\\sec^2 x", "1+\\tan^2 x"),
                  ("\\sqrt{8}", "2^{3/2}"), ("\\frac{1}{\\sqrt{2}}", "\\sin 45^\\circ"),
                  ("\\arctan 1", "\\frac{\\pi}{4}"), ("\\binom{7}{3}", "35"), ("5!", "120"),
                  ("\\frac{n(n+1)}{2}", "\\frac{n^2+n}{2}"), ("|x-2|", "|2-x|"),
                  ("x^{-1}", "\\frac1x"), ("\\log 1000", "3"), ("\\sqrt[3]{27}", "3")]
    for gold, answer in identities:
        yield gold, answer, True
        yield answer, gold, True
        yield gold, f"{answer} + 1", False
        yield gold, f"2({answer})", False


def structures():
    for _ in range(60):
        a, b, c = rng.sample(range(-20, 21), 3)
        low, high = sorted((a, b))
        yield f"({a},{b})", f"({a}, {b})", True
        yield f"({a},{b})", f"\\left({a},\\ {b}\\right)", True
        yield f"({a},{b})", f"({b},{a})", False
        yield f"({a},{b},{c})", f"({a},{b},{c + 1})", False
        yield f"({a},{b},{c})", f"({a}, {b}, \\frac{{{2 * c}}}{{2}})", True
        yield f"[{low},{high}]", f"[{low}, {high}]", True
        yield f"[{low},{high}]", f"({low},{high})", False
        yield f"[{low},{high})", f"[{low},{high}]", False
        yield f"[{low},{high}]", f"{low} \\le x \\le {high}", True
        yield f"({low},\\infty)", f"x > {low}", True
        yield f"({low},\\infty)", f"x \\geq {low}", False
        union = f"(-\\infty,{low}) \\cup ({high},\\infty)"
        yield union, f"({high}, \\infty) \\cup (-\\infty, {low})", True
        yield union, f"(-\\infty,{low}] \\cup ({high},\\infty)", False
        yield union, f"(-\\infty,{low})", False
        yield f"\\{{{a},{b},{c}\\}}", f"\\{{{c}, {a}, {b}\\}}", True
        yield f"\\{{{a},{b},{c}\\}}", f"{a}, {b}, {c}", True
        yield f"\\{{{a},{b},{c}\\}}", f"\\{{{a},{b}\\}}", False
        yield f"{a},{b}", f"{b}, {a}", True
        yield f"{a},{b}", f"x = {a} \\text{{ or }} x = {b}", True
        yield f"{a},{b}", f"{a}", False
        yield f"{a},{b}", f"{a}, {b + 1}" if b + 1 != a else f"{a}, {b - 1}", False
        matrix = f"\\begin{{pmatrix}} {a} & {b} \\\\ {c} & 1 \\end{{pmatrix}}"
        yield matrix, matrix.replace("pmatrix", "bmatrix"), True
        yield matrix, f"\\begin{{pmatrix}} {a} & {c} \\\\ {b} & 1 \\end{{pmatrix}}", False
        yield matrix, matrix.replace("1 \\end", "2 \\end"), False


def words():
    for right, wrong in [("even", "odd"), ("Evelyn", "Navin"), ("east", "west"), ("(B)", "(C)"),
                         ("ellipse", "circle"), ("Yes", "No"), ("Tuesday", "Monday")]:
        bare = right.strip("()")
        yield f"\\text{{{right}}}", right, True
        yield f"\\text{{{right}}}", bare, True
        yield f"\\text{{{right}}}", f"\\textbf{{{right}}}", True
        yield f"\\text{{{right}}}", f"\\mathrm{{{bare}}}", True
        yield f"\\text{{{right}}}", f"\\text{{{wrong}}}", False
        yield f"\\text{{{right}}}", wrong, False
        yield f"\\text{{{right}}}", "".join(reversed(bare)) if len(bare) > 1 else "D", False


def hard_wrong():
    """What numeric or textual shortcuts get wrong."""
    yield from [("2^{-99}", "2^{-98}", False), ("3^{-50}", "3^{-51}", False),
                ("10^{-20}", "10^{-21}", False), ("2^{100}", "2^{100}+1", False),
                ("x = 5", "y = 5", False), ("y = 2x+3", "x = 2y+3", False),
                ("a+b=7", "c+d=7", False), ("x^2+y^2=4", "x+y=4", False),
                ("\\sqrt{x^2}", "x", False), ("90^\\circ", "\\frac{\\pi}{2}", False),
                ("12345678901234567890", "12345678901234567891", False),
                ("100!", "99!", False), ("x", "X", False), ("\\ln 2", "\\log 2", False),
                ("\\pi", "3.14", False), ("\\pi", "\\frac{22}{7}", False),
                ("\\frac13", "0.33", False), ("\\frac23", "0.667", False),
                ("1.5", "1,5", False), ("e", "2.718", False), ("0", "10^{-15}", False),
                ("\\frac{1}{2}", "\\frac{1}{2}x", False), ("3", "3x", False),
                ("204_5", "204_6", False), ("2k", "2n", False), ("\\sin x", "\\cos x", False),
                ("x > 3", "x < 3", False), ("(0,1)", "[0,1]", False), ("5\\%", "50\\%", False)]


def written():
    """Pairs chosen by hand."""
    yield from [
        (r"204_5", r"204", True),
        (r"204_5", r"204_{5}", True),
        (r"204_5", r"204_6", False),
        (r"50\%", r"50", True),
        (r"50\%", r"0.5", True),
        (r"50", r"50\%", True),
        (r"50\%", r"5000\%", False),
        (r"\log 100", r"2", True),
        (r"\ln 2", r"\log 2", False),
        (r"(1,2)", r"1,2", True),
        (r"1,2", r"(2,1)", True),
        (r"1,2", r"2,1", True),
        (r"(1,2)", r"(2,1)", False),
        (r"[1,2]", r"(1,2)", False),
        (r"(1,2)", r"\begin{pmatrix}1\\2\end{pmatrix}", True),
        (r"\text{east}", r"seat", False),
        (r"\text{even}", r"Even", True),
        (r"\text{(B)}", r"B", True),
        (r"\text{(B)}", r"(B)", True),
        (r"\text{(B)}", r"C", False),
        (r"\text{(B)}", r"\textbf{(B)}", True),
        (r"5\text{ cm}", r"5 cm", True),
        (r"5", r"5 cm^2", True),
        (r"90^\circ", r"\frac{\pi}{2}", False),
        (r"90^\circ", r"90", True),
        (r"90", r"90°", True),
        (r"y=2x+3", r"2x+3", True),
        (r"2x+3", r"y=2x+3", True),
        (r"y=5", r"x=5", False),
        (r"\frac13", r"0.333", False),
        (r"x\in[-2,7]", r"-2\le x\le 7", True),
        (r"[-2,7]", r"-2\le x\le 7", True),
        (r"[-2,7]", r"-2 < x\le 7", False),
        (r"\{1,2\}", r"1,2", True),
        (r"\{1,2\}", r"\{2,1\}", True),
        (r"3:4", r"\frac34", True),
        (r"1\pm\sqrt{19}", r"1+\sqrt{19},1-\sqrt{19}", True),
        (r"1\pm\sqrt{19}", r"1+\sqrt{19}", False),
        (r"1\pm\sqrt{19}", r"x=1-\sqrt{19} \text{ or } x=1+\sqrt{19}", True),
        (r"\sqrt{x^2}", r"x", False),
        (r"x^{10}", r"x^10", True),
        (r"y=2x+3", r"2x-y+3=0", True),
        (r"2^{-99}", r"2^{-98}", False),
        (r"2^{-99}", r"\frac{1}{2^{99}}", True),
        (r"(5,3)", r"x=5,y=3", True),
        (r"(5,3)", r"x=3,y=5", False),
        (r"5", r"x=2+3=5", True),
        (r"\frac{20000}{\pi}", r"\frac{20000}{\pi}\approx 6366.2", True),
        (r"\frac{20000}{\pi}", r"6366.2", False),
        (r"58,500", r"58500", True),
        (r"58500", r"58,500", True),
        (r"10,\!080", r"10080", True),
        (r"\$32,\!348", r"32348", True),
        (r"\$18.90", r"18.9", True),
        (r"11,\! 111,\! 111,\! 100", r"11111111100", True),
        (r"1\frac{4}{5}", r"\frac95", True),
        (r"1\frac{4}{5}", r"1.8", True),
        (r"137 \frac{1}{2}", r"137.5", True),
        (r"2 1/2", r"\frac52", True),
        (r"\frac34", r"3/4", True),
        (r"\frac9{19}", r"9/19", True),
        (r"11\sqrt2", r"11*sqrt(2)", True),
        (r"11\sqrt2", r"11√2", True),
        (r"\cot x", r"\frac{\cos x}{\sin x}", True),
        (r"\cot x", r"\frac{1}{\tan x}", True),
        (r"\cot x", r"\tan x", False),
        (r"\frac{11+9a}{20}", r"\frac{9a}{20}+\frac{11}{20}", True),
        (r"5x - 7y + 11z + 4 = 0", r"-5x+7y-11z-4=0", True),
        (r"5x - 7y + 11z + 4 = 0", r"5x - 7y + 11z - 4 = 0", False),
        (r"(-\infty, 2) \cup (3, \infty)", r"(3,\infty)\cup(-\infty,2)", True),
        (r"(-\infty, 2) \cup (3, \infty)", r"x<2 \text{ or } x>3", True),
        (r"(-\infty, 2) \cup (3, \infty)", r"(-\infty, 2] \cup (3, \infty)", False),
        (r"\begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix}", r"\begin{bmatrix} -\frac13 \\ \frac23 \\ \frac53 \end{bmatrix}", True),
        (r"\begin{pmatrix} -1 & 0 \\ 0 & -1 \end{pmatrix}", r"\begin{pmatrix} -1 & 0 \\ 0 & 1 \end{pmatrix}", False),
        (r"\begin{pmatrix} 1 & 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", False),
        (r"(a+5)(b+2)", r"ab+2a+5b+10", True),
        (r"-2+7i", r"7i-2", True),
        (r"-2+7i", r"-2-7i", False),
        (r"\frac{270}7\text{ degrees}", r"\frac{270}{7}^\circ", True),
        (r"\frac{270}7\text{ degrees}", r"\frac{270}{7}", True),
        (r"15\mbox{ cm}^2", r"15", True),
        (r"864 \mbox{ inches}^2", r"864\text{ square inches}", True),
        (r"5.4 \text{ cents}", r"5.4", True),
        (r"\text{Evelyn}", r"Evelyn", True),
        (r"\text{Evelyn}", r"evelyn", True),
        (r".0000672", r"6.72\times 10^{-5}", True),
        (r".0000672", r"6.72e-5", True),
        (r".0000672", r"6.72 × 10⁻⁵", True),
        (r"1.25", r"5/4", True),
        (r"\{1\pm\sqrt{5},-2\}", r"-2, 1+\sqrt5, 1-\sqrt5", True),
        (r"\{1\pm\sqrt{5},-2\}", r"-2, 1+\sqrt5", False),
        (r"3, 5, 7", r"7, 5, 3", True),
        (r"3, 5, 7", r"3,5,7", True),
        (r"3, 5, 7", r"3 and 5 and 7", True),
        (r"3, 5, 7", r"3, 5, and 7", True),
        (r"\left[ \frac{\pi^2}{8}, \frac{5 \pi^2}{4} \right]", r"[\pi^2/8, 1.25\pi^2]", True),
        (r"x^3+3x-6", r"x^3 + 3x - 6", True),
        (r"x=5", r"5", True),
        (r"x=5", r"x=6", False),
        (r"10^{10^{10}}", r"10^{10^{9}}", False),
        (r"100!", r"9.33262154439441e157", False),
        (r"0", r"\sqrt{2}\sqrt{2}-2", True),
        (r"0", r"10^{-30}", False),
        (r"0", r"e^{-100}", False),
        (r"2\cos 40^\circ", r"2\sin 50^\circ", True),
        (r"\sin 30^\circ", r"\frac12", True),
        (r"\frac{1}{2}", r".5", True),
        (r"p - q", r"q - p", False),
        (r"p-q", r"-q+p", True),
        (r"6r^2-4r-24", r"2(3r^2-2r-12)", True),
        (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}", True),
        (r"2k+2", r"2(k+1)", True),
        (r"2k+2", r"2(n+1)", False),
        (r"0.\overline{3}", r"1/3", True),
        (r"-\frac{\pi}{6}", r"-30^\circ", False),
        (r"\frac{1}{2}\ln 3", r"\ln\sqrt3", True),
        (r"\log_2 8", r"3", True),
        (r"\binom{10}{3}", r"120", True),
        (r"|x-3|", r"|3-x|", True),
        (r"|x-3|", r"x-3", False),
        (r"7!", r"5040", True),
        (r"\lfloor \pi \rfloor", r"3", True),
        (r"12345678901234567890123", r"12345678901234567890124", False),
        (r"12345678901234567890123", r"12,345,678,901,234,567,890,123", True),
        (r"-5", r"−5", True),
        (r"3\sqrt{13}", r"\sqrt{117}", True),
        (r"1,234", r"1234", True),
        (r"(1,234)", r"(1, 234)", True),
        (r"\frac{3}{5}", r"\frac{6}{10}", True),
        (r"x>3", r"(3,\infty)", True),
        (r"x\geq 3", r"3\le x", True),
        (r"x > 3", r"x < 3", False),
        (r"y>3", r"x>3", False),
        (r"2x+3y>6", r"6<3y+2x", True),
        (r"2x+3y>6", r"2x+3y<6", False),
        (r"5", r"5.0", True),
        (r"5", r"5.", True),
        (r"5", r"$5$", True),
        (r"5", r"5 \text{ apples}", True),
        (r"5", r"five", False),
        (r"12", r"12\text{ m/s}", True),
        (r"60", r"60 km/h", True),
        (r"60", r"60 miles per hour", True),
        (r"4", r"x = 4 \text{ cm}", True),
        (r"\text{no solution}", r"no solution", True),
        (r"\text{No real solutions}", r"\text{no real solutions}", True),
        (r"\frac{\pi}{2}+k\pi", r"\frac{\pi}{2}+n\pi", False),
        (r"(3,4]", r"(3, 4]", True),
        (r"3.14", r"\pi", False),
        (r"\pi", r"3.14159265358979", True),
        (r"C = 10", r"10", True),
        (r"AB = 5", r"5", True),
        (r"f(x)=x^2", r"x^2", True),
        (r"f(x)=x^2", r"g(x)=x^2", False),
        (r"\frac{x}{y}", r"xy^{-1}", True),
        (r"e^{i\pi}", r"-1", True),
        (r"i", r"\sqrt{-1}", True),
        (r"2e", r"5.43656365691809", True),
        (r"(-8)^{1/3}", r"-2", True),
        (r"\sqrt[3]{-8}", r"-2", True),
        (r"\frac{1}{x+1}+\frac{1}{x-1}", r"\frac{2x}{x^2-1}", True),
        (r"(x+1)^{10}", r"x^{10}+1", False),
        (r"10 million", r"10,000,000", True),
        (r"\{x \mid x>3\}", r"(3,\infty)", True),
        (r"\{x : x>3\}", r"x > 3", True),
        (r"\emptyset", r"\varnothing", True),
        (r"\left\{0, \frac12\right\}", r"0, 0.5", True),
        (r"\langle 1,2,3\rangle", r"(1,2,3)", True),
        (r"\frac{a}{b}c", r"\frac{ac}{b}", True),
        (r"\sin^2 x+\cos^2 x", r"1", False),
        (r"\tan^{-1} 1", r"\frac{\pi}{4}", True),
        (r"\arctan 1", r"\frac{\pi}{4}", True),
        (r"2:3", r"4:6", True),
        (r"1,-2", r"-2,1", True),
        (r"1,-2", r"-1,2", False),
        (r"10,000", r"10000", True),
        (r"(1,2)", r"x=1, y=2", True),
        (r"\frac{1}{2}, \frac{3}{4}", r"0.5, 0.75", True),
        (r"12\text{ hours}", r"12 hours", True),
        (r"25\%", r"\frac14", True),
        (r"25\%", r"0.25", True),
        (r"25\%", r"25 percent", True),
        (r"1.5\times10^{3}", r"1500", True),
        (r"1500", r"1.5\cdot 10^3", True),
        (r"3\frac12", r"3.5", True),
        (r"3\frac12", r"\frac{3}{2}", False),
        (r"\sqrt{2}/2", r"\frac{1}{\sqrt2}", True),
        (r"60^\circ", r"60^{\circ}", True),
        (r"\frac{\pi}{3}", r"60^\circ", False),
        (r"2\pi r", r"2r\pi", True),
        (r"x\le 5", r"x\leq 5", True),
        (r"x\le 5", r"x<5", False),
        (r"(-\infty,5]", r"x\le5", True),
        (r"x \neq 3", r"x \ne 3", True),
        (r"x \neq 3", r"x = 3", False),
        (r"a^2+b^2", r"(a+b)^2", False),
        (r"(a-b)(a+b)", r"a^2-b^2", True),
        (r"\frac{2x+4}{2}", r"x+2", True),
        (r"5 - 3i", r"-3i+5", True),
        (r"\mathbf{v}", r"\vec{v}", True),
        (r"10\,000", r"10000", True),
        (r"\left\lfloor 3.7\right\rfloor", r"3", True),
        (r"6!", r"720", True),
        (r"\max(2,5)", r"5", True),
        (r"\overline{AB}", r"AB", True),
        (r"x^2-1=0", r"x^2=1", True),
        (r"x=\pm 2", r"x=2, x=-2", True),
        (r"\pm 2", r"2,-2", True),
        (r"-2,2", r"\pm 2", True),
        (r"\{-2,2\}", r"\pm 2", True),
        (r"\{2\}", r"2", True),
        (r"0.1\overline{6}", r"\frac16", True),
        (r"0.\overline{9}", r"1", True),
        (r"30\text{ minutes}", r"30 min", True),
        (r"\$5.50", r"5.50 dollars", True),
        (r"\$5.50", r"\$5.5", True),
        (r"1{,}000{,}000", r"10^6", True),
        (r"7:3", r"7/3", True),
        (r"\tfrac{7}{3}", r"7 \div 3", True),
        (r"9", r"3^2", True),
        (r"\frac{0}{5}", r"0", True),
        (r"-0", r"0", True),
        (r"\frac{-1}{2}", r"-\frac{1}{2}", True),
        (r"\frac{1}{-2}", r"-\frac{1}{2}", True),
        (r"2^{10}", r"1024", True),
        (r"2^{0.5}", r"\sqrt2", True),
        (r"\sqrt[4]{16}", r"2", True),
        (r"x+y+z", r"z+y+x", True),
        (r"x+y+z", r"x+y", False),
        (r"xy", r"yx", True),
        (r"\theta", r"\phi", False),
        (r"A", r"B", False),
        (r"\text{A}", r"A", True),
        (r"B", r"\text{(B) }12", False),
        (r"5", r"5/1", True),
        (r"\frac{3}{4}", r"75\%", True),
        (r"75", r"75\text{ percent}", True),
        (r"x^2 + 2x + 1", r"(x+1)^2", True),
        (r"\frac{\sqrt{6}-\sqrt{2}}{4}", r"\sin 15^\circ", True),
        (r"\frac{\sqrt{6}-\sqrt{2}}{4}", r"\frac{\sqrt6 - \sqrt2}4", True),
        (r"\frac{1}{2} \text{ hour}", r"30 \text{ minutes}", False),
        (r"12", r"12.0\text{ cm}", True),
        (r"12", r"\approx 12", True),
        (r"12", r"12 \pm 1", False),
        (r"(3, \pi/4)", r"\left(3, \frac{\pi}{4}\right)", True),
        (r"1,2,3", r"\{1,2,3\}", True),
        (r"\text{Monday}", r"monday", True),
        (r"\text{A and B}", r"A, B", False),
        (r"6 \text{ and } 7", r"6, 7", True),
        (r"-1 < x < 3", r"(-1, 3)", True),
        (r"-1 < x < 3", r"3 > x > -1", True),
        (r"x < -1 \text{ or } x > 3", r"(-\infty,-1)\cup(3,\infty)", True),
        (r"[0,\infty)", r"x \ge 0", True),
        (r"[0, 2\pi)", r"0 \le \theta < 2\pi", True),
        (r"\frac{1}{4}x^2", r"\frac{x^2}{4}", True),
        (r"y = \frac{1}{2}x - 3", r"x - 2y = 6", True),
        (r"y = \frac{1}{2}x - 3", r"2y = x - 6", True),
        (r"y - 3 = 2(x-1)", r"y = 2x+1", True),
        (r"(x-1)^2+(y+2)^2=9", r"x^2 - 2x + y^2 + 4y - 4 = 0", True),
        (r"3x+2", r"3x + 2 = y", True),
        (r"10!", r"3628800", True),
        (r"\frac{10!}{5!5!}", r"252", True),
        (r"{10 \choose 5}", r"252", True),
        (r"2\sqrt[3]{2}", r"\sqrt[3]{16}", True),
        (r"2\sqrt[3]{2}", r"2^{4/3}", True),
        (r"\sqrt{3+2\sqrt2}", r"1+\sqrt2", True),
        (r"\frac{1+\sqrt{5}}{2}", r"\phi", False),
        (r"1.618", r"\frac{1+\sqrt{5}}{2}", False),
        (r"100\pi \text{ cm}^3", r"100\pi", True),
        (r"100\pi", r"314.159", False),
        (r"\$1,000", r"1000", True),
        (r"\$1,000", r"\$1000.00", True),
        (r"1000", r"1.000", False),
        (r"3", r"3 \text{ (mod 7)}", True),
        (r"3 \pmod 7", r"3", True),
        (r"11\frac{1}{4}", r"11.25", True),
        (r"-2\frac{1}{3}", r"-\frac{7}{3}", True),
        (r"0.5", r"50\%", True),
        (r"5", r"5^\circ", True),
        (r"5^\circ\text{C}", r"5", True),
        (r"\frac{x+2}{x-3}", r"\frac{-x-2}{3-x}", True),
        (r"\frac{x+2}{x-3}", r"1+\frac{5}{x-3}", True),
        (r"n^2", r"n²", True),
        (r"a_n = 2n+1", r"2n+1", True),
        (r"a_n = 2n+1", r"a_n=2n-1", False),
        (r"S_{10} = 55", r"55", True),
        (r"\angle ABC = 30^\circ", r"30", True),
        (r"m\angle A = 30^\circ", r"30^\circ", True),
        (r"P(A) = \frac{1}{3}", r"\frac13", True),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \\ \end{pmatrix}", True),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\langle 1, 2\rangle", True),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"[1, 2]", True),
        (r"2i", r"-2i", False),
        (r"3+4i", r"3 + 4\mathrm{i}", True),
        (r"e^{2\pi i/3}", r"-\frac12+\frac{\sqrt3}{2}i", True),
        (r"\cos\frac{\pi}{5}", r"\frac{1+\sqrt5}{4}", True),
        (r"\text{yes}", r"Yes", True),
        (r"\text{Yes}", r"\text{No}", False),
        (r"\text{True}", r"true", True),
        (r"\text{none}", r"0", False),
        (r"0", r"\text{none}", False),
        (r"\infty", r"+\infty", True),
        (r"\infty", r"-\infty", False),
        (r"\infty", r"\text{infinity}", True),
        (r"\frac{7}{12}", r"7:12", True),
        (r"2:1", r"2", True),
        (r"8:30", r"8:30 \text{ PM}", True),
        (r"2^{31}-1", r"2147483647", True),
        (r"2^{64}", r"18446744073709551616", True),
        (r"2^{64}", r"18446744073709551615", False),
        (r"2^{1000}", r"2^{999}\cdot 2", True),
        (r"10^{100}", r"10^{101}", False),
        (r"10^{100}+1", r"10^{100}", False),
        (r"x=1, y=2", r"(1,2)", True),
        (r"x=1, y=2", r"y=2, x=1", True),
        (r"(1,2),(3,4)", r"(3,4),(1,2)", True),
        (r"(1,2),(3,4)", r"(1,2) \text{ and } (3,4)", True),
        (r"(1,2),(3,4)", r"(2,1),(3,4)", False),
        (r"\{(1,2),(3,4)\}", r"(1,2), (3,4)", True),
        (r"\frac{a}{b}", r"a/b", True),
        (r"\frac{a}{b}", r"b/a", False),
        (r"ab", r"ba", True),
        (r"a \cdot b", r"ab", True),
        (r"2^{n-1}", r"\frac{2^n}{2}", True),
        (r"n!", r"n(n-1)!", True),
        (r"(-1)^n", r"\cos(n\pi)", True),
        (r"(-1)^n", r"(-1)^{n+1}", False),
        (r"\log_{10} 5", r"\log 5", True),
        (r"\ln x^2", r"2\ln x", True),
        (r"\frac{d}{dx}", r"5", False),
        (r"\frac{13}{4}", r"3\tfrac14", True),
        (r"13/4", r"3 + \frac14", True),
        (r"x+1", r"1+x", True),
        (r"x + 1", r"x + 1.0", True),
        (r"1,000,000", r"10^6", True),
        (r"1,000 \text{ and } 2,000", r"1000, 2000", True),
        (r"(1,000, 2,000)", r"(1000, 2000)", True),
        (r"14", r"\text{The answer is } 14", True),
        (r"14", r"14 \text{ is the answer}", True),
        (r"14", r"14 or 15", False),
        (r"\{ \}", r"\emptyset", True),
        (r"\{5\}", r"5", True),
        (r"(5)", r"5", True),
        (r"[5]", r"5", True),
        (r"5", r"-(-5)", True),
        (r"5", r"--5", True),
        (r"\frac{1}{0}", r"\frac{2}{0}", False),
        (r"|x|", r"\sqrt{x^2}", True),
        (r"x", r"x'", False),
        (r"x_1", r"x_2", False),
        (r"x_1", r"x_{1}", True),
        (r"\alpha", r"a", False),
        (r"4\text{th}", r"4", True),
        (r"1st", r"1", True),
        (r"3\,\text{cm}", r"3", True),
        (r"3~\mathrm{m/s^2}", r"3", True),
        (r"9.8 \frac{m}{s^2}", r"9.8", False),
        (r"20 \text{ cm} \times 30 \text{ cm}", r"600", False),
        (r"\text{5}", r"5", True),
        ('"5"', r"5", True),
        (r"`5`", r"5", True),
        (r"**5**", r"5", True),
        (r"\textbf{5}", r"5", True),
        (r"\boxed{5}", r"5", True),
        ('5\\', r"5", True),
        (r"\displaystyle\frac{1}{2}", r"1/2", True),
        (r"\color{blue}{5}", r"5", True),
        (r"\underline{5}", r"5", True),
        (r"{5}", r"5", True),
        (r"{{5}}", r"5", True),
        (r"{ \frac{1}{2} }", r"0.5", True),
        (r"22\% \text{ increase}", r"22", True),
        (r"\frac{3}{8}\text{ of the pizza}", r"3/8", True),
        (r"\text{about } 12", r"12", True),
        (r"12 \text{ or } 13", r"13, 12", True),
    ]


def hostile():
    """What a hostile user tried: words that change a number, quantities of several numbers, sets with a condition."""
    five = [r"\text{negative }5", r"\text{minus }5", r"\text{not }5", r"\text{at least }5",
            r"\text{less than }5", r"\text{half of }5", r"\text{twice }5",
            r"\text{the square root of }5", r"5\text{ plus }3", r"5\text{ minus }3",
            r"5\text{ times }3", r"5\text{ to }8", r"5\text{ or more}", r"5\text{ hundred}",
            r"5\text{ dozen}", r"5\text{ squared}", r"\text{up to }5", r"5\text{ per }2",
            r"5\text{ of }8\text{ apples}", r"5\text{ is not a solution}",
            r"\text{No solution; would be }5", r"5\text{ trillion}", r"5\text{ below zero}",
            r"5\text{ hundredths}", r"5\text{ feet }6\text{ inches}", r"\text{one of }5"]
    for answer in five:
        yield "5", answer, False
    yield from [
        (r"-5", r"\text{negative }5", True),
        (r"-5", r"\text{minus }5", True),
        (r"500", r"5\text{ hundred}", True),
        (r"60", r"5\text{ dozen eggs}", True),
        (r"2000000000000", r"2\text{ trillion}", True),
        (r"5", r"5\text{ more apples}", True),
        (r"5", r"\text{rounded to }5", True),
        (r"5", r"\text{a total of }5", True),
        (r"7", r"\text{7 days}", True),
        (r"12", r"\text{12 apples}", True),
        (r"1000", r"\text{1,000 people}", True),
        (r"3, 4", r"\text{3 or 4}", True),
        (r"3", r"\text{3 or 4}", False),
        (r"40", r"40\text{ km per hour}", True),
        (r"1\text{ hour }30\text{ minutes}", r"1\text{ hour }20\text{ minutes}", False),
        (r"1\text{ hour }30\text{ minutes}", r"1\text{ hour and }30\text{ minutes}", True),
        (r"1\text{ hour }30\text{ minutes}", r"\text{1 hour 30 minutes}", True),
        (r"1\text{ hour }30\text{ minutes}", r"1\text{ hour}, 30\text{ minutes}", True),
        (r"5\text{ ft }6\text{ in}", r"5\text{ ft }7\text{ in}", False),
        (r"5\text{ ft }6\text{ in}", r"5", False),
        (r"6\text{ weeks and }3\text{ days}", r"6\text{ weeks}", False),
        (r"3\text{ apples and }4\text{ pears}", r"3\text{ apples and }5\text{ pears}", False),
        (r"\{2n : n\in\mathbb Z\}", r"\{2n+1 : n\in\mathbb Z\}", False),
        (r"\{2n : n\in\mathbb Z\}", r"\{2n \mid n\in\mathbb Z\}", True),
        (r"(1,2)", r"]1,2[", True),
        (r"[1,2)", r"[1,2[", True),
        (r"(1,2]", r"[1,2]", False),
        (r"5", r"x\approx5", True),
        (r"10^{-5}", r"1e-5", True),
        (r"12{:}30", r"12:30", True),
        (r"5", r"10/2=5", True),
        (r"4", r"2+2=4", True),
        (r"5", r"2+2=5", False),
        (r"120", r"5!=120", True),
        (r"2.5", r"\frac{10}{4}=2.5", True),
        (r"5", r"2x=5", False),
        (r"7", r"\gcd(14,21)", True),
        (r"42", r"\text{lcm}(14,21)", True),
        (r"\begin{pmatrix}1&2\end{pmatrix}", r"\frac12\begin{pmatrix}2&4\end{pmatrix}", True),
        (r"\begin{pmatrix}1&2\end{pmatrix}", r"-\begin{pmatrix}1&2\end{pmatrix}", False),
        (r"(-\infty,0)\cup(0,\infty)", r"\mathbb R\setminus\{0\}", True),
        (r"(-\infty,1)\cup(1,2)\cup(2,\infty)", r"\mathbb{R}\setminus\{2,1\}", True),
        (r"(-\infty,0)\cup(0,\infty)", r"\mathbb R\setminus\{1\}", False),
        (r"1000000", r"1 000 000", True),
        (r"12", r"1 2", False),
        (r"2^{10000}", r"4^{5000}", True),
        (r"2^{10000}", r"2^{10001}", False),
        (r"e^{100}", r"e^{100}+1", False),
        (r"\pi^{50}", r"\pi^{50}+1", False),
        (r"\sqrt{10^{20}+1}", r"10^{10}", False),
        (r"\sqrt{10^{20}+1}", r"\sqrt{10^{20}+1}+\frac{0}{3}", True),
        (r"\sqrt{2}+\sqrt{3}", r"\sqrt{5+2\sqrt{6}}", True),
        (r"\sqrt{10^{12}+1}-10^6", r"\sqrt{10^{12}+2}-10^6", False),
        (r"\sqrt{10^{10}+1}", r"\sqrt{10^{10}+2}", False),
        (r"\cos 36^\circ", r"\frac{1+\sqrt{5}}{4}", True),
        (r"\arctan 1", r"\frac{\pi}{4}", True),
    ]


def of_math500(golds):
    """Each published gold as it is, set another way, and beside the next gold."""
    for i, gold in enumerate(golds):
        yield gold, gold.replace("\\frac", "\\dfrac") if "\\frac" in gold else f"${gold}$", True
        yield gold, re.sub(r"(?<=[-+=,(])(?! )", " ", gold), True
        yield gold, golds[(i + 1) % len(golds)], None
        yield gold, "x = " + gold if re.fullmatch(r"[-\\\w{} ]+", gold) and "text" not in gold \
            else gold + ".", True


def pairs(golds):
    seen = set()
    for source in (rationals(), integers(), roots(), algebra(), structures(), words(),
                   hard_wrong(), written(), of_math500(golds)):
        for gold, answer, right in source:
            if gold == answer or (gold, answer) in seen:
                continue
            seen.add((gold, answer))
            yield gold, answer, right
