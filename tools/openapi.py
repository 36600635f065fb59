#!/usr/bin/env python3
"""Puts the API's contract together: src/server/openapi.head.yaml and the <noun>.openapi.yaml beside each noun's routes.

    tools/openapi.py [FILE [HEAD NOUN…]]     writes the whole document, to standard output if no file is named

Of the files that are named, else of all there are; a build names them, so that it notices when one is gone.

By text, so that what people wrote, comments and all, is what is served: a noun's file has the sections `paths:` and, if
it has types of its own, `components:` with `  schemas:` in it, indented as in the whole document; the head has all
others. What stands twice is an error. Python's standard library alone.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
HEAD = "src/server/openapi.head.yaml"
NOUNS = ("src/*/*.openapi.yaml", "src/*/*/*.openapi.yaml")
SECTIONS = {("paths:",): "  ", ("components:", "  schemas:"): "    "}  # of nouns, and how far in their keys stand


def sources(root=ROOT):
    return [root / HEAD, *sorted(path for pattern in NOUNS for path in root.glob(pattern))]


def sections(text, name):
    """{section: its lines} of a file; a section is named by the lines that lead to it."""
    found, at = {}, ()
    for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
        if re.match(r"[a-z]", line) or (at[:1] == ("components:",) and re.match(r"  [a-z]", line)):
            at = (at[0], line) if line.startswith(" ") else (line,)
            found.setdefault(at, [])
        elif at:
            found[at].append(line)
        elif line and not line.startswith("#"):
            raise ValueError(f"{name}:{number}: stands in no section: {line}")
    return found


def merged(root=ROOT, files=()):
    head, *nouns = files or sources(root)
    whole = sections(head.read_text(), head.name)
    seen = {}
    for path in [head, *nouns]:
        parts = sections(path.read_text(), path.name)
        for section, lines in parts.items():
            if path != head and section not in (("components:",), *SECTIONS):
                raise ValueError(f"{path.name}: {section[-1].strip()} belongs into {HEAD}")
            indent = SECTIONS.get(section, "")
            for key in (line for line in lines if indent and re.match(rf"{indent}[^\s#]", line)):
                if (key := key.split(":")[0].strip()) in seen:
                    raise ValueError(f"{path.name}: {key} stands in {seen[key]} already")
                seen[key] = path.name
            if path != head:
                whole[section] += lines
    return "".join(f"{line}\n" for section, lines in whole.items() for line in [section[-1], *lines])


def main():
    try:
        text = merged(files=[pathlib.Path(name) for name in sys.argv[2:]])
    except ValueError as problem:
        sys.exit(str(problem))
    if len(sys.argv) > 1:
        pathlib.Path(sys.argv[1]).write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
