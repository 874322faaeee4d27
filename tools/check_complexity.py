#!/usr/bin/env python3
"""The complexity budget: lines a file, lines a function, lines of the newcomer's reading path; and that
ARCHITECTURE.md names the folders of src/, and none that does not exist. Exceptions stand here, each with its reason."""
import pathlib
import re
import sys

ASK_AT, STOP_AT, FUNCTION_STOP, PATH_STOP = 400, 600, 60, 1500
LONGER_FILES = {  # path: why it is longer than ASK_AT
    "src/ops/reference.cpp": "every operation once, to be read beside backend.h",
}
LONGER_FUNCTIONS = {}  # "path:function": why it is longer than FUNCTION_STOP

root = pathlib.Path(__file__).resolve().parent.parent
problems, modules, longest = [], {}, (0, "", "")


def functions(lines):
    """(name, lines) of each definition that opens at the left margin or in a class, by its closing brace."""
    start = None
    for number, line in enumerate(lines):
        if start is None:
            opened = re.match(r"^( {0,2})(?!namespace|class|struct|enum|union|using|if|for|while|switch|return|else|const \w+ \w+\[)"
                              r"[\w:<>,&*~\[\] ].*?([\w:~]+|operator\S+)\(", line)
            if opened and not line.rstrip().endswith(";"):
                start = (number, opened[1], opened[2])
        if start is not None:
            if line == start[1] + "}":
                yield start[2], number - start[0] + 1
                start = None
            elif line.rstrip().endswith(";") and not line.startswith(start[1] + " ") or line == start[1] + "};":
                start = None


for path in sorted([*(root / "src").rglob("*"), *(root / "apps").glob("*")]):
    if path.suffix not in {".h", ".cpp", ".cu", ".cuh"}:
        continue
    name, lines = str(path.relative_to(root)), path.read_text().splitlines()
    if not path.stem.endswith("_test"):
        module = "/".join(name.split("/")[:2]) if name.startswith("src") else "apps"
        modules[module] = modules.get(module, 0) + len(lines)
        for function, length in functions(lines):
            longest = max(longest, (length, name, function))
            if length > FUNCTION_STOP and f"{name}:{function}" not in LONGER_FUNCTIONS:
                problems.append(f"{name}: {function} has {length} lines, stop at {FUNCTION_STOP}")
    if len(lines) > STOP_AT or (len(lines) > ASK_AT and name not in LONGER_FILES):
        problems.append(f"{name}: {len(lines)} lines, ask at {ASK_AT}, stop at {STOP_AT}")

architecture = (root / "ARCHITECTURE.md").read_text()
named = set(re.findall(r"^\| `([a-z0-9_/]+)/`", architecture, re.M))
existing = {str(path.parent.relative_to(root)) for path in (root / "src").rglob("*.cpp")}
problems += [f"ARCHITECTURE.md names {folder}/, which does not exist" for folder in sorted(named) if not (root / folder).is_dir()]
problems += [f"ARCHITECTURE.md has no row for {folder}/" for folder in sorted(existing - named)]
path_files = ["README.md", "ARCHITECTURE.md"]
path_files += ["src/" + f for f in re.findall(r"`([a-z0-9_/]+\.(?:h|cpp))`", architecture.split("## Reading order")[1])]
path_lines = sum(len((root / f).read_text().splitlines()) for f in path_files)
if path_lines > PATH_STOP:
    problems.append(f"the reading path has {path_lines} lines, stop at {PATH_STOP}: {' '.join(path_files)}")

print("lines:", ", ".join(f"{m} {n}" for m, n in modules.items()))
print(f"reading path {path_lines} of {PATH_STOP}; longest function {longest[2]} ({longest[1]}), {longest[0]} lines")
print("\n".join(problems))
sys.exit(bool(problems))
