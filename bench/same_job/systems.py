"""The two sides of same_job, each with the same verbs: start, follow its results, settle, results, late ids, stop."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid

import confluent_kafka
import confluent_kafka.admin

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "support"))
import tarn  # noqa: E402
from figures import instant  # noqa: E402

DEPS = pathlib.Path(os.environ.get("TARN_DEPS_DIR") or
                    pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tarn")
KAFKA_VERSION, FLINK_VERSION = "4.3.1", "2.3.0"  # those of tools/setup
KAFKA, FLINK = DEPS / f"kafka-{KAFKA_VERSION}", DEPS / f"flink-{FLINK_VERSION}"
KAFKA_OPTIONS = ["-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
                 "-XX:+ExplicitGCInvokesConcurrent"]  # those of the start script that Kafka ships
TICKS = os.sysconf("SC_CLK_TCK")


def read_topic(kafka, topic):
    """(seconds of the record's timestamp, value) of every record from the start to the present end."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": kafka, "group.id": "same_job-count",
                                         "enable.auto.commit": False})
    try:
        partitions, left = [], 0
        for p in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            low, high = consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, p), timeout=10)
            partitions.append(confluent_kafka.TopicPartition(topic, p, low))
            left += high - low
        consumer.assign(partitions)
        records, deadline = [], time.monotonic() + 120
        while left > 0 and time.monotonic() < deadline:
            for message in consumer.consume(10_000, timeout=1.0):
                if message.error():
                    raise RuntimeError(f"cannot read {topic}: {message.error()}")
                records.append((message.timestamp()[1] / 1000, message.value()))
                left -= 1
        if left > 0:
            raise RuntimeError(f"{left} records of {topic} did not come in time")
        return records
    finally:
        consumer.close()


class Watch(threading.Thread):
    """Reads results as they become visible: for each row (window, page) the times and values."""

    def __init__(self, follow):
        super().__init__(daemon=True)
        self.follow, self.ended, self.raw, self.failed = follow, threading.Event(), [], None

    def run(self):
        try:
            self.follow(self)
        except Exception as e:  # noqa: BLE001 — told to the main thread by rows()
            if not self.ended.is_set():
                self.failed = e

    def finish(self):
        self.ended.set()
        self.join(30)

    def rows(self, parse):
        if self.failed:
            raise RuntimeError(f"the reader of results failed: {self.failed}")
        rows = {}
        for at, raw in self.raw:
            for key, values in parse(raw):
                rows.setdefault(key, []).append((at, values))
        return rows


def row_of(row):
    """Key and values of a result row; a sum may come as text where its type is wider than JSON's numbers."""
    revenue = row["revenue"]
    return ((instant(row["window_start"]), row["page"]),
            (row["page_views"], revenue if revenue is None else int(revenue), row["dearest"]))


class Tarn:
    def __init__(self, _variant=None):
        self.folder = tempfile.mkdtemp(prefix="same_job-tarn-")

    def start(self):
        """The seconds until the server has answered that it is ready."""
        self.server = tarn.Server(HERE / "project", self.folder + "/data", self.folder + "/log", ["--log-level", "warn"])
        seconds = self.server.start()
        self.kafka = self.server.kafka
        return seconds

    def pids(self):
        return [self.server.process.pid]

    def follow(self, watch):
        with urllib.request.urlopen(f"http://{self.server.http}/api/v1/events", timeout=60) as events:
            name = b""
            while not watch.ended.is_set():
                line = events.readline()
                if not line:
                    raise RuntimeError("the stream of events ended")
                if line.startswith(b"event: "):
                    name = line[7:].strip()
                    if name == b"reset":
                        raise RuntimeError("this reader was too slow: the server left out events")
                elif line.startswith(b"data: ") and name == b"view":
                    watch.raw.append((time.time(), line[6:]))

    @staticmethod
    def parse(raw):
        change = json.loads(raw)
        names = [c["name"] for c in change["columns"]]
        for values in change["rows"]:
            yield row_of(dict(zip(names, values)))

    def settle(self):
        self.server.wait_caught_up()

    def results(self, _watch_rows):
        """The view as anyone may query it."""
        return dict(map(row_of, self.server.sql("select * from live.clicks_windows")))

    def late_ids(self):
        return [json.loads(value)["event_id"] for _, value in read_topic(self.kafka, "clicks.late")]

    def log_tail(self):
        return self.server.log_tail()

    def stop(self):
        self.server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class KafkaFlink:
    """Kafka, a JobManager and a TaskManager, one JVM each."""

    topics = {"clicks": 4, "clicks_windows": 2, "clicks.late": 2}

    def __init__(self, variant):
        self.processes, self.client = [], None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="same_job-flink-"))
        broker, controller, rpc, rest = tarn.free_ports(4)
        self.kafka, self.rest = f"127.0.0.1:{broker}", f"127.0.0.1:{rest}"
        (self.folder / "server.properties").write_text(SERVER_PROPERTIES.format(
            broker=broker, controller=controller, folder=self.folder))
        conf = self.folder / "conf"
        shutil.copytree(FLINK / "site/pyflink/conf", conf)
        opts = next(line for line in (conf / "config.yaml").read_text().splitlines() if line.strip().startswith("all: --add"))
        (conf / "config.yaml").write_text("env.java.opts." + opts.strip() + "\n" + FLINK_SETTINGS.format(
            rpc=rpc, rest=rest, folder=self.folder))
        end = ", window_end" if variant == "close" else ""
        (self.folder / "job.sql").write_text((HERE / "job.sql").read_text().replace("@KAFKA@", self.kafka)
                                             .replace("@END@", end))
        self.environment = dict(os.environ, FLINK_CONF_DIR=str(conf), FLINK_LOG_DIR=str(self.folder),
                                FLINK_PID_DIR=str(self.folder))

    def format(self):
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = self.java("kafka.tools.StorageTool", "format", "-t", identity, "-c", self.folder / "server.properties")
        if tool.wait(60) != 0:
            raise RuntimeError("Kafka's folder could not be formatted")

    def java(self, *arguments, options=()):
        return self.spawn("java", *options, "-cp", f"{KAFKA}/libs/*", *arguments)

    def spawn(self, *command):
        with open(self.folder / "processes.log", "ab") as log:
            return subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                    env=self.environment)

    def flink(self, *command):
        return self.spawn(FLINK / "site/pyflink/bin" / command[0], *command[1:])

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.rest}{path}", timeout=10) as answer:
            return json.load(answer)

    def until(self, what, ready, timeout=90):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            dead = [p.args[0] for p in self.processes if p.poll() is not None]
            if dead:
                raise RuntimeError(f"{dead[0]} ended")
            try:
                if ready():
                    return
            except (OSError, confluent_kafka.KafkaException):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{what} in {timeout} s")

    def start(self):
        """All three at once, then the topics and the job: the seconds until all its tasks run. Kafka's folder has been
        formatted before."""
        self.format()
        begun = time.monotonic()
        self.processes = [self.java("kafka.Kafka", self.folder / "server.properties", options=KAFKA_OPTIONS),
                          self.flink("jobmanager.sh", "start-foreground"), self.flink("taskmanager.sh", "start-foreground")]
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.kafka, "log_level": 0,
                                                   "reconnect.backoff.max.ms": 100})
        self.until("Kafka did not answer", lambda: admin.list_topics(timeout=1).brokers)
        for created in admin.create_topics([confluent_kafka.admin.NewTopic(t, n, 1) for t, n in self.topics.items()]).values():
            created.result(30)
        self.until("Flink's slots did not come", lambda: self.get("/overview")["slots-available"] == 2)
        self.client = self.flink("sql-client.sh", "-f", str(self.folder / "job.sql"))
        if self.client.wait(120) != 0:
            raise RuntimeError("the SQL client failed")
        self.until("the job did not run", self.job_runs)
        return time.monotonic() - begun

    def job_runs(self):
        jobs = self.get("/jobs/overview")["jobs"]
        for job in jobs:
            failures = self.get(f"/jobs/{job['jid']}/exceptions")["exceptionHistory"]["entries"]
            if failures:
                raise RuntimeError(f"Flink's job fails: {failures[0]['stacktrace']}")
        return jobs and all(j["tasks"]["running"] == j["tasks"]["total"] for j in jobs)

    def pids(self):
        return [p.pid for p in self.processes]

    def follow(self, watch):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.kafka, "group.id": "same_job-watch",
                                             "enable.auto.commit": False, "fetch.wait.max.ms": 100})
        consumer.assign([confluent_kafka.TopicPartition("clicks_windows", p, 0) for p in range(2)])
        while not watch.ended.is_set():
            messages = consumer.consume(5_000, timeout=0.01)
            now = time.time()
            for message in messages:
                if message.error():
                    raise RuntimeError(str(message.error()))
                watch.raw.append((now, message.value()))
        consumer.close()

    @staticmethod
    def parse(raw):
        if raw is not None:
            yield row_of(json.loads(raw))

    def settle(self):
        """Until the consumer's committed offsets reach the end: they are committed with a checkpoint after the last click,
        before which every bundle of rows is flushed."""
        admin = confluent_kafka.Consumer({"bootstrap.servers": self.kafka, "group.id": "same_job"})
        parts = [confluent_kafka.TopicPartition("clicks", p) for p in range(self.topics["clicks"])]
        ends = {p.partition: admin.get_watermark_offsets(p, timeout=10)[1] for p in parts}
        self.until("Flink did not read to the end of clicks", lambda: all(
            p.offset == ends[p.partition] for p in admin.committed(parts, timeout=10)))
        admin.close()
        time.sleep(1)  # a reader of results may be a fetch behind

    def results(self, watch_rows):
        """The last value of each key of the topic of results."""
        return {key: seen[-1][1] for key, seen in watch_rows.items()}

    def late_ids(self):
        return [json.loads(value)["event_id"] for _, value in read_topic(self.kafka, "clicks.late")]

    def log_tail(self, size=4000):
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-size:]}" for log in self.folder.glob("*.log"))

    def stop(self):
        for p in [*self.processes, *([self.client] if self.client else [])]:
            if p.poll() is None:
                p.kill()
            p.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
log.dirs={folder}/kafka
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""

FLINK_SETTINGS = """\
jobmanager.bind-host: 127.0.0.1
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: {rpc}
jobmanager.memory.process.size: 1000m
taskmanager.bind-host: 127.0.0.1
taskmanager.host: 127.0.0.1
taskmanager.numberOfTaskSlots: 2
taskmanager.memory.process.size: 1728m
taskmanager.memory.managed.size: 128m
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
parallelism.default: 2
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: {rest}
pipeline.object-reuse: true
pipeline.auto-watermark-interval: 50ms
execution.buffer-timeout.interval: 10ms
state.backend.type: hashmap
execution.checkpointing.interval: 10s
execution.checkpointing.mode: EXACTLY_ONCE
execution.checkpointing.storage: filesystem
execution.checkpointing.dir: file://{folder}/checkpoints
"""


class Meter(threading.Thread):
    """CPU seconds and resident memory of some processes, read from /proc twice a second."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.ended, self.samples = pids, threading.Event(), []

    def run(self):
        while not self.ended.is_set():
            self.samples.append((time.time(), *self.read()))
            self.ended.wait(0.5)

    def read(self):
        cpu = rss = 0
        for pid in self.pids:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            cpu += (int(fields[11]) + int(fields[12])) / TICKS
            rss += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        return cpu, rss

    def between(self, first, last):
        """CPU seconds between two instants: of the samples nearest to them, scaled to the time asked for."""
        inside = [s for s in self.samples if first <= s[0] <= last]
        return (inside[-1][1] - inside[0][1]) * (last - first) / (inside[-1][0] - inside[0][0])

    def finish(self):
        self.ended.set()
        self.join(10)
