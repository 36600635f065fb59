"""docs/errors and docs/reference are what the program's declarations say; `make docs` writes them."""

import json
import re
import subprocess

import jsonschema
import tarn
import yaml

PROJECT = "scenarios/q01-clickstream"


def write(folder):
    for arguments in (["errors", "--out", folder / "errors"],
                      ["reference", "--project", PROJECT, "--out", folder / "reference"]):
        subprocess.run([tarn.PROGRAM, "docs", *map(str, arguments)], cwd=tarn.ROOT, check=True, timeout=60)


def files(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*"))
            if path.suffix in (".md", ".json")}


def test_the_pages_are_fresh(tmp_path):
    write(tmp_path)
    made = files(tmp_path)
    there = {name: text for name, text in files(tarn.ROOT / "docs").items()
             if name.startswith(("errors/", "reference/"))}
    assert sorted(made) == sorted(there), "pages are missing or too many: make docs"
    stale = [name for name in made if made[name] != there[name]]
    assert stale == [], "these pages are stale: make docs"


def test_what_error_pages_name_exists():
    """Settings, commands and flags that the texts of errors recommend are there."""
    text = "\n".join(files(tarn.ROOT / "docs" / "errors").values())
    settings = {row["name"] for row in map(json.loads, subprocess.run(
        [tarn.PROGRAM, "settings", "list", "--format", "json"], capture_output=True, text=True, check=True,
        timeout=60).stdout.splitlines())}
    parts = {name.split(".")[0] for name in settings}
    named = {word for word in re.findall(r"`([a-z]+\.[a-z._]+)`", text) if word.split(".")[0] in parts}
    assert len(named) > 3
    assert named <= settings
    commands = (tarn.ROOT / "docs" / "reference" / "commands.md").read_text()
    for command in re.findall(r"`tarn ((?:[a-z]+ )?[a-z]+)\b", text):
        words = command.split()
        assert f"\n## tarn {command}\n" in commands or f"\n## tarn {words[0]}\n" in commands, command
    for flag in re.findall(r"`(--[a-z-]+)`", text):
        assert f"`{flag}" in commands, flag


def test_every_error_of_the_table_is_used():
    """An id nobody gives explains nothing, and one that its module's list lacks has no page."""
    ids = {}
    for texts in (tarn.ROOT / "src").glob("*/error_ids.cpp"):
        module = texts.parent.name
        written, table = texts.read_text().split("kAll[] = {")
        for name, number in re.findall(r"^extern constinit const ErrorId (k\w+)\{(\d+),", written, re.M):
            assert re.search(rf"&{name}\b", table), f"{name} is not in the list of {module}"
            if int(number) > 100:
                ids[name] = module
    assert len(ids) > 50
    sources = "\n".join(path.read_text() for path in (tarn.ROOT / "src").rglob("*") if path.suffix in (".cpp", ".h")
                        and path.stem != "error_ids" and path.parent.name != "tests")
    assert [name for name in ids if not re.search(rf"\berrors::{name}\b", sources)] == []


def test_a_running_platform_has_no_metric_beside_those_of_the_page(tmp_path):
    server = tarn.Server(tarn.ROOT / PROJECT, tmp_path / "data", tmp_path / "log")
    server.start()
    try:
        subprocess.run(["kcat", "-P", "-b", server.kafka, "-t", "clicks"], input=b"{}\n{}\n", check=True, timeout=30)
        server.wait_caught_up()
        server.sql("select 1 as one")
        import urllib.request
        with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=30) as answer:
            text = answer.read().decode()
    finally:
        server.kill()
    page = (tarn.ROOT / "docs" / "reference" / "metrics.md").read_text()
    names = set(re.findall(r"^# TYPE (\S+) ", text, re.M))
    assert len(names) > 20
    assert names == set(re.findall(r"^\| `(\S+)`", page, re.M))


def test_every_error_page_is_what_the_program_explains():
    pages = [path for path in (tarn.ROOT / "docs" / "errors").glob("TARN-E*.md")]
    assert len(pages) > 50
    for page in pages[::10]:
        told = json.loads(subprocess.run([tarn.PROGRAM, "explain", page.stem, "--format", "json"], capture_output=True,
                                         text=True, check=True, timeout=60).stdout)
        assert page.read_text().startswith(f"# {page.stem}: {told['title']}\n")
        assert told["cause"] in page.read_text() and told["todo"] in page.read_text()


def project_schema():
    schema = json.loads((tarn.ROOT / "docs" / "reference" / "tarn.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def project_cases():
    """tarn.yml and what must be said of it, of the cases of src/project."""
    for case in (tarn.ROOT / "src/project/tests/data/cases.txt").read_text().split("\n=== ")[1:]:
        text, expected = case.split("\n+++\n")
        found = re.search(r"^--- tarn\.yml\n(.*?)(?=^--- |\Z)", text + "\n", re.M | re.S)
        if found:
            yield text.splitlines()[0], found.group(1), expected.strip()


def test_the_schema_for_editors_accepts_every_project_here():
    schema = project_schema()
    projects = [path for path in tarn.ROOT.rglob("tarn.yml") if "node_modules" not in path.parts]
    assert len(projects) > 5
    texts = [(str(path.relative_to(tarn.ROOT)), path.read_text()) for path in projects]
    texts += [(name, text) for name, text, expected in project_cases() if expected == "ok"]
    for name, text in texts:
        assert [error.message for error in schema.iter_errors(yaml.safe_load(text))] == [], name


def test_the_schema_for_editors_refuses_what_the_program_refuses():
    """Of the cases that one file alone decides: unknown keys and values of a wrong form."""
    schema, refused = project_schema(), 0
    for name, text, expected in project_cases():
        if re.match(r"tarn\.yml:\d+: (unknown (key|format)|\w+ is the old name of|partitions of|required of|a table's name|"
                    r"a topic's)", expected):
            assert not schema.is_valid(yaml.safe_load(text)), name
            refused += 1
    assert refused > 7
    for wrong in ({"topics": {"a": {"partition": 1}}}, {"settings": {"log": {"windw": "1ms"}}}, {"nmae": "x"}):
        assert not schema.is_valid(wrong), wrong
