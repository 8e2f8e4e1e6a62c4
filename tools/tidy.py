#!/usr/bin/env python3
"""The rules of the code, checked: file and function length, line length, what a folder may include, banned calls; and that
no Python file defines one name twice, since the first of two tests would never run."""
import glob
import os
import re
import sys

MAX_FILE, MAX_FUNCTION, MAX_LINE = 800, 70, 100
problems = []


def layers():
    allowed, above = {}, []
    for line in open("src/LAYERS"):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, rest = (x.strip() for x in line.split(":", 1))
        allowed[name] = set(above) if rest == "*" else set(rest.split())
        allowed[name].add(name)
        above.append(name)
    return allowed


def function_lengths(path, lines):
    start, depth, name = None, 0, ""
    for i, line in enumerate(lines, 1):
        text = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', "", line)
        if depth == 0 and re.match(r"^[A-Za-z_].*\)\s*\{", text) and not text.startswith(("typedef", "struct", "enum", "extern", "namespace")):
            start, name = i, text.split("(")[0].split()[-1].lstrip("*")
        depth += text.count("{") - text.count("}")
        if depth == 0 and start:
            if i - start + 1 > MAX_FUNCTION:
                problems.append(f"{path}:{start}: function {name} has {i - start + 1} lines, {MAX_FUNCTION} are allowed")
            start = None


def check(path, allowed):
    folder = path.split("/")[1]
    lines = open(path).read().split("\n")
    if len(lines) > MAX_FILE:
        problems.append(f"{path}: {len(lines)} lines, {MAX_FILE} are allowed")
    for i, line in enumerate(lines, 1):
        if len(line) > MAX_LINE and not path.endswith(".def"):
            problems.append(f"{path}:{i}: {len(line)} columns, {MAX_LINE} are allowed")
        m = re.match(r'#include "([a-z_]+)/', line)
        if m and m.group(1) not in ("spark", "delta") and m.group(1) not in allowed.get(folder, set()) and os.path.isdir("src/" + m.group(1)):
            problems.append(f"{path}:{i}: {folder}/ may not include {m.group(1)}/ (src/LAYERS)")
        if folder not in ("base", "app", "wire") and re.search(r"(?<![\w.])(strcpy|strcat|sprintf|atoi|atol|gets)\(", line):
            problems.append(f"{path}:{i}: banned call")
        if re.search(r"/work/|/opt/dev|\.\./shared", line):
            problems.append(f"{path}:{i}: a private path")
    if path.endswith(".c"):
        function_lengths(path, lines)


def defined_once(path):
    seen = set()
    for i, line in enumerate(open(path), 1):
        m = re.match(r"(?:def|class) (\w+)", line)
        if m and m.group(1) in seen:
            problems.append(f"{path}:{i}: {m.group(1)} is defined twice")
        seen.add(m and m.group(1))


def main():
    allowed = layers()
    for path in sorted(glob.glob("src/*/*.[ch]") + glob.glob("src/*/*.def")):
        check(path, allowed)
    for path in sorted(glob.glob("test/**/*.py", recursive=True) + glob.glob("tools/*.py") + glob.glob("bench/*.py")):
        defined_once(path)
    for p in problems:
        print(p)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
