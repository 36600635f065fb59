"""More than memory holds, through the program: windows go to the disk, flows take turns, nothing is lost and the process
keeps to its limit."""

import json
import os
import subprocess
import time
import urllib.request

import confluent_kafka
import pytest

import tarn

MIB = 1 << 20
KEYS, EVENTS = 350_000, 700_000
MINUTE = 1_700_000_040  # begins a minute
PROJECT = """name: more than memory
topics:
  events:
    partitions: 2
    columns:
      at: {type: timestamp, required: true}
      key: {type: text, required: true}
      n: {type: int, required: true}
    table: bronze.events
"""
MODEL = """{{ config(materialized='materialized_view', watermark='1s', retain='1000d') }}
select tumble("at", interval '1 minute') as minute, key, count(*) as events, sum(n) as total, count(distinct n) as numbers
from stream('events') group by grouping sets ((1), (1, key))
"""
DIFFERENCES = """
    with naive as (select key, count(*) as events, sum(n) as total, count(distinct n) as numbers
                   from bronze.events where "at" < to_timestamp({end}) group by grouping sets ((), (key)))
    select count(*) as n from naive n full join
        (select * from live.by_key where minute < to_timestamp({end})) v on n.key is not distinct from v.key
    where (n.events, n.total, n.numbers) is distinct from (v.events, v.total, v.numbers)"""


@pytest.fixture
def server(tmp_path):
    project = tmp_path / "project"
    (project / "models" / "live").mkdir(parents=True)
    (project / "tarn.yml").write_text(PROJECT)
    (project / "models" / "live" / "by_key.sql").write_text(MODEL)
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log", ["--memory", "256MiB", "--set", "flow.memory=64MiB",
                                                                             "--set", "sql.memory=1GiB"])
    server.start()
    yield server
    server.kill()


def metrics(server, name):
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)}


def send(server, numbers, second=None):
    producer = confluent_kafka.Producer({"bootstrap.servers": server.kafka, "linger.ms": 20, "compression.type": "lz4",
                                         "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})
    for i in numbers:
        at = MINUTE + (i * 50 // EVENTS if second is None else second)
        value = json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), "key": f"{i % KEYS:064d}", "n": i % 11})
        producer.produce("events", value, partition=i % 2)
        producer.poll(0)
    assert producer.flush(120) == 0


def test_a_window_that_does_not_fit_is_right_in_the_end(server):
    """Also after kill -9 in the middle of it."""
    send(server, range(EVENTS // 2))
    tarn.wait_for(lambda: any(metrics(server, "tarn_flow_stored_windows{").values()), "no window went to the disk", timeout=180)
    memory = tarn.wait_for(lambda: (m := server.get("/api/v1/flows/live.by_key")["memory"])["windows_on_disk"] and m, "its flow does not say so")
    assert "on the disk" in memory["text"] and " of " in memory["text"], memory
    node = next(n for n in server.get("/api/v1/graph")["nodes"] if n["id"] == "flow:live.by_key")
    assert "on the disk" in node["reason"], node
    server.kill()
    server.start()
    send(server, range(EVENTS // 2, EVENTS))
    send(server, range(4), second=70)  # ends the minute
    server.wait_caught_up(timeout=240)
    assert server.sql("select count(*) as n from bronze.events") == [{"n": EVENTS + 4}]
    rows = server.sql(f"select events, numbers from live.by_key where grouping_set = 0 and minute < to_timestamp({MINUTE + 60})")
    assert rows == [{"events": EVENTS, "numbers": 11}]
    assert server.sql(DIFFERENCES.format(end=MINUTE + 60), timeout=120) == [{"n": 0}]
    # With memory again, the window that is open comes back from the disk with the next events.
    def back():
        send(server, range(2), second=71)
        return not any(metrics(server, "tarn_flow_stored_windows{").values())
    tarn.wait_for(back, "windows stay on the disk: " + str(metrics(server, "tarn_memory")), timeout=180)
    server.wait_caught_up()
    rows = server.sql(f"select events from live.by_key where grouping_set = 0 and minute >= to_timestamp({MINUTE + 60})")
    assert rows[0]["events"] == server.sql("select count(*) as n from bronze.events")[0]["n"] - EVENTS


def high_water(pid):
    try:
        with open(f"/proc/{pid}/status") as lines:
            return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return 0


def serving(data):
    try:
        return json.loads((data / "SERVING").read_text())["pid"]
    except (OSError, ValueError):
        return None


def test_a_load_beyond_the_machine_keeps_to_the_limit_and_ends_right(tmp_path):
    data, limit = tmp_path / "data", 512
    demo = subprocess.Popen([tarn.PROGRAM, "demo", "--data", str(data), "--for", "5s", "--rate", "200000", "--memory", f"{limit}MiB",
                             "--no-browser", "--format", "json", "--kafka-port", "0", "--http-port", "0"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "XDG_STATE_HOME": str(tmp_path)})
    highest = 0
    while demo.poll() is None:
        highest = max(highest, high_water(serving(data)))
        time.sleep(0.1)
    out, err = demo.communicate()
    assert demo.returncode == 0, err.decode()[-3000:]
    report = json.loads(out)
    assert report["right"] is True and report["lost"] == 0 and report["duplicated"] == 0, report
    assert 0 < highest <= limit * 1.15
