#!/usr/bin/env bash
# confluent-kafka 2.16.1 (librdkafka 2.16.0): an empty key is a key for consumers, and none for the default partitioner.
#
# One would guess: records of one key go to one partition, and only records without a key are spread. For the key ""
# it is so with the Java client (murmur2 of no bytes) and with librdkafka's murmur2_random and fnv1a_random, but not
# with its default, consistent_random: it spreads records whose key is empty as if they had none, and they arrive with
# the key b"". So "" has no order, and a compacted topic keeps a newest record of it in each partition. The same holds
# for whatever is built on librdkafka and leaves its default as it is.
#
# To get round it: partitioner=murmur2_random (every key then goes where the Java client sends it, which is another
# partition than before).
#
# Seen (100 records to a topic of four partitions in librdkafka's mock cluster, no broker):
#     partitioner                    sent  arrived  partitions
#     consistent_random (default)    None  None     0 1 2 3
#     consistent_random (default)    b''   b''      0 1 2 3
#     consistent_random (default)    b'a'  b'a'     3
#     murmur2_random                 b''   b''      1
#     fnv1a_random                   b''   b''      3
#
# Sources: librdkafka's CONFIGURATION.md, partitioner ("Empty and NULL keys are randomly partitioned");
# https://github.com/confluentinc/librdkafka/issues/4510, open; for Java https://github.com/apache/kafka/pull/1069,
# where the same was asked for and declined, as an empty key is a valid key.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps confluent-kafka==2.16.1 ||
    { echo "the package could not be installed" >&2; exit 2; }
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from confluent_kafka import Consumer, Producer, TopicPartition

RECORDS, PARTITIONS = 100, 4  # four is the mock cluster's default


def arrived(key, settings):
    """The keys and the partitions of what a consumer reads after RECORDS records of one key were produced."""
    # Without a linger time each record without a key is given a partition by itself, not a batch of them.
    producer = Producer({"test.mock.num.brokers": 1, "sticky.partitioning.linger.ms": 0, "log_level": 0, **settings})
    for _ in range(RECORDS):
        producer.produce("events", key=key, value=b"v")
    if producer.flush(60) != 0:
        sys.exit("not every record was sent")
    brokers = producer.list_topics(timeout=60).brokers.values()
    consumer = Consumer({"bootstrap.servers": ",".join(f"{broker.host}:{broker.port}" for broker in brokers),
                         "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition("events", partition, 0) for partition in range(PARTITIONS)])
    records = consumer.consume(RECORDS, timeout=60)
    consumer.close()
    if len(records) != RECORDS or any(record.error() for record in records):
        sys.exit("not every record was read")
    return {record.key() for record in records}, {record.partition() for record in records}


print("partitioner                    sent  arrived  partitions")
changed = False
for partitioner, key, spread in ((None, None, True), (None, b"", True), (None, b"a", False),
                                 ("murmur2_random", b"", False), ("fnv1a_random", b"", False)):
    keys, partitions = arrived(key, {"partitioner": partitioner} if partitioner else {})
    print(f"{partitioner or 'consistent_random (default)':30} {key!s:5} {', '.join(map(str, keys)):8}",
          *sorted(partitions))
    changed = changed or keys != {key} or (len(partitions) > 1) != spread
if changed:
    sys.exit("the behaviour has changed")
PYTHON
