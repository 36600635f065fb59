"""What docs/concepts.md states of windows, sessions and deduplication windows, through the program."""

import json
import time
import urllib.request

import pytest
from confluent_kafka import Producer

import tarn

TIMEOUT = 60.0
TARN_YML = """
name: stated
topics:
  events:
    partitions: 1
    retention: forever
    columns:
      id: {type: text, required: true}
      at: {type: timestamp, required: true}
    table: {name: bronze.events, every: 200ms}
  events.late: {late_of: events, retention: forever, table: {name: late.events, every: 200ms}}
  pair:
    partitions: 2
    columns:
      at: {type: timestamp, required: true}
"""
MODELS = {
    "live/weeks": """{{ config(materialized='materialized_view', watermark='10d', retain='1000d', late='events.late') }}
select tumble("at", interval '7 days') as week, count(*) as events from stream('events') group by 1""",
    "live/seconds": """{{ config(materialized='materialized_view', watermark='5s', retain='1000d', late='events.late') }}
select tumble("at", interval '10 seconds') as began, count(*) as events from stream('events') group by 1""",
    "live/pair": """{{ config(materialized='materialized_view', watermark='5s', idle='1h', retain='1000d') }}
select tumble("at", interval '10 seconds') as began, count(*) as events from stream('pair') group by 1""",
    "gold/sessions": """{{ config(materialized='incremental', every='200ms', watermark='1s', late='late.sessions') }}
select session("at", interval '3 seconds') as began, count(*) as events, max("at") as ended
from {{ source('bronze', 'events') }} group by 1""",
    "silver/once": """{{ config(materialized='incremental', every='200ms', unique_key='id', event_time='at',
  deduplication_window='1m', quarantine='quarantine.once') }}
select id, "at" from {{ source('bronze', 'events') }}""",
}


@pytest.fixture
def server(tmp_path):
    project = tmp_path / "project"
    for name, sql in MODELS.items():
        file = project / "models" / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sql)
    (project / "tarn.yml").write_text(TARN_YML)
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log")
    server.start()
    yield server
    server.kill()


def send(server, *events):
    """In one record batch, so that all are judged by the watermark before them."""
    producer = Producer({"bootstrap.servers": server.kafka, "linger.ms": 100})
    for n, at in enumerate(events):
        producer.produce("events", json.dumps({"id": f"{at}#{n}", "at": at}).encode())
    assert producer.flush(TIMEOUT) == 0
    until(lambda: in_bronze(server) == send.count + len(events))
    send.count += len(events)


def in_bronze(server):
    return server.sql("select count(*) as n from bronze.events")[0]["n"]


def until(holds):
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def flow(server, verb, name):
    request = urllib.request.Request(f"http://{server.http}/api/v1/flows/{name}/{verb}", data=b"{}", method="POST",
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        return json.load(answer)


@pytest.fixture(autouse=True)
def counted():
    send.count = 0


def test_a_window_has_its_start_and_not_its_end_and_a_week_begins_on_thursday(server):
    send(server, "2025-12-31T23:59:59.999999Z", "2026-01-01T00:00:00Z", "2026-01-07T23:59:59.999999Z")
    server.wait_caught_up()
    weeks = server.sql("select week::text as week, dayname(week) as day, events from live.weeks order by week")
    assert weeks == [{"week": "2025-12-25 00:00:00+00", "day": "Thursday", "events": 1},
                     {"week": "2026-01-01 00:00:00+00", "day": "Thursday", "events": 2}]


def test_a_window_is_closed_at_its_end_and_not_a_millisecond_before(server):
    send(server, "2026-01-01T12:00:14.999Z")
    send(server, "2026-01-01T12:00:09Z")  # the watermark is 9.999
    send(server, "2026-01-01T12:00:15Z")
    send(server, "2026-01-01T12:00:09.5Z")  # it is 10: [0, 10) is closed
    server.wait_caught_up()
    rows = server.sql("select began::text as began, events from live.seconds order by began")
    assert rows == [{"began": "2026-01-01 12:00:00+00", "events": 1}, {"began": "2026-01-01 12:00:10+00", "events": 2}]
    assert next(f["late"] for f in server.get("/api/v1/flows")["flows"] if f["name"] == "live.seconds") == 1


def test_late_rows_of_two_models_in_one_topic_name_their_model(server):
    send(server, "2026-02-01T12:00:00Z")
    send(server, "2026-02-01T11:59:00Z")  # late for seconds
    send(server, "2026-01-01T00:00:00Z")  # and for weeks
    server.wait_caught_up()
    rows = server.sql("select \"at\"::text as day, source_model as model from late.events order by all")
    assert [(row["day"][:10], row["model"]) for row in rows] == [
        ("2026-01-01", "live.seconds"), ("2026-01-01", "live.weeks"), ("2026-02-01", "live.seconds")]


def test_a_session_takes_what_is_exactly_the_gap_away(server):
    send(server, "2026-01-01T12:00:00Z", "2026-01-01T12:00:03Z", "2026-01-01T12:00:06.000001Z")
    send(server, "2026-01-01T12:01:00Z")
    server.wait_caught_up()
    rows = server.sql("select began::text as began, events, ended::text as ended from gold.sessions order by began")
    assert rows == [{"began": "2026-01-01 12:00:00+00", "events": 2, "ended": "2026-01-01 12:00:03+00"},
                    {"began": "2026-01-01 12:00:06.000001+00", "events": 1, "ended": "2026-01-01 12:00:06.000001+00"}]


@pytest.mark.parametrize("in_one_batch", [False, True])
def test_what_is_outside_a_deduplication_window_is_judged_batch_by_batch(server, in_one_batch):
    if in_one_batch:
        flow(server, "pause", "silver.once")
    send(server, "2026-01-01T12:00:00Z")
    if not in_one_batch:
        until(lambda: server.sql("select count(*) as n from silver.once")[0]["n"] == 1)
    send(server, "2026-01-01T11:50:00Z")
    if in_one_batch:
        flow(server, "resume", "silver.once")
        until(lambda: server.get("/api/v1/flows/silver.once")["state"] == "running")
    server.wait_caught_up()
    taken = server.sql("select count(*) as n from silver.once")[0]["n"]
    outside = server.sql("select count(*) as n from quarantine.once where _reason like 'older than the deduplication window%'")
    assert (taken, outside[0]["n"]) == ((2, 0) if in_one_batch else (1, 1))


def test_which_partition_holds_a_watermark_is_said(server):
    producer = Producer({"bootstrap.servers": server.kafka})
    for partition, second in ((0, 20), (1, 10), (0, 30)):
        producer.produce("pair", json.dumps({"at": f"2026-01-01T12:00:{second}Z"}).encode(), partition=partition)
        assert producer.flush(TIMEOUT) == 0
    server.wait_caught_up()
    described = tarn.run("flow", "describe", "live.pair", "--data", server.data, "--format", "json")
    shown = json.loads(described.stdout)
    fast, slow = shown["positions"]
    assert (fast["source"], fast["event_time"], fast["holds_watermark"]) == ("pair", "2026-01-01T12:00:30.000000Z", False)
    assert (slow["partition"], slow["event_time"], slow["holds_watermark"]) == (1, "2026-01-01T12:00:10.000000Z", True)
    assert fast["still_ms"] == 0 and slow["still_ms"] >= 0 and not slow["idle"]
    assert shown["watermark"] == "2026-01-01T12:00:05.000000Z"
