#!/usr/bin/env python3
"""Verdicts of evalplus's own grader on solutions, right and wrong: the canonical ones of HumanEval+
and MBPP+, mutants of them, and what people write instead (other types, near misses).

    python3 -m venv VENV && VENV/bin/pip install evalplus==0.3.1
    nice VENV/bin/python tests/evals/make_code_verdicts.py SUITES OUT.jsonl.xz

SUITES: a folder with HumanEvalPlus.jsonl.gz and MbppPlus.jsonl.gz as published. A line of OUT:
task, the solution as a change of the task's first one ([first line, number of lines removed, lines
put there]), and whether evalplus passes it on the base inputs and on the others. Made with evalplus 0.3.1,
numpy 2.4.6, CPython 3.11.7. Solutions that are near a limit of time are left out.
"""
import ast
import gzip
import json
import lzma
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from evalplus.data.mbpp import mbpp_deserialize_inputs
from evalplus.eval import PASS, untrusted_check
from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS
from evalplus.gen.util import trusted_exec

MUTANTS = 3           # of each solution
SLOWEST = 0.2         # seconds of the canonical solution on all inputs
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Div, ast.Div: ast.FloorDiv,
         ast.Mod: ast.FloorDiv, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
         ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In}
WRAPPERS = [  # what is done to the result
    "tuple(r) if isinstance(r, list) else list(r) if isinstance(r, tuple) else r",
    "float(r) if type(r) is int else int(r) if type(r) is float and r == r and abs(r) < 1e300 else r",
    "r + 1e-7 if isinstance(r, float) else r", "r + 1e-5 if isinstance(r, float) else r",
    "[x + 1e-9 if isinstance(x, float) else x for x in r] if isinstance(r, list) else r",
    "sorted(r) if isinstance(r, list) else r", "list(dict.fromkeys(r)) if isinstance(r, (list, tuple)) else r",
    "set(r) if isinstance(r, (list, tuple)) else r", "iter(r) if isinstance(r, (list, tuple, str)) else r",
    "int(r) if isinstance(r, bool) else r", "bool(r) if isinstance(r, int) else r", "str(r)", "None", "r or None",
    "[r]", "__import__('collections').OrderedDict(r) if isinstance(r, dict) else r",
    "type('S', (str,), {})(r) if isinstance(r, str) else r", "type('L', (list,), {})(r) if isinstance(r, list) else r",
    "__import__('fractions').Fraction(r) if type(r) in (int, float) and abs(r) < 1e300 else r",
    "__import__('collections').Counter(r) if isinstance(r, dict) else r", "r.keys() if isinstance(r, dict) else r",
    "complex(r) if type(r) in (int, float) else r", "print(r)", "__import__('sys').exit()",
    "r[::-1] if isinstance(r, (list, tuple, str)) else r", "abs(r) if type(r) in (int, float) else r",
]


class Mutation(ast.NodeTransformer):
    """Changes the `at`-th place that can be changed."""

    def __init__(self, at):
        self.left = at

    def visit(self, node):
        self.generic_visit(node)
        if isinstance(node, ast.BinOp) and type(node.op) in SWAPS and self.here():
            node.op = SWAPS[type(node.op)]()
        elif isinstance(node, ast.BoolOp) and self.here():
            node.op = SWAPS[type(node.op)]()
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS and self.here():
            node.ops[0] = SWAPS[type(node.ops[0])]()
        elif isinstance(node, ast.Constant) and type(node.value) is int and self.here():
            return ast.Constant(node.value + 1)
        elif isinstance(node, ast.Return) and node.value and self.here():
            return ast.Return(ast.Constant(None))
        elif isinstance(node, ast.If) and self.here():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        return node

    def here(self):
        self.left -= 1
        return self.left == -1


def places(tree):
    count = Mutation(1 << 30)
    count.visit(tree)
    return (1 << 30) - count.left


def solutions(program, entry, rng):
    canonical = ast.unparse(ast.parse(program))
    yield canonical
    total = places(ast.parse(program))
    for at in rng.sample(range(total), min(MUTANTS, total)):
        yield ast.unparse(ast.fix_missing_locations(Mutation(at).visit(ast.parse(program))))
    wrapper = rng.choice(WRAPPERS)
    yield canonical + f"\n_inner = {entry}\ndef {entry}(*a):\n    r = _inner(*a)\n    return {wrapper}"


def change(before, after):
    a, b = before.split("\n"), after.split("\n")
    first = 0
    while first < min(len(a), len(b)) and a[first] == b[first]:
        first += 1
    last = 0
    while last < min(len(a), len(b)) - first and a[-1 - last] == b[-1 - last]:
        last += 1
    return [first, len(a) - last - first, b[first:len(b) - last]]


def grade(job):
    dataset, row, solution, expected = job
    start, verdicts = time.time(), []
    for kind in ("base", "plus"):
        status, _ = untrusted_check(dataset, solution, row[kind + "_input"], row["entry_point"], expected[kind],
                                    row["atol"], expected[kind + "_time"], fast_check=True)
        verdicts.append(status)
    return [int(v == PASS) for v in verdicts], "timeout" in verdicts or time.time() - start > 8


def suite(path, dataset):
    for line in gzip.open(path, "rt"):
        row = json.loads(line)
        program, expected = row["prompt"] + row["canonical_solution"], {}
        if dataset == "mbpp":
            for kind in ("base_input", "plus_input"):
                row[kind] = mbpp_deserialize_inputs(row["task_id"], row[kind])
        if row["task_id"] in ("Mbpp/255",):  # a gigabyte of results
            continue
        not_none = dataset == "mbpp" and row["entry_point"] in MBPP_OUTPUT_NOT_NONE_TASKS
        for kind in ("base", "plus"):
            expected[kind], expected[kind + "_time"] = trusted_exec(program, row[kind + "_input"], row["entry_point"],
                                                                    record_time=True, output_not_none=not_none)
        if sum(expected["base_time"]) + sum(expected["plus_time"]) < SLOWEST:
            yield row, program, expected


def main():
    folder, out = Path(sys.argv[1]), sys.argv[2]
    rng, jobs = random.Random(1), []
    for file, dataset in (("HumanEvalPlus.jsonl.gz", "humaneval"), ("MbppPlus.jsonl.gz", "mbpp")):
        for row, program, expected in suite(folder / file, dataset):
            jobs += [(dataset, row, s, expected) for s in dict.fromkeys(solutions(program, row["entry_point"], rng))]
    print(len(jobs), "solutions", flush=True)
    lines, late, first = [], 0, {}
    with ProcessPoolExecutor(2) as pool:
        for (_, row, solution, _), (verdicts, slow) in zip(jobs, pool.map(grade, jobs, chunksize=8)):
            late += slow
            if not slow:
                task = row["task_id"]
                lines.append(json.dumps([task, change(first.get(task, ""), solution), *verdicts]))
                first.setdefault(task, solution)
    with lzma.open(out, "wt", preset=9) as file:
        file.write("\n".join(lines) + "\n")
    print(len(lines), "verdicts,", late, "left out")


if __name__ == "__main__":
    main()
