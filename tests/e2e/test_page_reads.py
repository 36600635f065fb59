"""What the page reads beside lists: what rates and lags were, and a stream of just what it shows."""

import http.client
import json
import time
import urllib.error

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

import contract
import tarn

TIMEOUT = 60.0


@pytest.fixture
def server(tmp_path):
    (tmp_path / "tarn.yml").write_text("""
name: reads
topics:
  clicks:
    columns: {id: {type: text, required: true}}
    table: {name: bronze.clicks, every: 200ms}
""")
    server = tarn.Server(tmp_path, tmp_path / "data", tmp_path / "log")
    server.start()
    yield server
    server.kill()


def until(look):
    deadline = time.monotonic() + TIMEOUT
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def known(server, of, name):
    """The points of a series that are known."""
    answer = server.get(f"/api/v1/history?range={of}&series={name}")
    assert contract.problems(answer, "History") == []
    return [v for series in answer["series"] for v in series["values"] if v is not None]


def test_history_outlives_a_restart_and_what_it_was_of(server):
    admin = AdminClient({"bootstrap.servers": server.kafka})
    (made,) = admin.create_topics([NewTopic("short.lived", 1)]).values()
    made.result(TIMEOUT)
    producer = Producer({"bootstrap.servers": server.kafka})

    def grows():
        producer.produce("short.lived", b"x")
        producer.flush(TIMEOUT)
        return any(v > 0 for v in known(server, "1h", "topic:short.lived"))

    until(grows)
    assert known(server, "5m", "lag:clicks.table") and known(server, "1d", "rss_bytes")
    (gone,) = admin.delete_topics(["short.lived"]).values()
    gone.result(TIMEOUT)
    assert server.stop() == 0
    server.start()
    assert any(v > 0 for v in known(server, "1h", "topic:short.lived"))
    assert known(server, "5m", "topic:short.lived") == []
    assert known(server, "1h", "nothing") == []


def test_history_that_is_damaged_begins_anew(server):
    until(lambda: known(server, "1h", "rss_bytes"))
    server.stop()
    file = server.data / "history"
    file.write_bytes(file.read_bytes()[:-7])
    server.start()
    assert "the history of rates and lags begins anew" in server.log_tail(20_000)
    until(lambda: known(server, "1h", "rss_bytes"))


def test_a_range_that_there_is_not_is_refused(server):
    with pytest.raises(urllib.error.HTTPError) as failed:
        server.get("/api/v1/history?range=1w")
    assert failed.value.code == 400 and "5m, 1h or 1d" in json.load(failed.value)["error"]["message"]


def events(server, query, statuses):
    """Names of the events of a stream, until so many of `status` have come."""
    connection = http.client.HTTPConnection(server.http, timeout=TIMEOUT)
    connection.request("GET", f"/api/v1/events{query}")
    answer = connection.getresponse()
    assert answer.status == 200
    names = []
    while names.count("status") < statuses:
        line = answer.readline().decode()
        if line.startswith("event: "):
            names.append(line.removeprefix("event: ").strip())
    connection.close()
    return names


def test_a_stream_carries_what_was_asked_for_and_no_repeats(server):
    everything = events(server, "", 5)
    assert {"hello", "status", "flows", "tables", "graph", "ledger"} <= set(everything)
    assert everything.count("tables") <= 2, "a table that does not change is not told of again and again"
    some = events(server, "?events=status,graph&views=", 4)
    assert set(some) == {"hello", "status", "graph"}
    with pytest.raises(urllib.error.HTTPError) as failed:
        server.get("/api/v1/events?events=staus")
    assert failed.value.code == 400 and "staus" in json.load(failed.value)["error"]["message"]
