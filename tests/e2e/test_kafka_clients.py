"""The Kafka listener with clients that others wrote: kcat and confluent-kafka-python (librdkafka).

Runs against `tarn up`, or, when TARN_KAFKA_TEST_SERVER names the program tarn_kafka_test_server, against that.
"""

import os
import signal
import subprocess
import time
import uuid

import confluent_kafka
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic)

import tarn

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
TIMEOUT = 30.0


class BareServer:
    """The listener over a log and nothing else."""

    def __init__(self, program, data):
        self.program, self.data, self.kafka, self.process = program, data, None, None

    def start(self):
        port = self.kafka.rsplit(":", 1)[1] if self.kafka else "0"
        self.process = subprocess.Popen([self.program, "--data", str(self.data), "--port", port],
                                        stdout=subprocess.PIPE, text=True)
        self.kafka = self.process.stdout.readline().split()[1]

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process.stdout.close()
            self.process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kafka")
    bare = os.environ.get("TARN_KAFKA_TEST_SERVER")
    server = BareServer(bare, folder / "data") if bare else tarn.Server(None, folder / "data", folder / "log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def admin(server):
    return AdminClient({"bootstrap.servers": server.kafka})


def result(futures):
    (future,) = futures.values()
    return future.result(TIMEOUT)


@pytest.fixture
def topic(admin):
    name = f"t-{uuid.uuid4().hex[:8]}"
    result(admin.create_topics([NewTopic(name, 3, 1)]))
    yield name
    result(admin.delete_topics([name]))


def produce(server, topic, values, **config):
    """Returns (partition, offset) of each message, in the order of the reports; raises on any error."""
    reports = []
    producer = Producer({"bootstrap.servers": server.kafka, "linger.ms": 5, **config})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, m: reports.append((error, m.partition(), m.offset())))
    assert producer.flush(TIMEOUT) == 0
    assert [r[0] for r in reports if r[0]] == []
    return [r[1:] for r in reports]


def consumer(server, group, **config):
    return Consumer({"bootstrap.servers": server.kafka, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, **config})


def read(reader, count, timeout=TIMEOUT):
    values, deadline = [], time.monotonic() + timeout
    while len(values) < count and time.monotonic() < deadline:
        message = reader.poll(0.2)
        if message is not None:
            assert message.error() is None
            values.append(message.value())
    return values


def read_topic(server, topic, count):
    reader = consumer(server, f"g-{uuid.uuid4().hex[:8]}")
    reader.subscribe([topic])
    try:
        return read(reader, count)
    finally:
        reader.close()


def kcat(server, *arguments, data=None):
    return subprocess.run(["kcat", "-b", server.kafka, *arguments], input=data, capture_output=True, timeout=TIMEOUT,
                          check=True).stdout


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_what_is_produced_is_consumed(server, topic, codec, acks):
    values = [b"%d-" % n + b"x" * 100 for n in range(300)]
    produce(server, topic, values, **{"compression.type": codec, "acks": acks})
    assert sorted(read_topic(server, topic, 300)) == sorted(values)


def test_an_idempotent_producer(server, topic):
    values = [b"%d" % n for n in range(2000)]
    places = produce(server, topic, values, **{"enable.idempotence": True, "linger.ms": 0})
    assert len(set(places)) == 2000
    got = read_topic(server, topic, 2000)
    assert len(got) == 2000 and sorted(got) == sorted(values)


def test_a_transactional_producer_is_refused_at_once(server):
    producer = Producer({"bootstrap.servers": server.kafka, "transactional.id": "tx"})
    with pytest.raises(KafkaException) as error:
        producer.init_transactions(TIMEOUT)
    assert error.value.args[0].code() == confluent_kafka.KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


@pytest.mark.parametrize("codec", CODECS)
def test_kcat_there_and_back(server, topic, codec):
    lines = b"".join(b"line %d\n" % n for n in range(100))
    kcat(server, "-P", "-t", topic, "-p", "1", "-z", codec, data=lines)
    assert kcat(server, "-C", "-t", topic, "-p", "1", "-e", "-q") == lines
    assert kcat(server, "-C", "-t", topic, "-p", "1", "-e", "-q", "-o", "98") == b"line 98\nline 99\n"
    assert kcat(server, "-C", "-t", topic, "-p", "1", "-e", "-q", "-o", "-1") == b"line 99\n"


def test_metadata_lists_the_topic(server, topic):
    assert f'topic "{topic}" with 3 partitions'.encode() in kcat(server, "-L")


def test_keys_headers_and_timestamps_are_kept(server, topic):
    producer = Producer({"bootstrap.servers": server.kafka})
    producer.produce(topic, b"v", b"k", partition=2, timestamp=1_700_000_000_123, headers=[("h", b"1"), ("n", None)])
    assert producer.flush(TIMEOUT) == 0
    reader = consumer(server, "none")
    reader.assign([TopicPartition(topic, 2, 0)])
    message = reader.poll(TIMEOUT)
    reader.close()
    assert (message.key(), message.value(), message.headers()) == (b"k", b"v", [("h", b"1"), ("n", None)])
    assert message.timestamp()[1] == 1_700_000_000_123


def test_offsets_by_time(server, topic):
    producer = Producer({"bootstrap.servers": server.kafka})
    for n in range(100):
        producer.produce(topic, b"%d" % n, partition=0, timestamp=1_700_000_000_000 + 1000 * n)
    assert producer.flush(TIMEOUT) == 0
    reader = consumer(server, "none")
    found = reader.offsets_for_times([TopicPartition(topic, 0, 1_700_000_049_500)], timeout=TIMEOUT)
    assert found[0].offset == 50
    beyond = reader.offsets_for_times([TopicPartition(topic, 0, 1_800_000_000_000)], timeout=TIMEOUT)
    assert beyond[0].offset == confluent_kafka.OFFSET_END
    assert reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=TIMEOUT) == (0, 100)
    reader.close()


def test_a_group_commits_and_resumes(server, topic):
    produce(server, topic, [b"%d" % n for n in range(100)])
    group = f"g-{uuid.uuid4().hex[:8]}"
    first = consumer(server, group)
    first.subscribe([topic])
    seen = read(first, 40)
    first.commit(asynchronous=False)
    first.close()
    second = consumer(server, group)
    second.subscribe([topic])
    rest = read(second, 60)
    second.close()
    assert sorted(seen + rest, key=int) == [b"%d" % n for n in range(100)]


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
def test_a_group_shares_the_work_and_takes_over(server, topic, strategy):
    group = f"g-{uuid.uuid4().hex[:8]}"
    members = [consumer(server, group, **{"partition.assignment.strategy": strategy}) for _ in range(2)]
    for member in members:
        member.subscribe([topic])
    deadline = time.monotonic() + TIMEOUT

    def assigned():
        for member in members:
            assert member.poll(0.05) is None
        return sorted(len(m.assignment()) for m in members)

    while assigned() != [1, 2] and time.monotonic() < deadline:
        pass
    assert assigned() == [1, 2]
    members.pop().close()
    while assigned() != [3] and time.monotonic() < deadline:
        pass
    assert assigned() == [3]
    produce(server, topic, [b"%d" % n for n in range(30)])
    assert len(read(members[0], 30)) == 30
    members[0].close()


def test_a_static_member_keeps_its_place(server, topic, admin):
    group = f"g-{uuid.uuid4().hex[:8]}"
    produce(server, topic, [b"a"] * 10)
    first = consumer(server, group, **{"group.instance.id": "one"})
    first.subscribe([topic])
    assert len(read(first, 10)) == 10
    first.commit(asynchronous=False)
    first.close()
    again = consumer(server, group, **{"group.instance.id": "one"})
    again.subscribe([topic])
    produce(server, topic, [b"b"] * 5)
    assert read(again, 5) == [b"b"] * 5
    (described,) = [f.result(TIMEOUT) for f in admin.describe_consumer_groups([group]).values()]
    assert [m.group_instance_id for m in described.members] == ["one"]
    again.close()


def test_groups_are_listed_and_deleted(server, topic, admin):
    group = f"g-{uuid.uuid4().hex[:8]}"
    produce(server, topic, [b"a"])
    reader = consumer(server, group)
    reader.subscribe([topic])
    read(reader, 1)
    reader.commit(asynchronous=False)
    with pytest.raises(KafkaException):
        result(admin.delete_consumer_groups([group]))  # it has a member
    reader.close()
    assert group in [g.group_id for g in admin.list_consumer_groups().result(TIMEOUT).valid]
    result(admin.delete_consumer_groups([group]))
    assert group not in [g.group_id for g in admin.list_consumer_groups().result(TIMEOUT).valid]


def test_large_messages(server, topic, admin):
    with pytest.raises(AssertionError):
        produce(server, topic, [os.urandom(1_100_000)], **{"message.max.bytes": 5_000_000})
    resource = ConfigResource("topic", topic, incremental_configs=[
        ConfigEntry("max.message.bytes", "4000000", incremental_operation=AlterConfigOpType.SET)])
    result(admin.incremental_alter_configs([resource]))
    value = os.urandom(3_000_000)
    produce(server, topic, [value], **{"message.max.bytes": 5_000_000})
    assert read_topic(server, topic, 1) == [value]


def test_an_unknown_topic_is_named_as_such(server, admin):
    with pytest.raises(KafkaException) as error:
        result(admin.delete_topics(["no-such-topic"]))
    assert error.value.args[0].code() == confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART


def test_what_a_topic_cannot_be_is_said(server, admin, topic):
    cases = [
        (NewTopic(topic, 1, 1), confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS),
        (NewTopic("a b", 1, 1), confluent_kafka.KafkaError.TOPIC_EXCEPTION),
        (NewTopic("x", 1, 3), confluent_kafka.KafkaError.INVALID_REPLICATION_FACTOR),
        (NewTopic("x", 1, 1, config={"cleanup.policy": "compact"}), confluent_kafka.KafkaError.INVALID_CONFIG),
        (NewTopic("x", 1, 1, config={"max.message.bytes": "90000000"}), confluent_kafka.KafkaError.INVALID_CONFIG),
        (NewTopic(topic.replace("-", "."), 1, 1), None),
        (NewTopic(topic.replace("-", "_"), 1, 1), confluent_kafka.KafkaError.TOPIC_EXCEPTION),
    ]
    for new, code in cases:
        if code is None:
            result(admin.create_topics([new]))
            continue
        with pytest.raises(KafkaException) as error:
            result(admin.create_topics([new]))
        assert error.value.args[0].code() == code
    with pytest.raises(KafkaException) as error:
        result(admin.create_partitions([NewPartitions(topic, 4, [[99]])]))
    assert error.value.args[0].code() == confluent_kafka.KafkaError.INVALID_REPLICA_ASSIGNMENT


def test_topics_and_brokers_describe_their_settings(server, admin, topic):
    shown = result(admin.describe_configs([ConfigResource("topic", topic)]))
    assert shown["segment.ms"].value == "604800000" and len(shown) == 37
    again = f"{topic}-again"
    result(admin.create_topics([NewTopic(again, 1, 1, config={name: c.value for name, c in shown.items()})]))
    broker = result(admin.describe_configs([ConfigResource("broker", "1")]))
    assert broker["node.id"].value == "1" and broker["num.partitions"].is_read_only


def test_a_time_far_ahead_is_refused(server, topic):
    reports = []
    producer = Producer({"bootstrap.servers": server.kafka})
    for ahead in (0, 2 * 3600):
        producer.produce(topic, b"v", timestamp=int((time.time() + ahead) * 1000),
                         on_delivery=lambda error, _: reports.append(error and error.code()))
        assert producer.flush(TIMEOUT) == 0
    assert reports == [None, confluent_kafka.KafkaError.INVALID_TIMESTAMP]


def test_partitions_are_added(server, admin, topic):
    result(admin.create_partitions([NewPartitions(topic, 5)]))
    assert len(admin.list_topics(topic, timeout=TIMEOUT).topics[topic].partitions) == 5


def test_records_are_deleted(server, admin, topic):
    producer = Producer({"bootstrap.servers": server.kafka})
    for n in range(10):
        producer.produce(topic, b"%d" % n, partition=0)
    assert producer.flush(TIMEOUT) == 0
    result(admin.delete_records([TopicPartition(topic, 0, 4)]))
    reader = consumer(server, "none")
    assert reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=TIMEOUT) == (4, 10)
    reader.close()


def test_offsets_and_records_survive_a_kill(server, topic):
    group = f"g-{uuid.uuid4().hex[:8]}"
    produce(server, topic, [b"%d" % n for n in range(50)])
    reader = consumer(server, group)
    reader.subscribe([topic])
    read(reader, 50)
    reader.commit(asynchronous=False)
    committed = reader.committed([TopicPartition(topic, p) for p in range(3)], timeout=TIMEOUT)
    reader.close()
    server.kill()
    server.start()
    again = consumer(server, group)
    assert [(p.partition, p.offset) for p in again.committed([TopicPartition(topic, p) for p in range(3)],
                                                             timeout=TIMEOUT)] == \
        [(p.partition, p.offset) for p in committed]
    again.subscribe([topic])
    produce(server, topic, [b"new"])
    assert read(again, 1) == [b"new"]
    again.close()
