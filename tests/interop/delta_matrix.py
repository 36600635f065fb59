#!/usr/bin/env python3
"""Runs the features of delta_features.py between Tarn and outside engines, and writes docs/delta-compatibility.md of what was seen.

    tests/interop/delta_matrix.py [--write FILE] [--only TEXT] [--engine NAME]

For each feature and engine four cells: the engine makes the table and Tarn reads it (made_by_engine); Tarn goes on writing and
the engine reads (tarn_goes_on); Tarn makes it and the engine reads (made_by_tarn); the engine goes on and Tarn reads
(engine_goes_on). Rows are compared as multisets, on both sides, and `validate` looks at the table after each. A cell is "yes",
what was refused and by whom, or what is wrong. Needs bin/tarn and `tools/setup --interop`; to be run with .venv/bin/python.
"""

import argparse
import concurrent.futures
import dataclasses
import pathlib
import re
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "support")]

import spark as spark_process  # noqa: E402
import tarn  # noqa: E402
from spark import SparkError  # noqa: E402
from delta_engines import DeltaRs, DuckDb, NotOffered, Refused, Spark, Table, Tarn  # noqa: E402
from delta_features import FEATURES, KNOWN  # noqa: E402

PAGE = ROOT / "docs" / "delta-compatibility.md"
ENGINES = ["Spark", "deltalake", "DuckDB"]
SIDE_BY_SIDE = 4
YES, NONE = "yes", "—"


@dataclasses.dataclass
class Case:
    """What was seen of one feature with one engine."""

    made_by_engine: str = NONE
    tarn_goes_on: str = NONE
    made_by_tarn: str = NONE
    engine_goes_on: str = NONE
    faults: list = dataclasses.field(default_factory=list)  # of Tarn: none may stand

    def cells(self):
        return [self.made_by_engine, self.tarn_goes_on, self.made_by_tarn, self.engine_goes_on]


def words(error):
    """What an error says, in a line that is the same in every run; in ⟨⟩, which the page makes a note of. Tarn's is its id."""
    if isinstance(error, Refused):
        return error.id
    text = str(error)
    named = re.search(r"\[([A-Z][A-Z0-9_.]+)\]", text)
    if named and isinstance(error, SparkError):
        return f"⟨{named.group(1)}⟩"
    text = text.split("\n", 1)[-1] if isinstance(error, SparkError) else text
    text = re.sub(r"(file:)?/\S*/m/\S*", "…", text.strip().split("\n")[0])
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d{9,}\b", "…", text).replace("|", "\\|")
    text = re.sub(r"\[(\w+(?:, \w+)+)\]", lambda names: f"[{', '.join(sorted(names[1].split(', ')))}]", text)  # a set's, in any order
    return f"⟨{text if len(text) <= 160 else text[:158].rstrip() + ' …'}⟩"


def refusal(error):
    if isinstance(error, NotOffered):
        return f"not offered: {error}"
    return f"refused: {words(error)}"


def kind_of(step):
    return step.split()[0] if isinstance(step, str) else step[0].upper().replace("_", " ")


def go_on(engine, table, steps):
    """Runs each step, whatever became of the others. Returns the cell's text of it, and how many were done."""
    done, refused, lacks = [], {}, []
    for step in steps:
        try:
            engine.step(table, step)
            done.append(kind_of(step))
        except NotOffered:
            lacks.append(kind_of(step))
        except Exception as error:
            refused.setdefault(words(error), []).append(kind_of(step))
    if len(done) == len(steps):
        return YES, len(done)
    said = [f"yes: {', '.join(dict.fromkeys(done))}"] if done else []
    if refused:
        said.append("refused: " + ", ".join(f"{', '.join(dict.fromkeys(kinds))} {why}" for why, kinds in refused.items()))
    if lacks:
        said.append(f"not offered: {', '.join(dict.fromkeys(lacks))}")
    return "; ".join(said), len(done)


def make(engine, table):
    """Makes the table of a feature. Returns what the cell has to add, "" or that the feature is not in the log."""
    feature = table.feature
    for step in feature.own.get(engine.name, (("create",), *feature.make)):
        engine.step(table, step)
    if not feature.proof:
        return ""
    if feature.proof.startswith("file:"):
        if engine.name == "tarn":
            engine.validate(table)  # it waits for what is written behind commits
        there = any(table.path.glob(feature.proof.removeprefix("file:")))
    else:
        there = any(re.search(feature.proof, path.read_text()) for path in (table.path / "_delta_log").glob("*.json"))
    return "" if there else feature.instead


def compare(tarn_engine, engine, table, case, expected=None):
    """What both read is the same. Returns the cell's text; what is wrong on Tarn's side is a fault of the case."""
    feature = table.feature
    try:
        mine = tarn_engine.rows(table)
    except Refused as error:
        return f"Tarn {refusal(error)}"
    problems = tarn_engine.validate(table)
    if problems:
        case.faults.append(f"{table.name}: validate: {problems}")
    try:
        theirs = engine.rows(table)
    except Exception as error:
        return refusal(error)
    said = []
    if mine != theirs:
        extra, lost = sorted(set(theirs) - set(mine)), sorted(set(mine) - set(theirs))
        said.append(f"**other rows** ({len(theirs)} for {len(mine)})" if len(theirs) != len(mine) else "**other values**")
        case.faults.append(f"{table.name}: {engine.name} has {extra[:3]}, Tarn {lost[:3]}")
    elif expected is not None and mine != expected:
        case.faults.append(f"{table.name}: both read {mine}, wanted {expected}")
    for where in feature.counts:
        a, b = tarn_engine.count(table, where), engine.count(table, where)
        if a != b:
            said.append(f"**{b} rows, not {a}**, where `{where}`")
            case.faults.append(f"{table.name}: {where}: {engine.name} {b}, Tarn {a}")
    if feature.at is not None and tarn_engine.rows(table, feature.at) != engine.rows(table, feature.at):
        said.append(f"**other rows** at version {feature.at}")
        case.faults.append(f"{table.name}: version {feature.at} differs")
    if isinstance(engine, DeltaRs):
        try:
            if engine.rows_as_arrow(table) != theirs:
                said.append("`to_pyarrow_table`: **other values**")
        except Exception as error:
            said.append(f"`to_pyarrow_table`: {words(error)}")
    return "; ".join([YES] * (mine == theirs) + said)


def with_note(cell, note):
    return f"{cell}; {note}" if note else cell


def forbid(engine, table, tarn_engine, case):
    """Steps that the table forbids: each must fail."""
    taken = []
    for step in table.feature.forbidden:
        try:
            engine.step(table, step)
            taken.append(kind_of(step))
        except NotOffered:
            pass
        except Exception:
            pass
    if taken and engine is tarn_engine:
        case.faults.append(f"{table.name}: Tarn took {taken}, which the table forbids")
    return f"**takes {', '.join(taken)}**, which the table forbids" if taken else ""


def check_changes(engine, table, case):
    if not table.feature.changes or not hasattr(engine, "changes"):
        return ""
    seen = engine.changes(table)
    if seen == table.feature.changes:
        return ""
    case.faults.append(f"{table.name}: changes {seen}, wanted {table.feature.changes}")
    return "**other changes**"


def feature_must(table, said):
    return table.feature.must if said == YES else ()


def half(maker, writer, engine, tarn_engine, table, case):
    """One maker, then the other as a writer. Returns both cells, the rows that stood after each (or None)."""
    try:
        note = make(maker, table)
    except Exception as error:
        if maker is tarn_engine and not isinstance(error, (Refused, NotOffered)):
            case.faults.append(f"{table.name}: {error}")
        return refusal(error), NONE, None, None
    first = compare(tarn_engine, engine, table, case)
    first = first.replace(YES, f"{YES} ({note})", 1) if note else first
    if first.startswith("Tarn refused"):
        return first, NONE, None, None
    made = tarn_engine.rows(table)
    said, done = go_on(writer, table, table.feature.on)
    read = compare(tarn_engine, engine, table, case) if done else YES
    if read.startswith("Tarn refused"):
        case.faults.append(f"{table.name}: {read} what {writer.name} wrote")
    cell = said if read == YES else read if said == YES else f"{said}; read: {read}"
    cell = with_note(cell, forbid(writer, table, tarn_engine, case) if done else "")
    cell = with_note(cell, check_changes(engine, table, case) if said == YES else "")
    for where, rows in feature_must(table, said):
        if (count := tarn_engine.count(table, where)) != rows:
            cell = with_note(cell, f"**{count} rows, not {rows}**, where `{where}`")
            case.faults.append(f"{table.name}: {writer.name} wrote {count} rows, not {rows}, where {where}")
    return first, cell, made, tarn_engine.rows(table) if said == YES and not read.startswith("Tarn refused") else None


def run_case(tarn_engine, engine, feature):
    case = Case()
    name = f"{feature.slug}_{engine.name.lower()}"
    try:
        case.made_by_engine, case.tarn_goes_on, *theirs = half(
            engine, tarn_engine, engine, tarn_engine, Table(tarn_engine.folder, name, feature), case)
        case.made_by_tarn, case.engine_goes_on, *mine = half(
            tarn_engine, engine, engine, tarn_engine, Table(tarn_engine.folder, f"tarn_{name}", feature), case)
        for when, a, b in zip(("made", "gone on"), theirs, mine):
            if feature.same_rows and a is not None and b is not None and a != b:
                case.faults.append(f"{name}: {when}: rows differ by who wrote: {sorted(set(a) ^ set(b))[:4]}")
    except Exception as error:
        case.faults.append(f"{name}: {type(error).__name__}: {error}")
    return case


class Matrix:
    """All engines, started once. `run` gives a Case for each (feature's name, engine's name)."""

    def __init__(self, folder, spark):
        self.folder, self.servers, self.starting = folder, [], threading.Lock()
        self.tarn = self.start_tarn()
        import duckdb_extension_delta
        extension = next(pathlib.Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension"))
        self.engines = [Spark(spark, spark_process.DELTA_VERSION), DeltaRs(), DuckDb(extension)]

    def start_tarn(self):
        with self.starting:
            name = f"tarn{len(self.servers)}"
            self.servers.append(tarn.Server(None, self.folder / name, self.folder / f"{name}.log"))
            server = self.servers[-1]
        server.start()
        return Tarn(server, tarn.run("--version").stdout.split()[-1])

    def versions(self):
        return {"Tarn": self.tarn.version} | {engine.name: engine.version for engine in self.engines}

    def close(self):
        for server in self.servers:
            server.kill()

    def run(self, wanted):
        """`wanted` are pairs of a feature and an engine's name."""
        def case(feature, engine):
            return run_case(self.start_tarn() if feature.alone else self.tarn, engines[engine], feature)

        engines = {engine.name: engine for engine in self.engines}
        # Spark is the slow one: its cases begin first.
        order = sorted(wanted, key=lambda pair: ENGINES.index(pair[1]))
        with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            cases = pool.map(lambda pair: case(*pair), order)
            return {(feature.name, engine): case for (feature, engine), case in zip(order, cases)}


INTRODUCTION = """# Delta tables beside other engines

What becomes of a table that Tarn and another engine share, feature by feature. `make delta-matrix` writes this page of what it sees,
nobody by hand; `make test-interop` and `make test-deep` fail when they see something else.

{versions}

One makes a table and the other reads it; then the other goes on writing (INSERT, UPDATE, DELETE and MERGE, or what the feature is
about) and the first reads that. *yes*: both have the same rows, and `tarn table validate` finds nothing wrong with the table.
*refused* is followed by the writer's own words or the id of [Tarn's error](errors/README.md); *not offered* by what it has no
words for; — where no table is there to go on with. deltalake reads by its SQL (`QueryBuilder`); where its `to_pyarrow_table` does
otherwise, that is said.
"""


def page(cases, versions):
    lines = [INTRODUCTION.format(versions="\n".join(f"- {name} {version}" for name, version in versions.items()))]
    for engine in ENGINES:
        notes = {}
        lines += [f"## {engine}", "", f"| feature | {engine} makes, Tarn reads | Tarn goes on, {engine} reads "
                  f"| Tarn makes, {engine} reads | {engine} goes on, Tarn reads |", "| --- | --- | --- | --- | --- |"]
        for feature in FEATURES:
            if (feature.name, engine) in cases:
                row = " | ".join([feature.name, *cases[feature.name, engine].cells()])
                row = re.sub("⟨(.*?)⟩", lambda found: f"[{notes.setdefault(found[1], len(notes) + 1)}]", row)
                lines.append(f"| {row} |")
        lines += [""] + [f"{number}. `{text}`" for text, number in notes.items()] + [""] * bool(notes)
        lines += [f"- *{feature}*: {why}" for (feature, of), why in KNOWN.items() if of == engine]
        lines += [""] * any(of == engine for _, of in KNOWN)
    return "\n".join(lines).rstrip() + "\n"


def read_page(text):
    """The cells of a page by feature and engine, with the notes put back where they are referred to."""
    cells = {}
    for section in text.split("\n## ")[1:]:
        engine, body = section.split("\n", 1)
        notes = dict(re.findall(r"^(\d+)\. `(.*)`$", body, re.M))
        for row in re.findall(r"^\| (.*) \|$", body, re.M)[2:]:
            row = re.sub(r"\[(\d+)\]", lambda found: f"⟨{notes[found[1]]}⟩", row)
            name, *rest = re.split(r" (?<!\\)\| ", row)
            cells[name, engine] = rest
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", metavar="FILE", type=pathlib.Path)
    parser.add_argument("--only", default="", help="features whose name has this text")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    options = parser.parse_args()
    features = [feature for feature in FEATURES if options.only in feature.name]
    engines = options.engine or ENGINES
    if "Spark" in engines and (why := spark_process.missing()):
        sys.exit(why)
    with tempfile.TemporaryDirectory(prefix="tarn-matrix-") as folder:
        folder = pathlib.Path(folder)
        session = spark_process.Spark(folder) if "Spark" in engines else None
        matrix = None
        try:
            if session:
                session.wait_ready()
            else:
                session = type("NoSpark", (), {"version": None, "close": lambda self: None})()
            matrix = Matrix(folder, session)
            cases = matrix.run([(feature, engine) for feature in features for engine in engines])
            versions = matrix.versions()
        finally:
            if matrix:
                matrix.close()
            session.close()
    text = page(cases, versions)
    if options.write:
        options.write.write_text(text)
        print(f"wrote {options.write}")
    else:
        print(text)
    for key, case in cases.items():
        for fault in case.faults:
            print("known:" if key in KNOWN else "FAULT:", fault, file=sys.stderr)


if __name__ == "__main__":
    main()
