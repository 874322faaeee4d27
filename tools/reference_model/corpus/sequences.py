"""Families over programs and lists: vars, lists, code. Levels 1 to 8 (see numbers.py)."""
import re


def vars_(rng, level, trace):
    """A straight-line program with lines that do not matter; evaluate one variable."""
    count = (3, 5, 7, 9, 12, 15, 18, 22)[level - 1]
    names = rng.sample("abcdefghijklmnopqrstuvwxyz", count)
    value, reads, lines = {}, {}, {}
    for i, name in enumerate(names):
        near = rng.choice(names[max(0, i - 3):i]) if i else None
        kind = rng.random()
        if i == 0 or rng.random() < 0.12:
            operation = (rng.randint(1, 30 if level < 6 else 99),)
        elif kind < 0.45 and i > 1:
            operation = (rng.choice("+-"), near, rng.choice([n for n in names[:i] if n != near]))
        elif kind < 0.6 and abs(value[near]) < 60:
            operation = ("*", near, rng.randint(2, 5))
        else:
            operation = (rng.choice("+-"), near, rng.randint(1, 40 if level < 6 else 199))
        value[name] = evaluate(operation, value)
        reads[name] = [x for x in operation[1:] if isinstance(x, str)]
        lines[name] = (operation, f"{name}=" + (str(operation[0]) if len(operation) == 1 else
                                                f"{operation[1]}{operation[0]}{operation[2]}"))
    target = names[-1] if rng.random() < 0.7 else rng.choice(names[count // 2:])
    program = "; ".join(lines[n][1] for n in names)
    question = rng.choice(("Run this program: {}. What is {}?", "Given {}. Find {}.",
                           "After {}, what is the value of {}?")).format(program, target)
    needed, found = {target}, [target]
    for name in found:                                  # backwards from what is asked
        fresh = [r for r in reads[name] if r not in needed]
        found += fresh
        needed.update(fresh)
    trace.line(trace.choose(("need ", "look up ", "trace back ")))
    trace.say("; ".join(lines[name][1] for name in found))
    order = [n for n in names if n in needed]
    for name in evaluation_order(rng, order, reads):
        operation, text = lines[name]
        if len(operation) == 1:
            trace.line(text)
            continue
        op, a, b = operation
        trace.calc(op, value[a], value[b] if isinstance(b, str) else b, f"{text}: ")
    return question, f"{program}?{target}", str(value[target])


def evaluate(operation, value):
    if len(operation) == 1:
        return operation[0]
    op, a, b = operation
    x, y = value[a], value[b] if isinstance(b, str) else b
    return {"+": x + y, "-": x - y, "*": x * y}[op]


def evaluation_order(rng, order, reads):
    """The program order, with neighbours that do not depend on each other swapped now and then."""
    order = list(order)
    for i in range(len(order) - 1):
        if order[i] not in reads[order[i + 1]] and rng.random() < 0.3:
            order[i], order[i + 1] = order[i + 1], order[i]
    return order


LIST_STEPS = ("even", "odd", "greater", "less", "ascending", "descending", "reverse", "add",
              "multiply", "first", "last", "unique")


def show(xs):
    return "[" + ",".join(map(str, xs)) + "]"


def lists(rng, level, trace):
    """A pipeline of list operations; the list is written after every step."""
    length = (4, 5, 7, 8, 10, 12, 13, 14)[level - 1]
    steps = (1, 2, 2, 3, 4, 5, 6, 7)[level - 1]
    xs = [rng.randint(1, (20, 50, 99, 99, 99, 99, 199, 399)[level - 1]) for _ in range(length)]
    if rng.random() < 0.3:
        xs[rng.randrange(length)] = xs[rng.randrange(length)]
    start, described = list(xs), []
    trace.line(show(xs))
    for _ in range(steps):
        text, xs, marks = list_step(rng, rng.choice(LIST_STEPS), xs, trace)
        described.append(text)
        trace.line(text)
        if marks:
            trace.say(": " + marks)
        trace.start()
        after = list(xs)

        def wrong():
            bad = list(after)
            i = rng.randrange(len(bad))
            if len(bad) > 1 and rng.random() < 0.5:
                del bad[i]
            else:
                bad[i] += rng.choice((1, -1, 10, -10))
            return show(bad)

        def count_and_ends(written):
            values = written[1:-1].split(",")
            right = show(after)
            return (f"{len(values)} numbers, want {len(after)}, "
                    f"sum of last digits {sum(int(v[-1]) for v in values)}:", written != right)
        trace.value("", show(xs), wrong, [count_and_ends])
    asked, answer = list_question(rng, level, xs, trace)
    question = rng.choice(("Start with {}. Then {}.", "Take the list {}. First {}.",
                           "Given {}, {}.")).format(show(start), ", then ".join(described + [asked]))
    return question, show(start) + ",".join(described) + asked, answer


def list_step(rng, step, xs, trace):
    if step in ("even", "odd", "greater", "less"):
        limit = rng.randint(10, 60)
        keep = {"even": lambda v: v % 2 == 0, "odd": lambda v: v % 2 == 1,
                "greater": lambda v: v > limit, "less": lambda v: v < limit}[step]
        text = {"even": "keep the even numbers", "odd": "keep the odd numbers",
                "greater": f"keep numbers greater than {limit}",
                "less": f"keep numbers less than {limit}"}[step]
        if any(map(keep, xs)):
            words = trace.choose((("yes", "no"), ("keep", "drop"), ("in", "out")))
            marks = " ".join(f"{v} {words[0] if keep(v) else words[1]}" for v in xs)
            return text, [v for v in xs if keep(v)], marks
        step = "reverse"
    if step in ("first", "last"):
        if len(xs) < 3:
            step = "reverse"
        else:
            count = rng.randint(2, len(xs) - 1)
            return (f"take the {step} {count} numbers",
                    xs[:count] if step == "first" else xs[-count:], "")
    amount = rng.randint(2, 30) if step == "add" else rng.randint(2, 4)
    return {
        "ascending": ("sort ascending", sorted(xs), ""),
        "descending": ("sort descending", sorted(xs, reverse=True), ""),
        "reverse": ("reverse the list", xs[::-1], ""),
        "unique": ("remove duplicates", list(dict.fromkeys(xs)), ""),
        "add": (f"add {amount} to each number", [v + amount for v in xs], ""),
        "multiply": (f"multiply each number by {amount}", [v * amount for v in xs], ""),
    }[step]


def list_question(rng, level, xs, trace):
    kinds = ("list", "sum", "largest", "smallest", "count", "range")
    kind = rng.choice(kinds if level > 1 else ("list", "largest", "smallest", "count"))
    if kind == "list":
        return "report the list", show(xs)
    if kind == "sum":
        total = xs[0]
        for v in xs[1:]:
            total = trace.calc("+", total, v)
        return "report the sum", str(total)
    if kind == "range":
        return "report the largest minus the smallest", str(trace.calc("-", max(xs), min(xs)))
    value = {"largest": max(xs), "smallest": min(xs), "count": len(xs)}[kind]
    trace.line(f"{kind} {value}")
    asked = "report how many numbers are left" if kind == "count" else f"report the {kind}"
    return asked, str(value)


# ---- code: name -> (wording, Python line); {k} is a number
CODE_STEPS = {
    "even": ("keep the even numbers", "xs=[x for x in xs if x%2==0]"),
    "odd": ("keep the odd numbers", "xs=[x for x in xs if x%2==1]"),
    "greater": ("keep numbers greater than {k}", "xs=[x for x in xs if x>{k}]"),
    "less": ("keep numbers less than {k}", "xs=[x for x in xs if x<{k}]"),
    "add": ("add {k} to each number", "xs=[x+{k} for x in xs]"),
    "subtract": ("subtract {k} from each number", "xs=[x-{k} for x in xs]"),
    "multiply": ("multiply each number by {k}", "xs=[x*{k} for x in xs]"),
    "modulo": ("take each number modulo {k}", "xs=[x%{k} for x in xs]"),
    "square": ("square each number", "xs=[x*x for x in xs]"),
    "negate": ("negate each number", "xs=[-x for x in xs]"),
    "absolute": ("take absolute values", "xs=[abs(x) for x in xs]"),
    "ascending": ("sort ascending", "xs=sorted(xs)"),
    "descending": ("sort descending", "xs=sorted(xs,reverse=True)"),
    "reverse": ("reverse the list", "xs=xs[::-1]"),
    "first": ("take the first {k} numbers", "xs=xs[:{k}]"),
    "drop": ("drop the first {k} numbers", "xs=xs[{k}:]"),
    "second": ("take every second number", "xs=xs[::2]"),
    "unique": ("remove duplicates", "xs=list(dict.fromkeys(xs))"),
    "running": ("replace the list by its running sums",
                "xs=[sum(xs[:i+1]) for i in range(len(xs))]"),
    "differences": ("take differences of neighbours", "xs=[b-a for a,b in zip(xs,xs[1:])]"),
}
CODE_ENDS = {
    "list": ("return the list", "return xs"),
    "sum": ("return the sum", "return sum(xs)"),
    "length": ("return the length", "return len(xs)"),
    "maximum": ("return the maximum, or 0 if empty", "return max(xs) if xs else 0"),
    "minimum": ("return the minimum, or 0 if empty", "return min(xs) if xs else 0"),
    "join": ('return the numbers joined by "{s}"', 'return "{s}".join(str(x) for x in xs)'),
    "range": ("return the maximum minus the minimum, or 0 if empty",
              "return max(xs)-min(xs) if xs else 0"),
    "count": ("return how often {k} occurs", "return xs.count({k})"),
}
FUNCTION_NAMES = "solve run work calc proc make build apply".split()
BUILTINS = {f.__name__: f for f in (sorted, dict, list, abs, sum, range, len, zip, max, min, str,
                                    reversed, set)}


def apply_step(line, xs):
    return eval(line[3:], {"__builtins__": BUILTINS, "xs": xs})


def code(rng, level, trace):
    """A specification to a Python function; from level 4 on, steps are hidden behind an example."""
    count = (1, 2, 3, 2, 3, 4, 4, 5)[level - 1]
    hidden_count = (0, 0, 0, 1, 1, 1, 2, 2)[level - 1]
    while True:
        steps = [code_step(rng) for _ in range(count)]
        hidden = sorted(rng.sample(range(count), hidden_count))
        states = [[rng.randint(1, 20) for _ in range(5 + rng.randrange(2))]]
        for _, line in steps:
            states.append(apply_step(line, states[-1]))
        clear = all(len(states[j]) >= 3 and states[j] != states[j + 1] for j in hidden)
        if not hidden or (clear and states[-1] and all(abs(v) < 1000 for v in states[-1])):
            break
    end = rng.choice(list(CODE_ENDS)) if level not in (4, 5) else "list"
    fill = {"k": rng.randint(0, 9), "s": rng.choice("-,+/")}
    end_text, end_line = (part.format(**fill) for part in CODE_ENDS[end])
    name = rng.choice(FUNCTION_NAMES)
    described = [text for text, _ in steps]
    examples = []
    for number, j in enumerate(hidden):
        label = "one hidden step" if hidden_count == 1 else f"hidden step {'AB'[number]}"
        described[j] = label
        examples.append(f" {label[0].upper()}{label[1:]} turns {show(states[j])} into "
                        f"{show(states[j + 1])}.")
        infer_step(rng, trace, steps[j][0], states[j], states[j + 1])
    wording = rng.choice(("Write a Python function {}(xs): {}.",
                          "Define {}(xs) in Python that does this: {}.",
                          "In Python, write {}(xs) to {}."))
    question = wording.format(name, ", then ".join(described + [end_text])) + "".join(examples)
    if not hidden or trace.choose((True, False)):
        for i, (text, _) in enumerate(steps):
            trace.line(f"{i + 1}: {text}")
    if trace.choose((True, False)):
        xs = [rng.randint(1, 20) for _ in range(4)]
        trace.line(trace.choose(("try ", "run ", "on ")) + show(xs))
        for _, line in steps:
            xs = apply_step(line, xs)
            trace.line(show(xs))
    body = "".join(f"    {line}\n" for _, line in steps)
    answer = f"```python\ndef {name}(xs):\n{body}    {end_line}\n```"
    return question, ";".join(line for _, line in steps) + end_line + str(hidden), answer


def code_step(rng):
    step = rng.choice(list(CODE_STEPS))
    k = (rng.randint(2, 3) if step in ("first", "drop")
         else rng.randint(2, 9) if step in ("multiply", "modulo") else rng.randint(1, 20))
    text, line = CODE_STEPS[step]
    return text.format(k=k), line.format(k=k)


def infer_step(rng, trace, text, before, after):
    """Compare the example's two lists, try a wrong step now and then, then the right one."""
    trace.line(f"{show(before)} to {show(after)}")
    if len(before) == len(after):
        changes = " ".join(str(b - a) for a, b in zip(before, after))
        trace.line(trace.choose(("same length, changes ", "changes ", "differences ")) + changes)
    else:
        trace.line(f"length {len(before)} to {len(after)}")
    if rng.random() < 0.35:
        other, line = code_step(rng)
        result = apply_step(line, before)
        if result != after:
            trace.line(f"{trace.choose(('try ', 'maybe ', 'is it '))}{other}: {show(result)} "
                       + trace.word("fail"))
    trace.line(f"{trace.choose(('try ', 'maybe ', 'is it '))}{text}: {show(after)} "
               + trace.word("pass"))


def code_tests(rng, answer):
    """Hidden tests of a gold answer: inputs and outputs."""
    inputs = [[], [1], [5, 5, 2, 8]]
    inputs += [[rng.randint(-20, 40) for _ in range(rng.randint(3, 9))] for _ in range(12)]
    return [[xs, call(answer, xs)] for xs in inputs]


def call(answer, xs):
    found = re.search(r"```python\n(.*?)```", answer, re.S)
    source = found.group(1)
    if "import" in source or "__" in source or "while" in source:
        raise ValueError("forbidden word")
    name = re.search(r"def (\w+)\(", source).group(1)
    scope = {"__builtins__": BUILTINS}
    exec(source, scope)
    return scope[name](list(xs))


def grade_code(tests, answer):
    """Whether the answer gives every hidden test's output. A restricted table of builtins."""
    try:
        return all(call(answer, xs) == want for xs, want in tests)
    except Exception:            # any failure of the model's program is a wrong answer
        return False
