"""A topic's table in SQL is its files and the tail of the log behind them: at every moment all that was acknowledged, each
record once, whatever the flow commits meanwhile and whatever is killed."""

import json
import random
import subprocess
import threading

import pytest

import tarn

PROJECT = """
name: tails
topics:
  clicks:
    partitions: 3
    columns:
      id: {type: int, required: true}
      page: text
    table: {name: bronze.clicks, every: 1s}
  clicks.dead_letters: {dead_letters_of: clicks, partitions: 1}
"""


@pytest.fixture
def server(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "tarn.yml").write_text(PROJECT)
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log", tail=True)
    server.start()
    yield server
    server.kill()


def produce(server, lines, partition):
    """True: all of them are acknowledged."""
    done = subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", "clicks", "-p", str(partition), "-X", "acks=all", "-X",
                           "message.timeout.ms=5000", "-X", "retries=0"], input="\n".join(lines).encode(), timeout=60,
                          capture_output=True)
    return done.returncode == 0


def analyzed(server, sql):
    return json.dumps(server.sql("explain analyze " + sql))


def flow(server, verb):
    assert tarn.run("flow", verb, "clicks.table", "--data", server.data).returncode == 0


class Producer(threading.Thread):
    """Sends to one partition after the other; `acknowledged`: the least that each one has."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.acknowledged, self.ended, self.sent = server, [0, 0, 0], threading.Event(), 0

    def run(self):
        number = 0
        while not self.ended.is_set():
            partition, count = number % 3, 1 + number % 40
            lines = [json.dumps({"id": self.sent + i, "page": f"p{i % 5}"}) for i in range(count)]
            self.sent += count
            number += 1
            if produce(self.server, lines, partition):
                self.acknowledged[partition] += count


def test_each_answer_has_every_record_once_whatever_happens(server):
    producer = Producer(server)
    producer.start()
    ends = [0, 0, 0]

    def look():
        least = list(producer.acknowledged)
        rows = server.sql("select _partition as p, count(*) as n, count(distinct _offset) as d, min(_offset) as lo, "
                          "max(_offset) as hi, sum(_offset)::bigint as s from bronze.clicks group by all")
        for row in rows:
            n = row["n"]
            assert (row["d"], row["lo"], row["hi"], row["s"]) == (n, 0, n - 1, n * (n - 1) // 2)
            assert n >= ends[row["p"]], "no row goes away"
            ends[row["p"]] = n
        for partition in range(3):
            assert ends[partition] >= least[partition], "what was acknowledged before is there"

    chance = random.Random(7)
    for life in range(3):
        begun = producer.sent
        looks = 0
        while looks < 25 or producer.sent < begun + 500:
            look()
            looks += 1
            if life == 1 and looks == 10:
                flow(server, "pause")
            if chance.random() < 0.2:
                counted = server.sql("select (select count(*) from bronze.clicks) as a, (select count(*) from bronze.clicks "
                                     "where _offset >= 0) as b, (select count(*) from table_read('bronze.clicks', "
                                     "tail => false)) as c")[0]
                assert counted["a"] == counted["b"] >= counted["c"], "one moment"
        server.kill()
        server.start()
        look()
    producer.ended.set()
    producer.join(30)
    look()
    before = server.sql("select count(*) as n from bronze.clicks")
    assert "none" not in analyzed(server, "select * from bronze.clicks")
    flow(server, "resume")
    server.wait_caught_up()
    assert server.sql("select count(*) as n from table_read('bronze.clicks', tail => false)") == before
    look()


def memory(server):
    """Of the process, the most that it took so far, in bytes."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_the_tail_of_a_paused_flow_is_read_piece_by_piece(server):
    assert produce(server, ['{"id": -1, "page": "first"}'], 0)
    server.wait_caught_up()
    flow(server, "pause")
    events, bad = 1_000_000, 3
    pad = "x" * 100
    lines = [f'{{"id": {i}, "page": "{pad}{i % 7}"}}' for i in range(events // 2)]
    assert produce(server, lines + ["no json"] * bad, 1)
    assert produce(server, lines, 2)
    before = memory(server)
    counted = server.sql("select count(*) as n, count(page) as pages, sum(id)::bigint as s, count(_batch_id) as old, "
                         "count(_ingested_at) as times from bronze.clicks")
    half = events // 2
    assert counted == [{"n": events + 1, "pages": events + 1, "s": half * (half - 1) - 1, "old": 1, "times": events + 1}]
    assert memory(server) - before < 96 << 20, "it is not held in memory"
    assert server.sql("select count(*) as n from table_read('bronze.clicks', tail => false)") == [{"n": 1}]
    assert server.sql("select count(*) as n from bronze.clicks at (version => 0)") == [{"n": 0}]
    assert server.sql("select id from bronze.clicks where _partition = 2 and _offset between 400000 and 400001") == [
        {"id": 400000}, {"id": 400001}]
    told = analyzed(server, "select id from bronze.clicks where _partition = 2 and _offset between 400000 and 400001")
    assert f"of {events + bad}" in told and "Tail" in told
    through = tarn.run("sql", "select count(*) as n from bronze.clicks", "--data", server.data, "--format", "json")
    assert json.loads(through.stdout) == {"n": events + 1}
    # What changes tables goes by what is committed.
    copied = tarn.run("sql", "create table a.copy as select id from bronze.clicks", "--data", server.data)
    assert copied.returncode == 0, copied.stderr
    assert server.sql("select count(*) as n from a.copy") == [{"n": 1}]
    flow(server, "resume")
    server.wait_caught_up()
    assert server.sql("select count(*) as n, count(_batch_id) as old from bronze.clicks") == [
        {"n": events + 1, "old": events + 1}]
    server.stop()
    alone = tarn.run("sql", "select count(*) as n from bronze.clicks", "--data", server.data, "--format", "json")
    assert json.loads(alone.stdout) == {"n": events + 1}
