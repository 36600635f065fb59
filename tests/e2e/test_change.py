"""A project that changes over data that stands: what is free, what goes on, what is built anew, through the program."""

import json
import shutil
import subprocess
import threading

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


def put_back_to_old_types(server, table, column, old_type):
    """The table as a version before wrote it, and nothing that says what its flow was."""
    pyarrow = pytest.importorskip("pyarrow")
    path = str(server.data / "tables" / table.replace(".", "/"))
    rows = deltalake.DeltaTable(path).to_pyarrow_table()
    at = rows.schema.get_field_index(column)
    values = [None if value is None else (str(value) if old_type == "string" else int(value))
              for value in rows[column].to_pylist()]
    rows = rows.set_column(at, pyarrow.field(column, getattr(pyarrow, old_type)()), pyarrow.array(
        values, getattr(pyarrow, old_type)()))
    deltalake.write_deltalake(path, rows, mode="overwrite", schema_mode="overwrite")
    (server.data / "state" / table / "definition.json").unlink()


@pytest.mark.parametrize("old_type, effect", [("int64", "goes on"), ("string", "rebuild")])
def test_a_data_folder_of_before_is_seen_as_it_is(server, old_type, effect):
    server.kill()
    write(server, "models/gold/sums.sql", GOLD.replace("count(*) as clicks", "sum(id) as total"))
    server.start()
    server.wait_caught_up()
    server.kill()
    put_back_to_old_types(server, "gold.sums", "total", old_type)
    planned = plan(server)
    assert planned["gold.sums"]["effect"] == effect, planned
    assert "total" in planned["gold.sums"]["changes"][0]["what"]
    assert planned["gold.pages"]["effect"] == "unchanged"
    server.start()
    if effect == "rebuild":
        stopped = tarn.wait_for(lambda: (found := flow(server, "gold.sums"))["state"] == "failed" and found)
        assert "TARN-E0707" in stopped["reason"] and "tarn flow rebuild gold.sums" in stopped["reason"]
        done = command(server, "flow", "rebuild", "gold.sums")
        assert done.returncode == 0, done.stderr
        tarn.wait_for(lambda: running(server, "gold.sums"))
    produce(server, click(10))
    server.wait_caught_up()
    rows = server.sql("select page, total::varchar as total, typeof(total) as type from gold.sums order by page")
    assert [(row["page"], row["total"], row["type"]) for row in rows] == [
        ("a", "14", "DECIMAL(38,0)"), ("b", "2", "DECIMAL(38,0)")]
    read = deltalake.DeltaTable(str(server.data / "tables/gold/sums")).to_pyarrow_table(columns=["page", "total"])
    assert {row["page"]: int(row["total"]) for row in read.to_pylist()} == {"a": 14, "b": 2}, "another reader sees it"
    assert plan(server)["gold.sums"]["effect"] == "unchanged"


def test_a_table_and_a_view_are_dropped_when_no_flow_uses_them(server):
    used = command(server, "table", "drop", "silver.clicks", "--yes")
    assert used.stderr.count("tarn apply") == 1, "its advice once"
    assert used.returncode != 0 and "TARN-E0717" in used.stderr
    assert "silver.clicks writes it" in used.stderr and "gold.pages reads it" in used.stderr
    assert command(server, "view", "drop", "live.pages", "--yes").returncode != 0
    (server.project / "models/gold/pages.sql").unlink()
    (server.project / "models/live/pages.sql").unlink()
    applied = command(server, "apply", "--project", server.project, "--yes")
    assert applied.returncode == 0, applied.stderr
    assert "gold.pages" not in {one["name"] for one in server.get("/api/v1/flows")["flows"]}, "taken up without a restart"
    assert command(server, "table", "drop", "gold.pages").returncode == 2, "it asks first"
    assert (server.data / "tables/gold/pages").exists()
    for kind, name in (("table", "gold.pages"), ("view", "live.pages")):
        known = command(server, kind, "drop", name, "--yes")
        assert known.returncode != 0 and "TARN-E0717" in known.stderr
        assert f"`tarn flow drop {name} --yes`" in known.stderr, "put back, the flow would miss it"
        assert command(server, "flow", "drop", name, "--yes").returncode == 0
        assert command(server, kind, "drop", name, "--yes").returncode == 0
    assert not (server.data / "tables/gold/pages").exists()
    assert server.get("/api/v1/views")["views"] == []
    gone = command(server, "table", "drop", "gold.pages", "--yes")
    assert gone.returncode != 0 and "TARN-E0402" in gone.stderr or "no table" in gone.stderr
    # Without a process: by the project, which must be named.
    server.stop()
    (server.project / "models/silver/clicks.sql").unlink()
    unnamed = command(server, "table", "drop", "silver.clicks", "--yes")
    assert unnamed.returncode != 0 and "--project" in unnamed.stderr
    known = command(server, "table", "drop", "silver.clicks", "--yes", "--project", server.project)
    assert known.returncode != 0 and "`tarn flow drop silver.clicks --yes`" in known.stderr
    assert command(server, "flow", "drop", "clicks.table", "--yes", "--project", server.project).returncode != 0
    done = command(server, "flow", "drop", "silver.clicks", "--yes", "--project", server.project)
    assert done.returncode == 0, done.stderr
    other = server.project.parent / "other"
    other.mkdir()
    (other / "tarn.yml").write_text("name: other\n")
    known = command(server, "table", "drop", "bronze.clicks", "--yes", "--project", other)
    assert known.returncode != 0 and "`tarn flow drop clicks.table --yes`" in known.stderr, "by its batches"
    done = command(server, "table", "drop", "silver.clicks", "--yes", "--project", server.project)
    assert done.returncode == 0, done.stderr
    assert not (server.data / "tables/silver/clicks").exists()
    used = command(server, "table", "drop", "bronze.clicks", "--yes", "--project", server.project)
    assert used.returncode != 0 and "clicks.table writes it" in used.stderr
    # A kill on the way leaves no half: what is left of it goes at the next start.
    (server.data / "tables/.dropped-x/gold").mkdir(parents=True)
    server.start()
    assert not list((server.data / "tables").glob(".dropped-*"))


def test_a_table_that_is_gone_needs_a_rebuild(server):
    server.kill()
    shutil.rmtree(server.data / "tables/gold/pages")
    planned = plan(server)
    assert planned["gold.pages"]["effect"] == "rebuild" and "gone" in planned["gold.pages"]["changes"][0]["what"]
    assert planned["silver.clicks"]["effect"] == "unchanged"
    server.start()
    assert plan(server)["gold.pages"]["effect"] == "rebuild", "made anew and empty"
    assert command(server, "apply", "--project", server.project, "--yes").returncode == 0
    tarn.wait_for(lambda: running(server, "gold.pages"))
    assert sorted((row["page"], row["clicks"]) for row in server.sql("select page, clicks from gold.pages")) == [
        ("a", 2), ("b", 1)]
    assert plan(server)["gold.pages"]["effect"] == "unchanged"


def test_what_is_ordered_already_is_told_from_what_is_gone(server):
    change_silver(server)
    assert command(server, "apply", "--project", server.project, "--yes").returncode == 0
    again = command(server, "apply", "--project", server.project, "--yes")
    assert again.returncode != 0 and "TARN-E0718" in again.stderr and "--from-retained" not in again.stderr
    server.start()
    check_rebuilt(server)


def test_names_are_no_part_of_an_address(server):
    for noun, verbs in {"table": ["drop"], "view": ["drop"], "flow": ["drop", "pause", "resume", "rebuild", "describe", "why"],
                        "topic": ["describe", "delete"], "group": ["describe"]}.items():
        for verb in verbs:
            for name in ("../flows/silver.clicks/pause?", "silver.clicks/pause?x=", ".", "..", "%2e", "a#b", ""):
                done = command(server, noun, verb, name, *(["--yes"] if verb == "drop" else []))
                assert done.returncode != 0, (noun, verb, name, done.stdout)
                if noun == "table" and name not in ("", ".."):
                    assert f"no table {name}" in done.stderr
    assert running(server, "silver.clicks", "gold.pages", "live.pages"), "none was paused"
    paused = command(server, "flow", "pause", "silver.clicks")
    assert json.loads(paused.stdout)["state"] == "paused"
    assert json.loads(command(server, "flow", "resume", "silver.clicks").stdout)["state"] != "paused"


def test_a_plan_is_of_the_project_that_is_served(server):
    other = server.project.parent / "other"
    other.mkdir()
    (other / "tarn.yml").write_text("name: other\n")
    for verb in ("plan", "apply"):
        done = command(server, verb, "--project", other)
        assert done.returncode != 0 and f"serves {server.project}" in done.stderr
    assert command(server, "plan", "--project", f"{server.project}/../project/").returncode == 0
    server.project.rename(server.project.parent / "away")
    for verb in ("plan", "apply"):
        done = command(server, verb)
        assert done.returncode != 0 and f"gone, or has no tarn.yml: {server.project}" in done.stderr
    assert running(server, "silver.clicks", "gold.pages"), "what runs goes on"


def test_a_plan_makes_no_data_folder(server):
    none = server.data.parent / "none"
    for verb in ("plan", "apply"):
        done = tarn.run(verb, "--project", server.project, "--data", none, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert {flow["effect"] for flow in json.loads(done.stdout)["flows"]} == {"new"}
    assert tarn.run("table", "drop", "a.b", "--yes", "--project", server.project, "--data", none).returncode != 0
    assert not none.exists()


def test_what_a_rebuild_newly_refuses_is_a_dead_letter_once(server):
    produce(server, click(5_000_000_000), {"id": 9, "page": "c", "at": "2026-05-01T12:00:09Z"})
    server.wait_caught_up()
    at_first = [row["at"] for row in server.sql("select source_offset as at from dead.clicks order by 1")]
    assert at_first == [2, 4], "an integer past 32 bits is none"
    write(server, "tarn.yml", topic("{id: bool, page: {type: text, required: true}, at: {type: timestamp, required: true}}"))
    done = command(server, "apply", "--project", server.project, "--yes")
    assert done.returncode == 0, done.stderr
    tarn.wait_for(lambda: running(server, "clicks.table", "clicks.dead.table", "silver.clicks", "gold.pages", "live.pages"))
    server.wait_caught_up()
    assert server.sql("select count(*) as n from bronze.clicks")[0]["n"] == 0
    dead = server.sql("select source_offset as at, reason from dead.clicks order by 1")
    assert [row["at"] for row in dead] == [0, 1, 2, 3, 4, 5], "each once: those of before are not written again"
    assert all(row["reason"] for row in dead)
    produce(server, {"id": True, "page": "a", "at": "2026-05-01T12:00:00Z"}, click(1))
    server.wait_caught_up()
    assert server.sql("select id from bronze.clicks")[0]["id"] is True
    assert server.sql("select max(source_offset) as at from dead.clicks")[0]["at"] == 7


@pytest.mark.parametrize("point", ["flow.rebuild.begun", "flow.commit.topic.quarantine.before",
                                   "flow.commit.topic.quarantine.after", "flow.rebuild.state.removed"])
def test_new_dead_letters_stand_once_wherever_it_is_killed(server, point, monkeypatch):
    server.kill()
    write(server, "tarn.yml", topic("{id: bool, page: {type: text, required: true}, at: {type: timestamp, required: true}}"))
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
    tarn.wait_for(lambda: running(server, "clicks.table", "clicks.dead.table", "silver.clicks", "gold.pages", "live.pages"))
    server.wait_caught_up()
    assert server.sql("select count(*) as n from bronze.clicks")[0]["n"] == 0
    assert [row["at"] for row in server.sql("select source_offset as at from dead.clicks order by 1")] == [0, 1, 2, 3]
    assert not (server.data / "state/clicks.table/known").exists()


def test_records_that_are_gone_are_said_and_left_out_when_asked(server):
    admin = pytest.importorskip("confluent_kafka.admin")
    kafka = pytest.importorskip("confluent_kafka")
    (server.project / "models/live/pages.sql").unlink()  # it holds the records of the window that is open
    assert command(server, "apply", "--project", server.project, "--yes").returncode == 0
    client = admin.AdminClient({"bootstrap.servers": server.kafka})
    deleted = client.delete_records([kafka.TopicPartition("clicks", 0, 3)])
    assert [one.result(30).low_watermark for one in deleted.values()] == [3]
    write(server, "tarn.yml", topic(COLUMNS.replace("id: int", "id: double")))
    assert "3 records of topic clicks" in plan(server)["clicks.table"]["replay"]["gone"]
    refused = command(server, "flow", "rebuild", "clicks.table")
    assert refused.returncode != 0 and "TARN-E0716" in refused.stderr and "--from-retained" in refused.stderr
    assert server.sql("select count(*) as n from bronze.clicks")[0]["n"] == 3, "what stands is read"
    done = command(server, "flow", "rebuild", "clicks.table", "--from-retained")
    assert done.returncode == 0, done.stderr
    tarn.wait_for(lambda: running(server, "clicks.table", "clicks.dead.table", "silver.clicks", "gold.pages"))
    produce(server, click(4))
    server.wait_caught_up()
    assert [row["id"] for row in server.sql("select id from bronze.clicks order by id")] == [3.0, 4.0]
    assert [row["id"] for row in server.sql("select id from silver.clicks order by id")] == [3.0, 4.0]
    assert server.sql("select clicks from gold.pages")[0]["clicks"] == 2
    assert [row["at"] for row in server.sql("select source_offset as at from dead.clicks")] == [2], "it stays"


def test_killed_while_it_is_built_and_while_events_come(server):
    """Whatever is struck: each event that was acknowledged counts once."""
    kafka = pytest.importorskip("confluent_kafka")
    change_silver(server)
    server.start()
    acknowledged, ended = [], threading.Event()

    def send():
        producer = kafka.Producer({"bootstrap.servers": server.kafka, "enable.idempotence": True, "linger.ms": 5,
                                   "reconnect.backoff.max.ms": 100, "message.timeout.ms": 60_000})
        n = 100
        while not ended.is_set() and n < 20_000:
            value = click(n, "ab"[n % 2])
            producer.produce("clicks", json.dumps(value),
                             on_delivery=lambda error, _, n=n: None if error else acknowledged.append(n))
            producer.poll(0.001)
            n += 1
        assert producer.flush(60) == 0

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for _ in range(3):
            tarn.wait_for(lambda: flow(server, "silver.clicks")["state"] in ("failed", "rebuilding", "running"))
            command(server, "flow", "rebuild", "silver.clicks")
            server.kill()
            server.start()
    finally:
        ended.set()
        sender.join()
    tarn.wait_for(lambda: running(server, "clicks.table", "silver.clicks", "gold.pages", "live.pages"))
    server.wait_caught_up()
    expected = sorted([1, 2, 3] + acknowledged)
    assert len(expected) > 3
    for table in ("bronze.clicks", "silver.clicks"):
        assert [row["id"] for row in server.sql(f"select id from {table} order by id")] == expected, table
    assert {row["page"] for row in server.sql("select distinct page from silver.clicks")} == {"A", "B"}
    assert server.sql("select sum(clicks)::bigint as n from gold.pages")[0]["n"] == len(expected)
    assert server.sql("select sum(clicks)::bigint as n from live.pages")[0]["n"] == len(expected)
    assert not list((server.data / "tables").glob("*/*__rebuild")) and not list((server.data / "state").glob("*~*"))


def test_a_rebuild_takes_the_project_as_it_is_on_disk(server):
    write(server, "models/silver/clicks.sql", SILVER.replace("id, page", "id, upper(page) as page"))
    done = command(server, "flow", "rebuild", "silver.clicks")
    assert done.returncode == 0, done.stderr
    check_rebuilt(server)
    write(server, "models/silver/clicks.sql", SILVER.replace("id, page", "id, upper(page) as page from"))
    wrong = command(server, "flow", "rebuild", "silver.clicks")
    assert wrong.returncode != 0 and "models/silver/clicks.sql" in wrong.stderr
    assert running(server, "silver.clicks", "gold.pages"), "what runs goes on"


def test_a_plan_says_how_long_reading_again_takes(server):
    produce(server, *[click(n) for n in range(100, 20_000)])
    server.wait_caught_up()
    write(server, "tarn.yml", topic(COLUMNS.replace("id: int", "id: double")))
    replay = plan(server)["clicks.table"]["replay"]
    assert replay["units"] == 19_904 and replay["unit"] == "record"
    assert replay["units_per_second"] > 0
    assert replay["seconds"] == pytest.approx(replay["units"] / replay["units_per_second"])
    text = tarn.run("plan", "--project", server.project, "--data", server.data).stdout
    assert "in about" in text and "records a second, as measured" in text
    server.kill()
    assert plan(server)["clicks.table"]["replay"]["seconds"] is None, "nothing was measured without a process"


def test_up_watch_takes_up_what_needs_no_rebuild(tmp_path):
    server = tarn.Server(tmp_path / "project", tmp_path / "data", tmp_path / "log", ["--watch"])
    write(server, "tarn.yml", topic(COLUMNS))
    write(server, "models/silver/clicks.sql", SILVER)
    try:
        server.start()
        produce(server, click(1))
        server.wait_caught_up()
        write(server, "models/gold/pages.sql", GOLD)
        tarn.wait_for(lambda: "gold.pages" in {one["name"] for one in server.get("/api/v1/flows")["flows"]})
        server.wait_caught_up()
        assert server.sql("select page, clicks from gold.pages")[0]["clicks"] == 1
        write(server, "models/silver/clicks.sql", SILVER.replace("id, page", "id, upper(page) as page"))
        tarn.wait_for(lambda: "need a rebuild" in server.log_tail(20_000))
        assert running(server, "silver.clicks"), "said and not done"
        write(server, "models/silver/clicks.sql", "{{ config(materialized='incremental') }} select nope from nowhere")
        tarn.wait_for(lambda: "cannot be taken up" in server.log_tail(20_000))
        write(server, "models/silver/clicks.sql", SILVER.replace("id, page", "id, upper(page) as page"))
        assert command(server, "apply", "--project", server.project, "--yes").returncode == 0
        tarn.wait_for(lambda: running(server, "clicks.table", "silver.clicks", "gold.pages"))
        assert [row["page"] for row in server.sql("select page from silver.clicks")] == ["A"]
        server.project.rename(tmp_path / "away")
        tarn.wait_for(lambda: "has no tarn.yml" in server.log_tail(20_000))
        (tmp_path / "away").rename(server.project)
        assert server.log_tail(20_000).count("has no tarn.yml") == 1
    finally:
        server.kill()


def test_check_compiles_the_sql_of_all_models(tmp_path):
    project = tmp_path / "project"
    for path, text in {
        "tarn.yml": topic(COLUMNS),
        "models/silver/clicks.sql": SILVER,
        "models/gold/pages.sql": GOLD.replace("by page", "by page, nope"),
        "models/gold/ids.sql": "{{ config(materialized='incremental') }}\n\nselect idd\nfrom {{ ref('clicks') }}\n",
        "models/live/pages.sql": LIVE.replace("page,", "pagee,"),
    }.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    done = tarn.run("check", "--project", project, "--data", tmp_path / "none", "--format", "json")
    assert done.returncode == 2, done.stderr
    said = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert [message.split(" ")[0] for message in said] == [
        "models/live/pages.sql:2:", "models/gold/ids.sql:3:", "models/gold/pages.sql:2:"], said
    assert not (tmp_path / "none").exists(), "it leaves nothing"
    # What is wrong in one model's config hides no other's SQL; a table has a line for each.
    (project / "models/live/other.sql").write_text(LIVE.replace("watermark", "watermrk"))
    (project / "models/gold/other.sql").write_text(GOLD.replace("every", "evry"))
    text = tarn.run("check", "--project", project, "--data", tmp_path / "none").stdout.splitlines()
    assert {line.split(":")[0].strip() for line in text if ".sql:" in line} == {
        f"models/{name}.sql" for name in ("live/other", "gold/other", "live/pages", "gold/ids", "gold/pages")}
    assert len(text) - sum(".sql:" in line for line in text) <= 2, text
    # What tarn.yml does not get to say is not held against models.
    (project / "tarn.yml").write_text(topic("{id: intt}"))
    broken = tarn.run("check", "--project", project, "--data", tmp_path / "none", "--format", "json")
    said = [json.loads(line)["message"] for line in broken.stdout.splitlines()]
    assert sorted(message.split(":")[0] for message in said) == [
        "models/gold/other.sql", "models/live/other.sql", "tarn.yml"], said
    (project / "tarn.yml").write_text(topic(COLUMNS))
    for name in ("live/other", "gold/other"):
        (project / f"models/{name}.sql").unlink()
    (project / "models/gold/ids.sql").unlink()
    (project / "models/gold/pages.sql").write_text(GOLD)
    (project / "models/live/pages.sql").write_text(LIVE)
    right = tarn.run("check", "--project", project, "--data", tmp_path / "none")
    assert right.returncode == 0, right.stdout


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


def test_more_digits_are_a_rewrite_and_apply_asks_before_it(server):
    server.kill()
    shutil.rmtree(server.data)
    exact = COLUMNS.replace("id: int", 'id: "decimal(19,0)"')
    write(server, "tarn.yml", topic(exact))
    server.start()
    produce(server, click(10**19 - 1), click(2))
    server.wait_caught_up()
    write(server, "tarn.yml", topic(exact.replace("(19,0)", "(20,0)")))
    planned = plan(server)
    for name in ("clicks.table", "silver.clicks"):
        assert planned[name]["effect"] == "goes on", planned[name]
        assert any(change["rewrites"] for change in planned[name]["changes"]), planned[name]
    assert contract.problems(server.get("/api/v1/plan"), "ChangePlan") == []
    asked = command(server, "apply", "--project", server.project)
    assert asked.returncode == 2 and "Write the files of the table of clicks.table, silver" in asked.stderr, asked
    assert plan(server)["silver.clicks"]["effect"] == "goes on", "nothing is done yet"
    done = command(server, "apply", "--project", server.project, "--yes")
    assert done.returncode == 0, done.stderr
    produce(server, click(10**20 - 1))
    server.wait_caught_up()
    for table in ("bronze/clicks", "silver/clicks"):
        read = deltalake.DeltaTable(str(server.data / "tables" / table)).to_pyarrow_table(columns=["id"])
        assert str(read.schema.field("id").type) == "decimal128(20, 0)"
        assert sorted(map(int, read["id"].to_pylist())) == [2, 10**19 - 1, 10**20 - 1]
    assert all(change["effect"] == "unchanged" for change in plan(server).values())
