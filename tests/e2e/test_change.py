"""A project that changes over data that stands: what is free, what goes on, what is built anew, through the program."""

import json
import subprocess

import pytest

import contract
import tarn

deltalake = pytest.importorskip("deltalake")

TOPIC = """name: change
topics:
  clicks:
    columns: {COLUMNS}
    table: {{name: bronze.clicks, every: 100ms}}
    dead_letter_topic: clicks.dead
  clicks.dead: {{dead_letters_of: clicks, table: {{name: dead.clicks, every: 100ms}}}}
"""
COLUMNS = "{id: int, page: {type: text, required: true}, at: {type: timestamp, required: true}}"
WIDER = "{id: bigint, page: text, at: {type: timestamp, required: true}, note: text}  # wider"
SILVER = """{{ config(materialized='incremental', every='100ms') }}
select id, page from {{ source('bronze', 'clicks') }}
"""
GOLD = """{{ config(materialized='incremental', every='100ms') }}
select page, count(*) as clicks from {{ ref('clicks') }} group by page
"""
LIVE = """{{ config(materialized='materialized_view', watermark='10s') }}
select tumble("at", interval '1 hour') as window_start, page, count(*) as clicks from stream('clicks') group by all
"""


def write(server, path, text):
    (server.project / path).parent.mkdir(parents=True, exist_ok=True)
    (server.project / path).write_text(text)


def topic(columns):
    return TOPIC.format(COLUMNS="COLUMNS").replace("COLUMNS", columns)


def produce(server, *values):
    lines = "\n".join(value if isinstance(value, str) else json.dumps(value) for value in values)
    subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", "clicks"], input=lines.encode(), check=True, timeout=30)


def click(n, page="a", **more):
    return {"id": n, "page": page, "at": f"2026-05-01T12:00:{n % 60:02}Z", **more}


def command(server, *arguments):
    return tarn.run(*arguments, "--data", server.data, "--format", "json")


def plan(server):
    done = command(server, "plan", "--project", server.project)
    assert done.returncode == 0, done.stderr
    return {flow["flow"]: flow for flow in json.loads(done.stdout)["flows"]}


def flow(server, name):
    return server.get(f"/api/v1/flows/{name}")


def running(server, *names):
    return all(flow(server, name)["state"] == "running" and flow(server, name)["lag"] == 0 for name in names)


@pytest.fixture
def server(tmp_path):
    server = tarn.Server(tmp_path / "project", tmp_path / "data", tmp_path / "log")
    write(server, "tarn.yml", topic(COLUMNS))
    write(server, "models/silver/clicks.sql", SILVER)
    write(server, "models/gold/pages.sql", GOLD)
    write(server, "models/live/pages.sql", LIVE)
    server.start()
    produce(server, click(1), click(2, "b"), "no JSON", click(3))
    server.wait_caught_up()
    yield server
    server.kill()


def test_what_is_free_and_what_goes_on(server):
    server.kill()
    write(server, "tarn.yml", topic(WIDER))
    write(server, "models/silver/clicks.sql", SILVER.replace("id, page", "id, page, /* new */\n       note"))
    write(server, "models/gold/pages.sql", "-- a comment\n" + GOLD.replace("select", "SELECT"))
    planned = plan(server)
    assert {name: change["effect"] for name, change in planned.items()} == {
        "clicks.table": "goes on", "clicks.dead.table": "unchanged", "silver.clicks": "goes on", "gold.pages": "free",
        "live.pages": "goes on"}
    said = " ".join(change["what"] for change in planned["clicks.table"]["changes"])
    assert "note" in said and "BIGINT" in said and "page is no longer required" in said
    server.start()
    produce(server, click(5_000_000_000, note="n"), {"at": "2026-05-01T12:00:09Z"})
    server.wait_caught_up()
    rows = server.sql("select id, page, note from bronze.clicks order by _offset")
    assert [(row["id"], row["page"], row["note"]) for row in rows] == [
        (1, "a", None), (2, "b", None), (3, "a", None), (5_000_000_000, "a", "n"), (None, None, None)]
    table = deltalake.DeltaTable(str(server.data / "tables/bronze/clicks"))
    read = table.to_pyarrow_table(columns=["id", "page", "note"]).sort_by("id").to_pydict()
    assert read == {"id": [1, 2, 3, 5_000_000_000, None], "page": ["a", "b", "a", "a", None],
                    "note": [None, None, None, "n", None]}, "another reader sees the same"
    assert {row["page"]: row["clicks"] for row in server.sql("select * from gold.pages")} == {"a": 3, "b": 1, None: 1}
    assert all(change["effect"] == "unchanged" for change in plan(server).values()), "asked of the process that serves"
    assert contract.problems(server.get("/api/v1/plan"), "ChangePlan") == []


def change_silver(server):
    server.kill()
    write(server, "models/silver/clicks.sql", SILVER.replace("id, page", "id, upper(page) as page"))


def check_rebuilt(server):
    tarn.wait_for(lambda: running(server, "clicks.table", "silver.clicks", "gold.pages", "live.pages"))
    produce(server, click(4, "b"))
    server.wait_caught_up()
    rows = server.sql("select id, page from silver.clicks order by id")
    assert [(row["id"], row["page"]) for row in rows] == [(1, "A"), (2, "B"), (3, "A"), (4, "B")]
    assert {row["page"]: row["clicks"] for row in server.sql("select page, clicks from gold.pages")} == {"A": 2, "B": 2}
    read = deltalake.DeltaTable(str(server.data / "tables/silver/clicks")).to_pyarrow_table(columns=["id"])
    assert sorted(read["id"].to_pylist()) == [1, 2, 3, 4]
    assert not list((server.data / "tables").glob("*/*__rebuild")) and not list((server.data / "state").glob("*~*"))


def test_a_flow_that_cannot_go_on_is_built_anew(server):
    change_silver(server)
    assert plan(server)["silver.clicks"]["effect"] == "rebuild"
    assert "built anew" in plan(server)["gold.pages"]["changes"][0]["what"], "what reads it as well"
    server.start()
    stopped = tarn.wait_for(lambda: (found := flow(server, "silver.clicks"))["state"] == "failed" and found)
    assert "TARN-E0707" in stopped["reason"] and "tarn flow rebuild silver.clicks" in stopped["reason"]
    assert "upper" in stopped["reason"] and "delete" not in stopped["reason"]
    assert server.sql("select count(*) as n from silver.clicks where page = 'a'")[0]["n"] == 2, "what stands is read"
    version = deltalake.DeltaTable(str(server.data / "tables/silver/clicks")).version()
    done = command(server, "flow", "rebuild", "silver.clicks")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["flow"] for line in done.stdout.splitlines()] == ["silver.clicks", "gold.pages"]
    check_rebuilt(server)
    before = deltalake.DeltaTable(str(server.data / "tables/silver/clicks"), version=version)
    assert set(before.to_pyarrow_table(columns=["page"])["page"].to_pylist()) == {"a", "b"}, "the old is in its history"


@pytest.mark.parametrize("point", ["flow.rebuild.begun", "flow.commit.table.rows.after", "flow.rebuild.built",
                                   "lake.replace.moved", "lake.after_replace", "flow.rebuild.state.removed",
                                   "flow.rebuild.state.after"])
def test_killed_in_the_middle_it_goes_on(server, point, monkeypatch):
    change_silver(server)
    done = command(server, "apply", "--project", server.project, "--yes")
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("TARN_FAILPOINT", point)
    try:
        server.start()
        server.process.wait(60)
    except RuntimeError:
        pass  # it ended before it was ready
    server.kill()
    monkeypatch.delenv("TARN_FAILPOINT")
    server.start()
    check_rebuilt(server)


def test_a_topic_and_its_view_are_built_anew_and_side_records_stand_once(server):
    server.kill()
    write(server, "tarn.yml", topic(COLUMNS.replace("id: int", "id: double")))
    write(server, "models/live/pages.sql", LIVE.replace("count(*)", "2 * count(*)"))
    server.start()
    assert tarn.wait_for(lambda: flow(server, "clicks.table")["state"] == "failed")
    for name in ("clicks.table", "live.pages"):
        done = command(server, "flow", "rebuild", name)
        assert done.returncode == 0, done.stderr
    produce(server, click(4), "no JSON either")
    tarn.wait_for(lambda: running(server, "clicks.table", "clicks.dead.table", "silver.clicks", "gold.pages", "live.pages"))
    server.wait_caught_up()
    assert [row["id"] for row in server.sql("select id from bronze.clicks order by _offset")] == [1.0, 2.0, 3.0, 4.0]
    assert [row["id"] for row in server.sql("select id from silver.clicks order by id")] == [1.0, 2.0, 3.0, 4.0]
    assert {row["page"]: row["clicks"] for row in server.sql("select page, clicks from live.pages")} == {"a": 6, "b": 2}
    dead = server.sql("select source_offset as at from dead.clicks order by 1")
    assert [row["at"] for row in dead] == [2, 5], "not written again by the rebuild"


def test_what_the_project_has_no_longer_is_dropped_when_asked(server):
    server.kill()
    (server.project / "models/gold/pages.sql").unlink()
    assert plan(server)["gold.pages"]["effect"] == "removed"
    server.start()
    assert command(server, "flow", "drop", "silver.clicks", "--yes").returncode != 0, "the project has it"
    assert command(server, "flow", "drop", "gold.pages").returncode == 2, "it asks first"
    assert command(server, "flow", "drop", "gold.pages", "--yes").returncode == 0
    assert "gold.pages" not in plan(server)
    assert server.sql("select count(*) as n from gold.pages")[0]["n"] == 2, "what it wrote stays"


def test_check_says_all_that_is_wrong_at_once(tmp_path):
    (tmp_path / "models/silver").mkdir(parents=True)
    (tmp_path / "tarn.yml").write_text("name: wrong\ntopics:\n  clicks:\n    columns: {id: intt}\n")
    (tmp_path / "models/silver/a.sql").write_text("{{ config(materialized='incremental', evry='1s') }}\nselect 1")
    (tmp_path / "models/silver/b.sql").write_text("{{ config(materialized='table') }}\nselect 1")
    done = tarn.run("check", "--project", tmp_path, "--format", "json")
    assert done.returncode == 2
    said = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert [message.split(":")[0] for message in said] == ["tarn.yml", "models/silver/a.sql", "models/silver/b.sql"]
    assert "evry" in said[1] and "every" in said[1]
    (tmp_path / "tarn.yml").write_text("name: right\n")
    for name in "ab":
        (tmp_path / f"models/silver/{name}.sql").unlink()
    assert tarn.run("check", "--project", tmp_path).returncode == 0
    schema = json.loads(tarn.run("docs", "schema").stdout)
    assert "topics" in schema["properties"]
