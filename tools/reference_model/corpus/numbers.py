"""Families of plain arithmetic: arith, modpow, lineq. Levels 1 to 8.

A family is a function (rng, level, trace) -> (question, key, answer). It writes its chain of thought
into the trace. `key` is the problem without its wording: the held-out split hashes it.
"""


def arith(rng, level, trace):
    """An expression with + - * and brackets; reduced one operation at a time, in a drawn order."""
    count = (2, 3, 4, 5, 6, 8, 10, 12)[level - 1]
    largest = (99, 99, 99, 99, 199, 299, 499, 999)[level - 1]
    times = (0.0, 0.25, 0.3, 0.35, 0.3, 0.3, 0.3, 0.3)[level - 1]
    factor = 12 if level < 4 else 19 if level < 7 else 49
    tokens, opened, left = [], False, 0
    for i in range(count):
        if i:
            product = rng.random() < times and (len(tokens) < 2 or tokens[-2] != "*")
            tokens.append("*" if product else rng.choice("+-"))
        if level >= 3 and not opened and i < count - 1 and rng.random() < 0.3:
            tokens.append("(")
            opened, left = True, rng.randint(1, 2)
        after_times = bool(tokens) and tokens[-1] == "*"
        tokens.append(rng.randint(2, factor if after_times else largest))
        if opened and (left == 0 or i == count - 1):
            if tokens[-2] == "(":
                del tokens[-2]
            else:
                tokens.append(")")
            opened = False
        elif opened:
            left -= 1
    text = "".join(map(str, tokens))
    question = rng.choice(("Compute {}.", "What is {}?", "Evaluate {}.", "Find the value of {}.",
                           "Work out {}.")).format(text)
    while len(tokens) > 1:
        at = trace.rng.choice(reducible(tokens))
        value = trace.calc(tokens[at], tokens[at - 1], tokens[at + 1])
        tokens[at - 1:at + 2] = [value]
        tokens = without_single_brackets(tokens)
        if len(tokens) > 1:
            trace.rest(written(tokens))
    return question, text, str(tokens[0])


def reducible(tokens):
    """Positions of operators that may be applied next without changing the value."""
    places = []
    for i, op in enumerate(tokens):
        if op not in ("+", "-", "*") or not is_int(tokens[i - 1]) or not is_int(tokens[i + 1]):
            continue
        before = tokens[i - 2] if i > 1 else None
        after = tokens[i + 2] if i + 2 < len(tokens) else None
        if op == "*" or (before in (None, "(", "+") and after != "*"):
            places.append(i)
    return places


def without_single_brackets(tokens):
    for i in range(len(tokens) - 2):
        if tokens[i] == "(" and tokens[i + 2] == ")":
            return tokens[:i] + [tokens[i + 1]] + tokens[i + 3:]
    return tokens


def is_int(token):
    return isinstance(token, int)


def written(tokens):
    return "".join(f"({t})" if is_int(t) and t < 0 and i else str(t)
                   for i, t in enumerate(tokens))


def modpow(rng, level, trace):
    """A power modulo m, or a linear congruence iterated: one product and one mod a step."""
    if rng.random() < 0.5:
        m = rng.randint(*((5, 13), (7, 19), (11, 31), (13, 59), (17, 97), (17, 97),
                          (17, 97), (30, 99))[level - 1])
        base = rng.randint(2, m - 1)
        power = rng.randint(*((2, 4), (3, 5), (4, 6), (5, 7), (6, 7), (7, 9), (9, 11),
                              (10, 13))[level - 1])
        question = rng.choice(("What is {}^{} mod {}?", "Compute {} to the power {} modulo {}.",
                               "Find the remainder of {}^{} divided by {}.")).format(base, power, m)
        x = base
        for i in range(2, power + 1):
            x = trace.calc("*", x, base, f"{base}^{i}: ")
            x = trace.mod(x, m) if x >= m else x
        return question, f"{base}^{power}%{m}", str(x)
    m = rng.randint(*((7, 20), (11, 40), (11, 60), (20, 99), (20, 99), (30, 99), (30, 99),
                      (50, 150))[level - 1])
    a = rng.randint(2, (5, 9, 9, 12, 19, 19, 19, 29)[level - 1])
    b, x = rng.randint(1, m - 1), rng.randint(1, m - 1)
    steps = (2, 3, 4, 5, 6, 7, 9, 10)[level - 1]
    question = rng.choice((
        "Let x0={x} and x(n+1)=({a}*x(n)+{b}) mod {m}. Find x{n}.",
        "Start with x={x}. Replace x by ({a}*x+{b}) mod {m}, {n} times. What is x?",
    )).format(x=x, a=a, b=b, m=m, n=steps)
    key = f"{x},{a},{b},{m},{steps}"
    for i in range(1, steps + 1):
        x = trace.calc("*", x, a, f"x{i}: ")
        x = trace.calc("+", x, b)
        x = trace.mod(x, m) if x >= m else x
    return question, key, str(x)


def signed(value):
    return f"+{value}" if value >= 0 else str(value)


def lineq(rng, level, trace):
    """A linear equation (levels 1-3), a 2x2 system (4-7), a 3x3 system with one zero column (8)."""
    if level <= 3:
        equation, letter, answer = one_unknown(rng, level, trace)
        question = rng.choice(("Solve {} for {}.", "In {0}, what is {1}?",
                               "Find {1} if {0}.")).format(equation, letter)
        return question, equation, answer
    largest = (9, 15, 25, 39, 25)[level - 4]
    reach = (15, 25, 40, 70, 30)[level - 4]
    x, y = rng.randint(-reach if level > 4 else 1, reach), rng.randint(-reach if level > 4 else 1, reach)
    while True:
        a, b, c, d = (rng.randint(2, largest) for _ in range(4))
        if level > 4:
            b, d = b * rng.choice((1, -1)), d * rng.choice((1, -1))
        if a * d - c * b:
            break
    e, f = a * x + b * y, c * x + d * y
    if level < 8:
        system = f"{a}x{signed(b)}y={e}, {c}x{signed(d)}y={f}"
        solve_two(trace, (a, b, e), (c, d, f), "xy", (x, y))
        answer = f"x={x}, y={y}"
    else:
        w, p, q, s = rng.randint(-9, 9), rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, 9)
        total = p * w + q * x + s * y
        system = f"{p}w+{q}x+{s}y={total}, {a}x{signed(b)}y={e}, {c}x{signed(d)}y={f}"
        solve_two(trace, (a, b, e), (c, d, f), "xy", (x, y))
        qx, sy = trace.calc("*", q, x), trace.calc("*", s, y)
        known = trace.calc("+", qx, sy)
        rest = trace.calc("-", total, known)
        trace.line(f"{p}w={rest}, w={rest}/{p}={w}")
        answer = f"w={w}, x={x}, y={y}"
    question = rng.choice(("Solve the system {}.", "Find the unknowns: {}.", "Solve {}.")).format(system)
    return question, system, answer


def one_unknown(rng, level, trace):
    letter = rng.choice("xyztkn")
    x = rng.randint(-9 if level > 1 else 1, (9, 15, 25)[level - 1])
    if level == 1:
        a, b = rng.randint(2, 9), rng.randint(1, 40)
        c = a * x + b
        trace.line(f"{a}{letter}={c}-{b}")
        rest = trace.calc("-", c, b)
        trace.line(f"{letter}={rest}/{a}={x}")
        return f"{a}{letter}+{b}={c}", letter, f"{letter}={x}"
    a, b = rng.randint(3, 19), rng.randint(-50, 50)
    if level == 2:
        c = rng.randint(2, a - 1)
        d = (a - c) * x + b
        equation = f"{a}{letter}{signed(b)}={c}{letter}{signed(d)}"
    else:
        p, t = rng.randint(2, 6), rng.randint(1, 9)
        c = rng.randint(2, p * a - 1)
        d = p * (a * x + t) + b - c * x
        equation = f"{p}({a}{letter}{signed(t)}){signed(b)}={c}{letter}{signed(d)}"
        a, pt = trace.calc("*", p, a), trace.calc("*", p, t)
        b = trace.calc("+", pt, b)
        trace.line(f"{a}{letter}{signed(b)}={c}{letter}{signed(d)}")
    e, f = trace.calc("-", a, c), trace.calc("-", d, b)
    trace.line(f"{e}{letter}={f}, {letter}={f}/{e}={x}")
    if trace.choose((True, False)):
        left, right = trace.calc("*", a, x, "left "), trace.calc("*", c, x, "right ")
        left, right = trace.calc("+", left, b), trace.calc("+", right, d)
        trace.line(f"{left} and {right}, equal")
    return equation, letter, f"{letter}={x}"


def solve_two(trace, first, second, names, solution):
    """Eliminate one of the two unknowns (drawn), then substitute."""
    keep = trace.choose((0, 1))
    drop = 1 - keep
    u, v = names[keep], names[drop]
    trace.line(f"remove {v}")
    a, b, e = first[keep], first[drop], first[2]
    c, d, f = second[keep], second[drop], second[2]
    ad, ed = trace.calc("*", a, d, "first "), trace.calc("*", e, d)
    cb, fb = trace.calc("*", c, b, "second "), trace.calc("*", f, b)
    p, s = trace.calc("-", ad, cb, f"{u}: "), trace.calc("-", ed, fb)
    trace.line(f"{p}{u}={s}, {u}={s}/{p}={solution[keep]}")
    au = trace.calc("*", a, solution[keep])
    rest = trace.calc("-", e, au)
    trace.line(f"{b}{v}={rest}, {v}={rest}/{b}={solution[drop]}")
    if trace.choose((True, False)):
        left = trace.calc("*", c, solution[keep], "test ")
        right = trace.calc("*", d, solution[drop])
        trace.calc("+", left, right)
        trace.line(f"want {f}, {trace.word('pass')}")
