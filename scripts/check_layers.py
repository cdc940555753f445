#!/usr/bin/env python3
"""Checks that every include of ours goes down the layers.

The allowed dependencies are those that each module's CMakeLists.txt names in scones_module(); this
script also holds those to the table below, so that a new arrow is a decision and not an accident.
"""
import pathlib
import re
import sys

ALLOWED = {
    "base": set(),
    "io": {"base"},
    "db": {"base", "io"},
    "http": {"base", "io"},
    "auth": {"base", "io"},
    "jsonata": {"base"},
    "asl": {"base", "jsonata"},
    "vision": {"base", "io"},
    "nn": {"base"},
    "objects": {"base", "io", "db", "http", "auth"},
    "workflows": {"base", "io", "db", "asl"},
    "functions": {"base", "io", "db", "http"},
    "training": {"base", "io", "db"},
    "endpoints": {"base", "io", "db", "vision", "nn"},
    "logs": {"base", "io", "db"},
    "events": {"base", "io", "db"},
    "monitoring": {"base", "io", "db", "vision"},
    "client": {"base", "io", "http", "auth"},
    "native": {"base", "io", "http", "functions", "client"},
    "train": {"base", "io", "vision"},
}
SERVICES = {"objects", "workflows", "functions", "training", "endpoints", "logs", "events",
            "monitoring"}
ALLOWED["api"] = {"base", "io", "http", "auth", "asl", "vision"} | SERVICES
ALLOWED["integrations"] = {"base", "io", "http", "asl", "api", "functions", "workflows"}
EVERYTHING_BELOW_PROGRAMS = set(ALLOWED) - {"train", "native"}
ALLOWED["programs"] = EVERYTHING_BELOW_PROGRAMS

INCLUDE = re.compile(r'^\s*#include "([a-z_]+)/(.+)"', re.MULTILINE)
TEST_SUFFIXES = ("_test.cc", "_bench.cc", "_fuzz.cc")


def faults_of(path: pathlib.Path, source: pathlib.Path) -> list[str]:
    module = path.relative_to(source).parts[0]
    found = []
    for match in INCLUDE.finditer(path.read_text()):
        other, rest = match.groups()
        if other == module or other not in ALLOWED:
            continue
        line = path.read_text()[: match.start()].count("\n") + 1
        if other not in ALLOWED.get(module, set()) and not path.name.endswith(TEST_SUFFIXES):
            found.append(f"{path}:{line}: {module} may not include {other}")
        if rest.startswith("detail/"):
            found.append(f"{path}:{line}: {other}/detail is private to {other}")
    return found


def main() -> int:
    source = pathlib.Path(__file__).resolve().parent.parent / "src"
    files = sorted(p for p in source.rglob("*") if p.suffix in (".h", ".cc"))
    modules = {p.relative_to(source).parts[0] for p in files}
    faults = [f"src/{m}: not in the table of scripts/check_layers.py" for m in sorted(modules - set(ALLOWED))]
    for path in files:
        faults += faults_of(path, source)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"layers: {len(files)} files in {len(modules)} modules, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
