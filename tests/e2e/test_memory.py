"""What the program takes of memory, through its own set-up: limits of the settings, and the disk behind them."""

import json
import urllib.error
import urllib.request

import pytest

import tarn

MIB = 1 << 20
LIMIT = 128  # MiB, of people's SQL


@pytest.fixture
def server(tmp_path):
    server = tarn.Server(tarn.ROOT / "scenarios" / "q01-clickstream", tmp_path / "data", tmp_path / "log",
                         ["--set", f"sql.memory={LIMIT}MiB", "--memory", "1GiB"])
    server.start()
    yield server
    server.kill()


def status(server, field):
    with open(f"/proc/{server.process.pid}/status") as lines:
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(field + ":"))


def refused(server, sql):
    request = urllib.request.Request(f"http://{server.http}/api/v1/sql", json.dumps({"sql": sql}).encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


@pytest.mark.parametrize("sql", [
    "select sum(length(repeat('x', 1000000 + i))) from (select unnest(range(100000)) as i)",
    "select length(string_agg(repeat('x', 1000000 + i))) from (select unnest(range(10000)) as i)",
    "select max(len(range(1000000 + i))) from (select unnest(range(100000)) as i)",
])
def test_a_query_that_fits_nowhere_ends_and_the_server_goes_on(server, sql):
    assert server.sql("select 1 as one") == [{"one": 1}]
    before = status(server, "VmHWM")
    assert "TARN-E0806" in refused(server, sql)
    assert status(server, "VmHWM") < before + 4 * LIMIT
    assert server.sql("select length(repeat('x', 1000000)) as n") == [{"n": 1_000_000}]


def test_a_large_query_uses_the_disk(server):
    rows = server.sql("select count(*) as n from (select hash(i) as h, i::varchar as t, count(*) from "
                      "(select unnest(range(5000000)) as i) group by all)", timeout=120)
    assert rows == [{"n": 5_000_000}]


def test_reading_more_than_its_memory_takes_none_for_good(server):
    """Files are kept in memory while there is room; what makes room for others is given back."""
    done = tarn.run("sql", "create table a.texts as select md5(i::varchar) || md5((-1 - i)::varchar) as s from range(6000000) r(i)",
                    "--data", str(server.data))
    assert done.returncode == 0, done.stderr
    assert server.sql("select sizeInBytes as n from table_detail('a.texts')")[0]["n"] > 1.1 * LIMIT * MIB
    for _ in range(4):
        assert server.sql("select count(*) as n, max(length(s)) as l from a.texts where s > '0'", timeout=120) == [
            {"n": 6_000_000, "l": 64}]
    assert server.sql("select length(repeat('x', 60000000)) as n") == [{"n": 60_000_000}]


def test_the_default_is_a_share_of_the_machine(server):
    rows = {row["name"]: row["value"] for row in server.sql("select name, value from system.settings")}
    assert rows["memory.limit"] == "1GiB" and rows["flow.memory"] == "60%"
