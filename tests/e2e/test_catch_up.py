"""What a flow calls late does not depend on when it reads: followed live, paused, or added when all has happened."""

import datetime
import json
import time
import urllib.request

import confluent_kafka
import pytest

import tarn

SHARES = [30, 27, 23, 20]  # of four partitions, in percent
EVENTS = 120_000
TOPICS = """name: catching up
topics:
  events:
    partitions: 4
    columns:
      at: {{type: timestamp, required: true}}
      n: {{type: int, required: true}}
  late.followed: {{late_of: events}}
  late.paused: {{late_of: events}}
{more}"""
MODEL = """{{{{ config(materialized='live', watermark='10s', idle='1m', retain='1000d', late='late.{name}') }}}}
select tumble("at", interval '1 minute') as minute, count(*) as events, sum(n) as total
from stream('events') group by 1
"""


@pytest.fixture
def server(tmp_path):
    project = tmp_path / "project"
    (project / "models" / "live").mkdir(parents=True)
    write_project(project, ["followed", "paused"])
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log")
    server.start()
    yield server
    server.kill()


def write_project(project, names):
    (project / "tarn.yml").write_text(TOPICS.format(
        more="".join(f"  late.{name}: {{late_of: events}}\n" for name in names if name == "added")))
    for name in names:
        (project / "models" / "live" / f"{name}.sql").write_text(MODEL.format(name=name))


def command(server, flow, verb):
    urllib.request.urlopen(urllib.request.Request(
        f"http://{server.http}/api/v1/flows/{flow}/{verb}", data=b"{}",
        headers={"Content-Type": "application/json"}), timeout=30).close()


def wait_until_running(server, flow, timeout=60.0):
    deadline = time.monotonic() + timeout
    while server.get(f"/api/v1/flows/{flow}")["state"] != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def produce_in_order(server, pause_at, resume_at):
    """Events a tenth of a second apart, in perfect order, to uneven partitions."""
    producer = confluent_kafka.Producer({"bootstrap.servers": server.kafka, "queue.buffering.max.messages": EVENTS})
    begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=EVENTS / 10 + 60)
    partition_of = [p for p, share in enumerate(SHARES) for _ in range(share)]
    for n in range(EVENTS):
        at = (begin + datetime.timedelta(seconds=n / 10)).isoformat().replace("+00:00", "Z")
        # The first ones to each partition, then as the shares are, well mixed.
        partition = n if n < 4 else partition_of[n * 37 % 100]
        producer.produce("events", json.dumps({"at": at, "n": n}), partition=partition)
        if n < 4:
            assert producer.flush(60) == 0
        if n in (pause_at, resume_at):
            assert producer.flush(60) == 0
            command(server, "live.paused", "pause" if n == pause_at else "resume")
        producer.poll(0)
    assert producer.flush(60) == 0


def test_catching_up_gives_what_following_gave(server):
    produce_in_order(server, pause_at=EVENTS // 4, resume_at=EVENTS - 1000)
    wait_until_running(server, "live.paused")
    server.wait_caught_up()
    assert server.stop() == 0
    names = ["followed", "paused", "added"]
    write_project(server.project, names)
    server.start()
    server.wait_caught_up()
    flows = {f["name"]: f for f in server.get("/api/v1/flows")["flows"]}
    views = {name: server.sql(f"select * from live.{name} order by minute") for name in names}
    for name in names:
        assert flows[f"live.{name}"]["rows_in"] == EVENTS
        assert flows[f"live.{name}"]["late"] == 0, name
        assert sum(row["events"] for row in views[name]) == EVENTS
        assert views[name] == views["followed"]
    assert sum(int(row["total"]) for row in views["added"]) == EVENTS * (EVENTS - 1) // 2
