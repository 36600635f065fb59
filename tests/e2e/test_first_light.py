"""From a socket to a table and a view, and what happens to those who ask wrongly."""

import json
import pathlib
import signal
import socket
import subprocess
import time

import pytest

import tarn

PROJECT = tarn.ROOT / "scenarios" / "q01-clickstream"


def click(number, time_text, page="A1", user="u1"):
    return json.dumps({
        "event_id": f"e{number}", "event_time": time_text, "user_id": user, "session_id": f"s-{user}", "click": number,
        "page": page, "category": "trousers", "country": "Poland", "price": 28})


def produce(server, lines, topic="clicks", *arguments):
    subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", topic, *arguments], input="\n".join(lines).encode(),
                   check=True, timeout=30)


def wait_for(condition, timeout=20.0):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.05)


@pytest.fixture
def server(tmp_path):
    server = tarn.Server(PROJECT, tmp_path / "data", tmp_path / "log")
    server.start()
    yield server
    server.kill()


def count(server, table):
    return server.sql(f"select count(*) as n from {table}")[0]["n"]


def test_an_event_is_a_row_and_a_number(server):
    produce(server, [click(1, "2026-01-01T00:00:01Z"), click(2, "2026-01-01T00:00:02Z", user="u2"),
                     click(3, "2026-01-01T00:00:07Z")])
    assert wait_for(lambda: count(server, "bronze.clicks") == 3)
    rows = server.sql("select event_id, page, price, _topic, _offset from bronze.clicks order by event_id")
    assert [r["event_id"] for r in rows] == ["e1", "e2", "e3"]
    assert rows[0]["page"] == "A1" and rows[0]["price"] == 28 and rows[0]["_topic"] == "clicks"
    totals = server.sql("select window_start, page_views, users from live.clicks_windows where grouping_set = 0 "
                        "order by window_start")
    assert [(r["page_views"], r["users"]) for r in totals] == [(2, 2), (1, 1)]


def test_what_is_no_click_is_kept_with_its_reason(server):
    produce(server, ["no json", '{"event_id": "e1"}', click(2, "2026-01-01T00:00:02Z")])
    assert wait_for(lambda: count(server, "dead_letters.clicks") == 2)
    rows = server.sql("select reason, field, source_offset, decode(value) as value from dead_letters.clicks "
                      "order by source_partition, source_offset")
    assert {r["value"] for r in rows} == {"no json", '{"event_id": "e1"}'}
    assert all(r["reason"] for r in rows)
    assert wait_for(lambda: count(server, "bronze.clicks") == 1)


def test_late_rows_are_kept_apart(server):
    produce(server, [click(1, "2026-01-01T00:01:00Z")])
    assert wait_for(lambda: server.sql("select count(*) as n from live.clicks_windows")[0]["n"] > 0)
    time.sleep(0.5)  # the watermark of the next batch
    produce(server, [click(2, "2026-01-01T00:00:01Z"), click(3, "2026-01-01T00:00:55Z")])
    assert wait_for(lambda: count(server, "late.clicks") == 1)
    row = server.sql("select event_id, watermark from late.clicks")[0]
    assert row["event_id"] == "e2" and row["watermark"].startswith("2026-01-01T00:00:50")
    assert wait_for(lambda: count(server, "bronze.clicks") == 3)


def test_kill_costs_nothing(server):
    produce(server, [click(n, "2026-01-01T00:00:01Z", user=f"u{n}") for n in range(1000)])
    server.kill()
    server.start()
    assert wait_for(lambda: count(server, "bronze.clicks") == 1000)
    produce(server, [click(n, "2026-01-01T00:00:02Z", user=f"u{n}") for n in range(500)])
    assert wait_for(lambda: server.sql("select page_views, users from live.clicks_windows where grouping_set = 0")
                    == [{"page_views": 1500, "users": 1000}])
    server.kill()
    server.start()
    assert server.sql("select page_views, users from live.clicks_windows where grouping_set = 0") == [
        {"page_views": 1500, "users": 1000}]
    assert wait_for(lambda: count(server, "bronze.clicks") == 1500)


def test_ctrl_c_stops_cleanly(server):
    produce(server, [click(1, "2026-01-01T00:00:01Z")])
    begun = time.monotonic()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(10) == 0
    assert time.monotonic() - begun < 10  # the promise is 2 s; the bound here is only against hanging


def test_a_port_in_use_is_named(server, tmp_path):
    result = tarn.run("up", "--data", tmp_path / "other", "--kafka-port", server.kafka.rsplit(":", 1)[1], "--http-port", 0)
    assert result.returncode == 1
    assert "port" in result.stderr and server.kafka.rsplit(":", 1)[1] in result.stderr


def test_a_second_process_on_the_folder_is_refused(server, tmp_path):
    result = tarn.run("up", "--data", tmp_path / "data", "--kafka-port", 0, "--http-port", 0)
    assert result.returncode == 1
    assert str(server.process.pid) in result.stderr


def test_a_newer_folder_is_refused(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "FORMAT").write_text("tarn 99\n")
    result = tarn.run("up", "--data", data, "--kafka-port", 0, "--http-port", 0)
    assert result.returncode == 1 and "99" in result.stderr


@pytest.mark.parametrize("arguments, said", [
    (["upp"], "up"),
    (["up", "--no-such-flag"], "--help"),
    (["topic"], "--help"),
    (["sql", "select 1", "--format", "xml"], "json"),
    (["up", "--set", "log.windw=1ms"], "log.window"),
    (["up", "--kafka-port", "many"], "kafka.port"),
    (["up", "--project", "/no/such/project"], "/no/such/project"),
    (["demo", "--for", "soon"], "soon"),
])
def test_wrong_words_get_the_right_one(arguments, said, tmp_path):
    result = tarn.run(*arguments, *([] if arguments[0] in ("upp", "topic") else ["--data", tmp_path / "d"]))
    assert said in result.stderr
    assert result.returncode in (1, 2)
    assert result.returncode == 2 or "/no/such" in said


def test_a_bad_project_names_file_and_line(tmp_path):
    (tmp_path / "tarn.yml").write_text("name: x\ntopics:\n  clicks:\n    partitons: 4\n")
    result = tarn.run("up", "--project", tmp_path, "--data", tmp_path / "d", "--kafka-port", 0, "--http-port", 0)
    assert result.returncode == 2
    assert "tarn.yml:4" in result.stderr and "partitions" in result.stderr


def test_a_bad_model_is_named(tmp_path):
    (tmp_path / "tarn.yml").write_text((PROJECT / "tarn.yml").read_text())
    models = tmp_path / "models" / "live"
    models.mkdir(parents=True)
    (models / "bad.sql").write_text("{{ config(materialized='materialized_view') }}\nselect tumble(event_time, interval '5 seconds') as w, "
                                    "count(*) as n, pagee from stream('clicks') group by all\n")
    result = tarn.run("up", "--project", tmp_path, "--data", tmp_path / "d", "--kafka-port", 0, "--http-port", 0)
    assert result.returncode == 2
    assert "bad" in result.stderr and "pagee" in result.stderr


def test_hostile_bytes_close_one_connection_only(server):
    host, port = server.kafka.rsplit(":", 1)
    for junk in (b"\x00\x00\x00\x04junk", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\x7f\xff\xff\xff" + b"x" * 100):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(junk)
            connection.settimeout(2)
            try:
                connection.recv(100)
            except OSError:
                pass
    produce(server, [click(1, "2026-01-01T00:00:01Z")])
    assert wait_for(lambda: count(server, "bronze.clicks") == 1)


def test_sql_without_a_server_reads_the_folder(server, tmp_path):
    produce(server, [click(1, "2026-01-01T00:00:01Z")])
    assert wait_for(lambda: count(server, "bronze.clicks") == 1)
    through = tarn.run("sql", "select event_id from bronze.clicks", "--data", tmp_path / "data", "--format", "json")
    server.stop()
    alone = tarn.run("sql", "select event_id from bronze.clicks", "--data", tmp_path / "data", "--format", "json")
    assert through.stdout == alone.stdout == '{"event_id":"e1"}\n'


def test_commands_show_topics_tables_and_flows(server, tmp_path):
    data = ["--data", tmp_path / "data", "--format", "json"]
    produce(server, [click(1, "2026-01-01T00:00:01Z")])
    assert wait_for(lambda: count(server, "bronze.clicks") == 1)
    names = lambda noun, key: {json.loads(line)[key] for line in tarn.run(noun, "list", *data).stdout.splitlines()}
    assert names("topic", "topic") == {"clicks", "clicks.late", "clicks.dead_letters"}
    assert names("table", "table") >= {"bronze.clicks"}
    assert names("flow", "flow") == {"clicks.table", "clicks.late.table", "clicks.dead_letters.table", "live.clicks_windows",
                                     "silver.clicks", "gold.sessions", "gold.funnel"}
    history = [json.loads(line) for line in tarn.run("table", "history", "bronze.clicks", *data).stdout.splitlines()]
    assert history[-1]["version"] == 0
    assert tarn.run("flow", "describe", "clicks.tabel", *data).returncode == 1


def test_produce_and_consume_by_command(server, tmp_path):
    data = ["--data", tmp_path / "data"]
    assert tarn.run("topic", "create", "notes", "--partitions", 1, *data).returncode == 0
    assert tarn.run("topic", "produce", "notes", *data, input="one\ntwo\n").returncode == 0
    assert tarn.run("topic", "consume", "notes", *data).stdout == "one\ntwo\n"
    assert tarn.run("topic", "delete", "notes", "--dry-run", *data).returncode == 0
    assert tarn.run("topic", "delete", "notes", *data).returncode == 0
    assert tarn.run("topic", "consume", "notes", *data).returncode == 1


def test_a_description_is_read_by_people(server):
    """What is a list stands as a table below, SQL as it was written; JSON has all of it as it is."""
    def lines(*words):
        return tarn.run(*words, "--data", server.data).stdout.splitlines()

    topic = lines("topic", "describe", "clicks")
    assert "records" in [line.split()[0] for line in topic if line]
    at = topic.index("partitions:")
    assert topic[at + 1].split()[-1] == "partition" and [row.split()[-1] for row in topic[at + 2:]] == list("0123")
    flow = lines("flow", "describe", "live.clicks_windows")
    assert flow[flow.index("sql:") + 1].startswith("-- Page views") and "from stream('clicks')" in flow
    assert not [line for line in topic + flow if "{" in line]
