"""Families told in words: clock, words, logic. Levels 1 to 8 (see numbers.py)."""

NAMES = ("Ana Ben Cleo Dan Eva Finn Gus Hana Ivo Jun Kai Lena Max Nia Otto Pia Quin Rosa Sam Tia Uma "
         "Vic Wes Yara Zoe").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = ("January February March April May June July August September October November "
          "December").split()
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def clock(rng, level, trace):
    return (times if rng.random() < 0.65 else dates)(rng, level, trace)


def times(rng, level, trace):
    hour, minute, day = rng.randrange(24), rng.randrange(60), rng.randrange(7)
    question = f"It is {hour:02d}:{minute:02d} on {DAYS[day]}. "
    moves = []
    for _ in range((1, 1, 2, 2, 3, 3, 4, 5)[level - 1]):
        sign = 1 if level < 4 or rng.random() < 0.6 else -1
        days = rng.randint(0, (0, 0, 9, 9, 60, 99, 300, 600)[level - 1])
        hours = rng.randint(0, (5, 23, 23, 50, 99, 200, 500, 900)[level - 1])
        minutes = rng.randint(1, (59, 59, 200, 600, 1500, 3000, 6000, 9999)[level - 1])
        moves.append((sign, days, hours, minutes))
        question += ("Go forward " if sign > 0 else "Go back ")
        question += (f"{days} days " if days else "") + (f"{hours} hours " if hours else "")
        question += f"{minutes} minutes. "
    key = question
    question += rng.choice(("Which day and time is it then?", "What are the day and the time now?",
                            "Give the day and time."))
    for sign, days, hours, minutes in moves:
        op = "+" if sign > 0 else "-"
        total = trace.calc(op, minute, minutes, "min ")
        carry, minute = divmod(total, 60)
        if carry:
            trace.line(f"{total} is {minute} carry {carry}")
        total = trace.calc(op, hour, hours, "hour ")
        if carry:
            total = trace.calc("+", total, carry)
        carry, hour = divmod(total, 24)
        if carry:
            trace.line(f"{total} is {hour} carry {carry} days")
        shift = sign * days + carry
        if shift:
            after = (day + shift) % 7
            trace.line(f"{DAYS[day]} {day} plus {shift} is {day + shift}, mod 7 {after} {DAYS[after]}")
            day = after
        trace.rest(f"{DAYS[day]} {hour:02d}:{minute:02d}")
    return question, key, f"{DAYS[day]} {hour:02d}:{minute:02d}"


def dates(rng, level, trace):
    month = rng.randrange(12)
    day = rng.randint(1, MONTH_DAYS[month])
    moves = [rng.randint(1, (20, 40, 90, 90, 150, 200, 200, 250)[level - 1])
             * (-1 if level >= 6 and rng.random() < 0.4 else 1)
             for _ in range((1, 1, 1, 2, 2, 3, 4, 5)[level - 1])]
    key = f"Today is {MONTHS[month]} {day}. " + " ".join(
        f"{'Add' if n > 0 else 'Subtract'} {abs(n)} days." for n in moves)
    question = key + rng.choice((" Which date is it then? (no leap year)",
                                 " What is the date now? (no leap year)"))
    for n in moves:
        total = trace.calc("+" if n > 0 else "-", day, abs(n))
        while total > MONTH_DAYS[month]:
            total = trace.calc("-", total, MONTH_DAYS[month],
                               f"{MONTHS[month]} has {MONTH_DAYS[month]}, ")
            month = (month + 1) % 12
        while total < 1:
            month = (month - 1) % 12
            total = trace.calc("+", total, MONTH_DAYS[month],
                               f"{MONTHS[month]} has {MONTH_DAYS[month]}, ")
        day = total
        trace.rest(f"{MONTHS[month]} {day}")
    return question, key, f"{MONTHS[month]} {day}"


OBJECTS = "apples books coins cards stamps shells pens marbles stickers eggs plates tickets".split()


def words(rng, level, trace):
    """A story about who has how many; from level 4 on, sentences that do not matter."""
    count = (2, 3, 4, 5, 6, 8, 10, 12)[level - 1]
    big = (1, 1, 1, 2, 4, 6, 9, 12)[level - 1]
    a, b, c, other = rng.sample(NAMES, 4)
    things = rng.choice(OBJECTS)
    have, second = rng.randint(5, 60 * big), None
    story = [f"{a} has {have} {things}."]
    trace.line(f"{a} {have}")
    for _ in range(count):
        kind = rng.randrange(8)
        n = rng.randint(2, 60 * big)
        if level >= 4 and rng.random() < 0.25:
            story.append(rng.choice((f"{other} has {n} {things}.", f"{other} buys {n} {things}.",
                                     f"{c} is {n} years old.", f"{other} sees {n} birds.")))
        if kind == 0:
            story.append(rng.choice((f"{a} buys {n} more.", f"{a} finds {n} {things}.",
                                     f"{b} gives {a} {n} {things}.")))
            have = trace.calc("+", have, n, f"{a} ")
        elif kind == 1 and have > 3:
            n = rng.randint(1, have - 1)
            story.append(rng.choice((f"{a} loses {n}.", f"{a} gives {n} to {c}.",
                                     f"{a} sells {n} of them.")))
            have = trace.calc("-", have, n, f"{a} ")
        elif kind == 2 and have < 150 * big:
            n = rng.randint(2, 5 if level < 7 else 12)
            story.append(rng.choice((
                f"Then the number of {things} of {a} becomes {n} times as large.",
                f"{a} now gets {n} times as many as before.")))
            have = trace.calc("*", have, n, f"{a} ")
        elif kind == 3 and have % 2 == 0 and have > 3:
            story.append(f"{a} gives half of the {things} away.")
            trace.line(f"half of {have} is {have // 2}")
            have //= 2
        elif kind == 4:
            boxes, each = rng.randint(2, 9), rng.randint(2, 12 * big)
            story.append(f"{a} opens {boxes} boxes with {each} {things} each.")
            have = trace.calc("+", have, trace.calc("*", boxes, each, "boxes "), f"{a} ")
        elif kind == 5 and second is None:
            n = rng.randint(2, 30 * big)
            story.append(f"{b} has {n} more than {a}.")
            second = trace.calc("+", have, n, f"{b} ")
        elif kind == 6 and second is not None:
            story.append(f"{b} gives all {things} to {a}.")
            have, second = trace.calc("+", have, second, f"{a} "), None
        else:
            days, each = rng.randint(2, 7), rng.randint(1, 20 * big)
            story.append(f"Every day for {days} days {a} collects {each}.")
            have = trace.calc("+", have, trace.calc("*", days, each, "days "), f"{a} ")
    if second is not None and rng.random() < 0.6:
        asked = f"How many {things} do {a} and {b} have together?"
        answer = trace.calc("+", have, second, "together ")
    elif level >= 3 and rng.random() < 0.5:
        asked, answer = ask_worth(rng, trace, a, have, things)
    else:
        asked, answer = f"How many {things} does {a} have now?", have
    question = " ".join(story + [asked])
    return question, question, str(answer)


def ask_worth(rng, trace, name, count, things):
    price = rng.randint(2, 9)
    asked = f"Each one costs {price} dollars. How many dollars are the {things} of {name} worth?"
    return asked, trace.calc("*", count, price, "dollars ")


TRUTH = {"and": lambda x, y: x and y, "or": lambda x, y: x or y, "xor": lambda x, y: x != y,
         "implies": lambda x, y: not x or y, "nor": lambda x, y: not (x or y),
         "nand": lambda x, y: not (x and y)}


def letter(value):
    return "T" if value else "F"


def logic(rng, level, trace):
    """A boolean expression; each line does every operation that is ready."""
    size = (2, 3, 4, 6, 8, 11, 15, 20, 28, 40, 56, 80)[level - 1]     # trained up to 20
    names = rng.sample("pqrstuvw", min(size, rng.randint(2, 6)) if size > 2 else 2)
    value = {n: rng.random() < 0.5 for n in names}

    def build(k):
        if k == 1:
            leaf = rng.choice(names)
            return leaf if rng.random() < 0.6 else ("not", leaf)
        left = rng.randint(1, k - 1)
        op = rng.choice(("and", "or", "xor", "implies") if 1 < level < 5
                        else tuple(TRUTH) if level > 1 else ("and", "or"))
        tree = (op, build(left), build(k - left))
        return ("not", tree) if rng.random() < 0.12 else tree
    tree = build(size)
    key = ", ".join(f"{n}={letter(value[n])}" for n in names) + " | " + formula(tree)
    question = rng.choice(("Let {}. Evaluate {}.", "With {}, what is {}?",
                           "Suppose {}. Is this true: {}?")).format(*key.split(" | "))
    tree = substitute(tree, value)
    if level < 5:                       # from level 5 on the first line is already one step further
        trace.line(formula(tree))
    while not isinstance(tree, bool):
        path = rng.choice(ready(tree, ()))
        node = at(tree, path)
        after = reduced(tree)
        right = formula(after)
        wrong = formula(reduced(replace(tree, path, ("not", apply(node)))) if path
                        else not after)
        text = f"{formula(node)} is {letter(apply(node))}"
        trace.start(trace.word("rest"))
        trace.value("", right, lambda: wrong, [lambda w: (f"{text}:", w != right)])
        tree = after
    return question, key, "true" if tree else "false"


def apply(node):
    return not node[1] if node[0] == "not" else TRUTH[node[0]](node[1], node[2])


def reduced(tree):
    """Every operation whose operands are known, done at once."""
    if isinstance(tree, bool):
        return tree
    if all(isinstance(t, bool) for t in tree[1:]):
        return apply(tree)
    return (tree[0],) + tuple(reduced(t) for t in tree[1:])


def formula(tree, top=True):
    if isinstance(tree, bool):
        return letter(tree)
    if isinstance(tree, str):
        return tree
    if tree[0] == "not":
        return "not " + formula(tree[1], False)
    text = f"{formula(tree[1], False)} {tree[0]} {formula(tree[2], False)}"
    return text if top else f"({text})"


def substitute(tree, value):
    if isinstance(tree, str):
        return value[tree]
    return (tree[0],) + tuple(substitute(t, value) for t in tree[1:])


def ready(tree, path):
    """Paths of nodes all of whose operands are known."""
    if isinstance(tree, bool):
        return []
    if all(isinstance(t, bool) for t in tree[1:]):
        return [path]
    return [p for i, t in enumerate(tree[1:], 1) for p in ready(t, path + (i,))]


def at(tree, path):
    for i in path:
        tree = tree[i]
    return tree


def replace(tree, path, new):
    if not path:
        return new
    i = path[0]
    return tree[:i] + (replace(tree[i], path[1:], new),) + tree[i + 1:]
