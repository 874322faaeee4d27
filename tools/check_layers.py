#!/usr/bin/env python3
"""Fails when a source file includes against the arrows of CMakeLists.txt, or CUDA outside ops/cuda."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
reach = {}
for name, needs in re.findall(r"^quantrial_module\((\w+)([^)]*)\)", (root / "CMakeLists.txt").read_text(), re.M):
    reach[name] = {name}.union(*(reach[n] for n in needs.split()))
bad = []
for path in sorted((root / "src").rglob("*.*")):
    if path.suffix not in {".h", ".cpp", ".cu", ".cuh"}:
        continue
    module = path.relative_to(root / "src").parts[0]
    for line, text in enumerate(path.read_text().splitlines(), 1):
        included = re.match(r'\s*#\s*include\s+(["<])([^">]+)', text)
        if not included:
            continue
        other = included[2].split("/")[0]
        where = f"{path.relative_to(root)}:{line}: "
        if included[1] == '"' and other == "tests":
            if not path.stem.endswith("_test"):
                bad.append(where + f"includes {included[2]}: only tests may")
        elif included[1] == '"' and other not in reach[module]:
            bad.append(where + f"{module} may not include {included[2]} (reaches {', '.join(sorted(reach[module]))})")
        elif "cuda" in included[2].lower() and "ops/cuda" not in str(path) and included[1] == "<":
            bad.append(where + f"includes {included[2]}: CUDA belongs to ops/cuda")
print("\n".join(bad) or f"{len(reach)} modules, no include against the arrows")
sys.exit(bool(bad))
