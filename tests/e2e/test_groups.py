"""Consumer groups as people see them: the API, the command and SQL say what the broker knows, with a client that
others wrote."""

import json
import time
import urllib.error
import urllib.parse
import uuid

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import contract
import tarn

TIMEOUT = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups")
    server = tarn.Server(None, folder / "data", folder / "log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def topic(server):
    name = f"t-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": server.kafka})  # its answers go with it
    (made,) = admin.create_topics([NewTopic(name, 3)]).values()
    made.result(TIMEOUT)
    return name


def produce(server, topic, partition, count):
    producer = Producer({"bootstrap.servers": server.kafka})
    for n in range(count):
        producer.produce(topic, b"%d" % n, partition=partition)
    assert producer.flush(TIMEOUT) == 0


def consumer(server, group, **config):
    return Consumer({"bootstrap.servers": server.kafka, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, **config})


def described(server, group):
    answer = server.get("/api/v1/groups/" + urllib.parse.quote(group, safe=""))
    assert contract.problems(answer, "Group") == []
    return answer


def until(look, what):
    deadline = time.monotonic() + TIMEOUT
    while not (found := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def command(server, *words):
    done = tarn.run(*words, "--data", server.data, "--format", "json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_group_shows_its_members_and_lag_everywhere(server, topic):
    group = f"billing/eu {uuid.uuid4().hex[:8]}"  # any name does
    produce(server, topic, 0, 10)
    produce(server, topic, 1, 4)
    reader = consumer(server, group, **{"client.id": "billing-1"})
    reader.subscribe([topic])
    until(lambda: reader.poll(0.1) or reader.assignment(), "it was given its partitions")
    reader.commit(offsets=[TopicPartition(topic, 0, 7)], asynchronous=False)

    whole = described(server, group)
    assert (whole["state"], whole["protocol_type"]) == ("Stable", "consumer")
    (member,) = whole["members"]
    assert (member["client_id"], member["host"], member["partitions"]) == ("billing-1", "127.0.0.1", 3)
    lags = {p["partition"]: (p["committed_offset"], p["log_end_offset"], p["lag"], p["member"]) for p in whole["partitions"]}
    assert lags == {0: (7, 10, 3, member["id"]), 1: (None, 4, None, member["id"]), 2: (None, 0, None, member["id"])}

    (listed,) = [g for g in server.get("/api/v1/groups")["groups"] if g["name"] == group]
    assert contract.problems(server.get("/api/v1/groups"), "GroupList") == []
    assert (listed["lag"], listed["members"], listed["topics"][0]["name"]) == (3, 1, topic)
    rows = server.sql(f"select partition, committed_offset, lag, client_id from system.consumer_groups where name = '{group}' "
                      "order by partition")
    assert rows[0] == {"partition": 0, "committed_offset": 7, "lag": 3, "client_id": "billing-1"}
    assert rows[2] == {"partition": 2, "committed_offset": None, "lag": None, "client_id": "billing-1"}
    (shown,) = [g for g in command(server, "group", "list") if g["group"] == group]
    assert (shown["state"], shown["members"], shown["lag"]) == ("Stable", 1, 3)
    (one,) = command(server, "group", "describe", group)
    assert one["partitions"] == described(server, group)["partitions"]

    reader.close()
    until(lambda: described(server, group)["state"] == "Empty", "it left")
    assert [p["lag"] for p in described(server, group)["partitions"]] == [3], "its offset is kept"


def test_offsets_are_shown_after_kill_9_and_what_retention_took_is_counted(server, topic):
    group = f"g-{uuid.uuid4().hex[:8]}"
    produce(server, topic, 0, 20)
    reader = consumer(server, group)
    reader.commit(offsets=[TopicPartition(topic, 0, 5)], asynchronous=False)
    reader.close()
    server.kill()
    server.start()
    assert described(server, group)["lag"] == 15
    admin = AdminClient({"bootstrap.servers": server.kafka})
    (deleted,) = admin.delete_records([TopicPartition(topic, 0, 9)]).values()
    deleted.result(TIMEOUT)
    (partition,) = described(server, group)["partitions"]
    assert (partition["log_start_offset"], partition["missed"], partition["lag"]) == (9, 4, 15)


def test_a_group_that_is_not_there_is_said_to_be_so(server):
    with pytest.raises(urllib.error.HTTPError) as failed:
        server.get("/api/v1/groups/nobody")
    assert failed.value.code == 404 and json.load(failed.value)["error"]["id"] == "TARN-E0408"
    done = tarn.run("group", "describe", "nobody", "--data", server.data)
    assert done.returncode == 1 and "TARN-E0408" in done.stderr and "tarn group list" in done.stderr
