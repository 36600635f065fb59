"""Tables are cared for through the program: by the process that serves them, and with the folder to oneself. An outside
reader, delta-rs, sees the same rows after each step."""

import json
import pathlib
import subprocess

import pytest

import tarn

deltalake = pytest.importorskip("deltalake")

PROJECT = """name: care
topics:
  clicks:
    columns: {id: {type: bigint, required: true}, page: text}
    table: {name: bronze.clicks, every: 1s, partition_by: [page]}
"""
ROWS = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder whose table has several files for each of two pages; its server is stopped."""
    root = tmp_path_factory.mktemp("care")
    project = root / "project"
    project.mkdir()
    (project / "tarn.yml").write_text(PROJECT)
    server = tarn.Server(project, root / "data", root / "log")
    server.start()
    for number in range(0, ROWS, 2):  # a commit each
        lines = [json.dumps({"id": number + i, "page": f"p{i}"}) for i in range(2)]
        subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", "clicks"], input="\n".join(lines).encode(), check=True,
                       timeout=30)
        tarn.wait_for(lambda: server.sql("select count(*) as n from bronze.clicks")[0]["n"] == number + 2)
    yield server
    server.kill()


def table(data, verb, *arguments, name="bronze.clicks", status=0):
    done = tarn.run("table", verb, name, *arguments, "--data", data.data, "--format", "json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def outside(data, name="bronze.clicks"):
    """What delta-rs reads: the ids, sorted."""
    path = pathlib.Path(data.data) / "tables" / name.replace(".", "/")
    return sorted(deltalake.DeltaTable(str(path)).to_pyarrow_table()["id"].to_pylist())


def told(data, what):
    """What the page is told of the table."""
    done = subprocess.run(["curl", "-sf", f"http://{data.http}/api/v1/tables/bronze.clicks/{what}"], capture_output=True,
                          timeout=30, check=True)
    return json.loads(done.stdout)


def care(data):
    """Each verb once. The table has all rows before and after."""
    everything = list(range(ROWS))
    assert outside(data) == everything
    would = table(data, "optimize", "--dry-run", "--zorder-by", "id")
    assert would["dry_run"] and would["files_removed"] > 1 and would["commits"] == 0
    before = would["version"]
    made = table(data, "optimize", "--where", "page = 'p0'", "--zorder-by", "id")
    assert made["files_added"] == 1 and made["version"] == before + 1
    made = table(data, "optimize", "--zorder-by", "id")
    assert made["files_added"] == 2
    assert outside(data) == everything
    assert "column" in table(data, "optimize", "--zorder-by", "nope", status=2)

    assert table(data, "validate")["problems"] == []
    back = table(data, "restore", "--version", str(before))
    assert back["restored"] == before and back["committed"]
    assert outside(data) == everything
    assert "no version" in table(data, "restore", "--version", "1000", status=1)
    return before


def test_through_the_process_that_serves(data):
    before = told(data, "layout")
    assert before["partition_count"] == 2 and before["all"]["small"] == before["all"]["files"] > 2
    care(data)
    layout = told(data, "layout")
    assert layout["all"]["rows"] == ROWS
    assert sorted(p["values"] for p in layout["partitions"]) == [["p0"], ["p1"]]
    assert sum(s["files"] for s in layout["sizes"]) == layout["all"]["files"] == before["all"]["files"]  # restored
    rows = {c["operation"]: c["rows"] for c in told(data, "history")["commits"]}
    assert rows["OPTIMIZE"] == rows["RESTORE"] == ROWS
    young = table(data, "vacuum")
    assert young["files"] == 0
    assert "TARN-E0613" in table(data, "vacuum", "--retain", "0s", status=2)
    assert table(data, "clone", "s.deep", "--deep")["files"] > 0
    assert table(data, "clone", "s.shallow")["source"] == "bronze.clicks"
    assert outside(data, "s.deep") == list(range(ROWS))
    assert data.sql("select count(*) as n from s.shallow")[0]["n"] == ROWS
    # What was written during the last milliseconds is too young even for this.
    tarn.wait_for(lambda: table(data, "vacuum", "--retain", "0s", "--force", "--dry-run")["files"] > 0)
    assert table(data, "vacuum", "--retain", "0s", "--force")["files"] > 0
    assert outside(data) == list(range(ROWS))
    for name in ["bronze.clicks", "s.deep", "s.shallow"]:
        assert table(data, "validate", name=name)["problems"] == []
    # Flows go on.
    subprocess.run(["kcat", "-b", data.kafka, "-P", "-t", "clicks"], input=b'{"id": 100, "page": "p1"}', check=True,
                   timeout=30)
    tarn.wait_for(lambda: data.sql("select count(*) as n from bronze.clicks where id = 100")[0]["n"] == 1)


def test_requests_that_are_wrong(data):
    for verb, body in [("optimize", {"wher": "x"}), ("optimize", {"order_by": "id"}), ("vacuum", {"retain": "soon"}),
                       ("restore", {}), ("restore", {"version": 1, "time": "2026-01-01T00:00:00Z"}), ("clone", {})]:
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                               "Content-Type: application/json", "-d", json.dumps(body),
                               f"http://{data.http}/api/v1/tables/bronze.clicks/{verb}"], capture_output=True,
                              text=True, timeout=30, check=True)
        assert done.stdout == "400", (verb, body)


def test_with_the_folder_to_oneself(data):
    data.stop()
    rows = outside(data)
    table(data, "optimize", "--zorder-by", "id")
    assert outside(data) == rows
    assert table(data, "validate")["problems"] == []
    # Nobody knows what the flows have yet to read.
    assert "tarn up" in table(data, "vacuum", status=1)
    # A file that is damaged is named.
    root = pathlib.Path(data.data) / "tables" / "s" / "deep"
    file = sorted(root.rglob("*.parquet"))[0]
    file.write_bytes(file.read_bytes()[:-1])
    seen = table(data, "validate", name="s.deep", status=1)
    assert any(file.name in one["where"] for one in seen["problems"])


def test_tables_are_packed_by_themselves(tmp_path):
    """`maintain` in tarn.yml, through the program: many small files become few, no row is lost, and a table
    with a rule of its own is left alone."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "tarn.yml").write_text("""name: care
maintain:
  compact: 1s
  tables:
    late.clicks: {compact: never}
topics:
  clicks:
    columns: {id: bigint}
    table: {name: bronze.clicks, every: 50ms}
  more:
    columns: {id: bigint}
    table: {name: late.clicks, every: 50ms}
""")
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log")
    server.start()
    try:
        for number in range(8):
            for topic, name in (("clicks", "bronze.clicks"), ("more", "late.clicks")):
                subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", topic], input=b'{"id": %d}' % number,
                               check=True, timeout=30)
                tarn.wait_for(lambda: server.sql(f"select count(*) as n from {name}")[0]["n"] == number + 1)

        def operations(name):
            return [row["operation"] for row in server.sql(f"select operation from table_history('{name}')")]

        tarn.wait_for(lambda: "OPTIMIZE" in operations("bronze.clicks"), timeout=60)
        assert server.sql("select count(*) as n, sum(id) as s from bronze.clicks") == [{"n": 8, "s": 28}]
        assert "OPTIMIZE" not in operations("late.clicks")
        assert server.sql("select count(*) as n from table_changes('bronze.clicks', 1)") == [{"n": 8}]
    finally:
        server.kill()


def test_wrong_rules_are_refused(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "tarn.yml").write_text("name: care\nmaintain: {compact: often}\n")
    done = tarn.run("check", "--project", str(project))
    assert done.returncode != 0 and "compact" in done.stderr + done.stdout
