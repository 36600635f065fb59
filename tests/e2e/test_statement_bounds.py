"""What statements and care hold to while they run: memory, a stop, a crash."""

import json
import pathlib
import threading
import urllib.error
import urllib.request

import tarn
from table_sql import rows, sql


def peak_bytes(server):
    """The most that the process has had in memory."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


class Statement(threading.Thread):
    """One that runs meanwhile; `answer` is None where it was refused or cut off."""

    def __init__(self, server, text):
        super().__init__()
        self.request = urllib.request.Request(f"http://{server.http}/api/v1/sql/statement",
                                              data=json.dumps({"sql": text}).encode(),
                                              headers={"Content-Type": "application/json"})
        self.answer = self.refused = None
        self.start()

    def run(self):
        try:
            with urllib.request.urlopen(self.request, timeout=120) as answer:
                self.answer = json.load(answer)
        except urllib.error.HTTPError as error:
            self.refused = error.read().decode()
        except OSError:
            pass


def test_a_statement_spills_past_its_memory(tmp_path):
    data, held = tmp_path / "data", 128 << 20
    server = tarn.Server(None, data, tmp_path / "log", extra=["--set", "sql.memory=128MiB"])
    server.start()
    try:
        sql(data, "create table a.t (id bigint, name text)")
        before = peak_bytes(server)
        # 6 million rows of a hundred bytes are put in order before the first is written.
        count = 6_000_000
        statement = Statement(server, f"insert into a.t select i, repeat(md5(i::varchar), 3) from range({count}) r(i) "
                                      "order by hash(i)")
        spilled = data / "spill" / "changes"
        tarn.wait_for(lambda: any(one.is_file() for one in spilled.rglob("*")) or not statement.is_alive(),
                      "nothing is spilled")
        assert statement.is_alive(), "it has spilled while it ran"
        statement.join()
        assert statement.answer and statement.answer["inserted"] == count, statement.refused or server.log_tail()
        assert peak_bytes(server) - before < 2 * held
        assert not any(one.is_file() for one in spilled.rglob("*"))
    finally:
        server.kill()


def test_a_statement_ends_when_tarn_stops(tmp_path):
    data = tmp_path / "data"
    server = tarn.Server(None, data, tmp_path / "log")
    server.start()
    try:
        sql(data, "create table a.t (id bigint)")
        statement = Statement(server, "insert into a.t select i from range(100000000000) r(i)")
        folder = data / "tables" / "a" / "t"
        tarn.wait_for(lambda: [one for one in folder.iterdir() if one.is_file()], "it does not write")
        assert server.stop(timeout=30) == 0
        statement.join()
        assert statement.answer is None
        assert rows(data, "select count(*) as n from a.t") == [{"n": 0}]
    finally:
        server.kill()


def test_care_that_a_crash_ends_goes_on(tmp_path, monkeypatch):
    data, project = tmp_path / "data", tmp_path / "project"
    for number in range(5):
        make = "create table a.t as" if number == 0 else "insert into a.t"
        sql(data, f"{make} select {number} as id, 'n{number}' as name")
    project.mkdir()
    (project / "tarn.yml").write_text("name: care\nmaintain:\n  compact: 1s\n")
    # Its file is written, its commit is not.
    monkeypatch.setenv("TARN_FAILPOINT", "lake.before_commit")
    ended = tarn.run("up", "--project", project, "--data", data, "--kafka-port", "0", "--http-port", "0")
    assert ended.returncode != 0
    monkeypatch.delenv("TARN_FAILPOINT")
    assert rows(data, "select count(*) as n from a.t") == [{"n": 5}]
    server = tarn.Server(project, data, tmp_path / "log")
    server.start()
    try:
        tarn.wait_for(lambda: server.get("/api/v1/tables/a.t/layout")["all"]["files"] == 1, "it is not packed")
        assert sorted(row["id"] for row in server.sql("select id from a.t")) == list(range(5))
        assert rows(data, "select operation from table_history('a.t') where operation = 'OPTIMIZE'") == [
            {"operation": "OPTIMIZE"}]
    finally:
        server.kill()
