"""Ids of a deduplication window and open sessions that memory does not hold, through the program: they go to the disk, the
flow says so, and each event stands once and in its session, also after kill -9."""

import json
import subprocess
import time

import confluent_kafka
import pytest

import tarn

IDS, FIRST, KEYS = 900_000, 800_000, 200_000
MINUTE = 1_700_000_040  # begins a minute
PROJECT = """name: state on the disk
topics:
  events:
    partitions: 2
    columns:
      at: {type: timestamp, required: true}
      id: {type: text, required: true}
      key: {type: text, required: true}
    table: {name: bronze.events, every: 500ms}
"""
SILVER = """{{ config(materialized='incremental', every='500ms', unique_key='id', event_time='at', deduplication_window='20m',
   quarantine='quarantine.events') }}
select id, "at", key from {{ source('bronze', 'events') }}
"""
SESSIONS = """{{ config(materialized='incremental', every='500ms', watermark='2m') }}
select session("at", interval '40 seconds') as started_at, key, count(*) as events, max("at") as ended_at, arg_max(id, "at") as last_id
from {{ ref('events') }} group by 1, 2
"""


@pytest.fixture
def server(tmp_path):
    project = tmp_path / "project"
    for model, sql in {"silver/events": SILVER, "gold/sessions": SESSIONS}.items():
        path = project / "models" / f"{model}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql)
    (project / "tarn.yml").write_text(PROJECT)
    # Ids and sessions have a sixteenth of it each.
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log", ["--memory", "256MiB", "--set", "sql.memory=1GiB"])
    server.start()
    yield server
    server.kill()


def memory_of(server, flow):
    return server.get(f"/api/v1/flows/{flow}")["memory"]


def send(server, numbers, second=None):
    producer = confluent_kafka.Producer({"bootstrap.servers": server.kafka, "linger.ms": 20, "compression.type": "lz4",
                                         "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})
    for i in numbers:
        at = MINUTE + (i * 60 // IDS if second is None else second)
        value = json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), "id": f"{i:036d}", "key": f"{i % KEYS:064d}"})
        producer.produce("events", value, partition=i % 2)
        producer.poll(0)
    assert producer.flush(120) == 0


def test_what_memory_does_not_hold_is_right(server):
    send(server, range(FIRST))
    tarn.wait_for(lambda: memory_of(server, "silver.events")["ids_on_disk"] > 0, "no id went to the disk", timeout=120)
    tarn.wait_for(lambda: memory_of(server, "gold.sessions")["sessions_on_disk"] > 0, "no session went to the disk", timeout=120)
    assert "on the disk" in memory_of(server, "gold.sessions")["text"]
    listed = subprocess.run([tarn.PROGRAM, "flow", "list", "--data", str(server.data)], capture_output=True, text=True, check=True)
    assert "of the deduplication window on the disk" in listed.stdout
    why = subprocess.run([tarn.PROGRAM, "flow", "why", "gold.sessions", "--data", str(server.data)], capture_output=True, text=True, check=True)
    assert "on the disk" in why.stdout
    server.kill()
    server.start()
    send(server, range(0, FIRST, 10))  # again
    send(server, range(FIRST, IDS))
    send(server, range(FIRST, IDS, 10))
    send(server, range(IDS, IDS + 2), second=600)  # closes what is open
    server.wait_caught_up(timeout=240)
    counted = server.sql("select count(*) as n, count(distinct id) as ids from silver.events")
    assert counted == [{"n": IDS + 2, "ids": IDS + 2}]
    tarn.wait_for(lambda: server.sql("select count(*) as n from gold.sessions") == [{"n": KEYS}],
                  "not all sessions are closed", timeout=120)
    differences = server.sql(f"""
        with naive as (select key, count(*) as events, max("at") as ended_at, max(id) as last_id from silver.events
                       where "at" < to_timestamp({MINUTE + 120}) group by key)
        select count(*) as n from naive n full join gold.sessions s on n.key = s.key
        where (n.events, n.ended_at, n.last_id) is distinct from (s.events, s.ended_at, s.last_id)""", timeout=120)
    assert differences == [{"n": 0}]
