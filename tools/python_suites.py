"""HumanEval+ and MBPP+ as the grader `python-calls` reads them, from evalplus's published files.

Inputs become JSON texts (they hold integers beyond 64 bits, and Infinity), in which the types that
JSON lacks are tagged: {"__tuple__": [...]}, {"__set__": [...]}, {"__complex__": "1+2j"}. Which
inputs have them, and the special oracles, are evalplus 0.3.1's (Apache-2.0): evalplus/data/mbpp.py,
evalplus/eval/__init__.py, evalplus/eval/_special_oracle.py.
"""

import json

KEPT = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input", "atol")

SETS = ("similar_elements find_char_long common_in_nested_lists extract_singly larg_nnum "
        "intersection_array find_dissimilar Diff").split()
NOT_NONE = ("check_str", "text_match_three", "text_starta_endb")
COMPARISONS = {**dict.fromkeys(SETS, "set"), **dict.fromkeys(NOT_NONE, "not_none"),
               "are_equivalent": "any", "find_zero": "root"}

# Further solutions: results that evalplus accepts beside those of the canonical one.
ALTERNATIVES = {
    "sum_div": "def sum_div(number):\n    return 0\n",
    "surface_Area": """import math
def surface_Area(base_edge, height):
    slant_height = math.sqrt((base_edge / 2) ** 2 + height**2)
    return round(base_edge**2 + 4 * (base_edge * slant_height) / 2)
""",
    "digit_distance_nums": """def digit_distance_nums(num1, num2):
    a, b = str(num1), str(num2)
    size = max(len(a), len(b))
    return sum(abs(int(x) - int(y)) for x, y in zip(a.zfill(size), b.zfill(size)))
""",
}


def tuple_of(items):
    return {"__tuple__": list(items)}


def tuples(lists):
    return [tuple_of(item) for item in lists]


def all_tuples(value):
    return tuple_of(map(all_tuples, value)) if isinstance(value, list) else value


def set_or_dict(value):
    return {"__set__": value} if isinstance(value, list) and value else {}


def number(value):
    return {"__complex__": str(complex(value))}


# How a call's arguments become what MBPP's solutions expect, by task.
RULES = [
    ((2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726,
      740, 744, 809), tuples),
    ((63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780),
     lambda call: [tuples(lists) for lists in call]),
    ((75, 413, 444, 753), lambda call: [tuples(call[0]), call[1]]),
    ((106, 750), lambda call: [call[0], tuple_of(call[1])]),
    ((115,), lambda call: [[set_or_dict(item) for item in call[0]]]),
    ((124,), lambda call: [float(call[0]), number(call[1])]),
    ((250, 405, 446, 617, 720, 763, 808), lambda call: [tuple_of(call[0]), call[1]]),
    ((259, 401, 445), lambda call: [tuple_of(tuples(lists)) for lists in call]),
    ((278,), lambda call: [[tuple_of(i) if isinstance(i, list) else i for i in call[0]]]),
    ((307,), lambda call: [tuple_of(call[0]), call[1], call[2]]),
    ((722,), lambda call: [{key: tuple_of(v) for key, v in call[0].items()}, *call[1:]]),
    ((252,), lambda call: [number(call[0])]),
    ((580, 615, 791), lambda call: [all_tuples(item) for item in call]),
]
MBPP_RULES = {task: rule for tasks, rule in RULES for task in tasks}


def rule_of(task_id):
    suite, task = task_id.split("/")
    return MBPP_RULES.get(int(task), list) if suite == "Mbpp" else list


def plus_rows(rows):
    """Rows of HumanEvalPlus.jsonl or MbppPlus.jsonl."""
    for row in rows:
        rule, entry = rule_of(row["task_id"]), row["entry_point"]
        made = {key: row[key] for key in KEPT}
        for key in ("base_input", "plus_input"):
            made[key] = json.dumps([rule(call) for call in row[key]], separators=(",", ":"))
        if entry in COMPARISONS:
            made["comparison"] = COMPARISONS[entry]
        if entry in ALTERNATIVES:
            made["alternative"] = ALTERNATIVES[entry]
        yield made
