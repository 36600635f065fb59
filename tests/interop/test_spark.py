"""Apache Spark with Delta reads every table that Tarn writes, and gives Tarn's own answer.

Needs `tools/setup --interop` (Spark in .venv-interop, Delta's jars, Java), tarn_lake_writer for the tables of every type and
partition, bin/tarn for those of a clickstream. What is absent skips its tests and says so; with TARN_INTEROP=required it fails.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import tarn  # noqa: E402
from spark import absent  # noqa: E402

pytestmark = pytest.mark.interop

WRITER = pathlib.Path(os.environ.get("TARN_LAKE_WRITER", ROOT / "build/dev/tarn_lake_writer"))

COUNTS = {"plain": 150, "by_text": 150, "by_many": 100, "by_time": 100, "checkpointed": 1250}
TYPES = [("id", "bigint"), ("flag", "boolean"), ("small", "int"), ("ratio", "double"), ("text", "string"),
         ("bytes", "binary"), ("time", "timestamp"), ("day", "date")]
# The same row on both sides, as JSON values that say every value exactly.
TARN_ROW = """SELECT to_json([to_json(id), to_json(flag), to_json(small), to_json(ratio), to_json("text"), to_json(hex(bytes)),
              to_json(epoch_us("time")), to_json("day"::VARCHAR)])::VARCHAR FROM delta_scan('{}') ORDER BY id"""
SPARK_ROW = """SELECT id, flag, small, ratio, text, hex(bytes), unix_micros(time), cast(day AS string)
               FROM delta.`{}` ORDER BY id"""
# Questions that statistics and partition values may answer by leaving files out; dates and times in standard SQL.
CONDITIONS = ["id >= 40 AND id < 60", "text = 'US/East coast'", "text = 'a=b%20c'", "ratio > 1e10", "day < DATE '1990-01-01'",
              "time > TIMESTAMP '2023-11-15 00:00:00+00:00'", "small IS NULL", "text IS NULL", "text > 'quote'", "flag"]

# A column's value as a number or a text, by Tarn's type of it and by Spark's.
TARN_VALUES = {"VARCHAR": "{}", "INTEGER": "{}::BIGINT", "BIGINT": "{}", "BLOB": "hex({})", "DATE": "{}::VARCHAR",
               "TIMESTAMP WITH TIME ZONE": "epoch_us({})"}
SPARK_VALUES = {"string": "{}", "int": "cast({} AS bigint)", "bigint": "{}", "binary": "hex({})",
                "date": "cast({} AS string)", "timestamp": "unix_micros({})"}
SAME_TYPE = dict(zip(TARN_VALUES, ["string", "int", "bigint", "binary", "date", "timestamp"]))
NUMBERS = ("INTEGER", "BIGINT", "TIMESTAMP WITH TIME ZONE")


def writer(*arguments):
    done = subprocess.run([str(WRITER), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def tarn_rows(path):
    return [json.loads(line) for line in writer("query", TARN_ROW.format(path))]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    if not WRITER.exists():
        absent(f"{WRITER} is not built (target tarn_lake_writer)")
    root = tmp_path_factory.mktemp("lake")
    writer("write", root)
    return root / "interop"


@pytest.fixture(scope="module")
def clickstream(tmp_path_factory):
    """The data folder of a clickstream that has ended, with late and broken clicks in it."""
    if not pathlib.Path(tarn.PROGRAM).exists():
        absent(f"{tarn.PROGRAM} is not built")
    folder = tmp_path_factory.mktemp("clickstream")
    server = tarn.Server(ROOT / "scenarios" / "q01-clickstream", folder / "data", folder / "log")
    server.start()
    try:
        load = tarn.run("demo-generator", "--kafka", server.kafka, "--ledger", folder / "ledger", "--rate", 5000,
                        "--for", "12s", "--seed", 7, timeout=120)
        assert load.returncode == 0, load.stderr
        server.wait_caught_up()
        assert server.stop(60) == 0
    finally:
        server.kill()
    return folder / "data"


def test_every_table_of_the_writer_is_asked(lake):
    assert sorted(path.name for path in lake.iterdir()) == sorted(COUNTS)


@pytest.mark.parametrize("table", COUNTS)
def test_spark_reads_the_same_rows(spark, lake, table):
    rows = tarn_rows(lake / table)
    assert len(rows) == COUNTS[table]
    assert spark.types(lake / table) == TYPES
    assert spark.rows(SPARK_ROW.format(lake / table)) == rows


@pytest.mark.parametrize("table", ["by_text", "by_many", "checkpointed"])
def test_spark_finds_the_same_rows(spark, lake, table):
    counts = " UNION ALL ".join(f"SELECT {n} AS n, count(*) AS c FROM delta.`{lake / table}` WHERE {where}"
                                for n, where in enumerate(CONDITIONS))
    found = [count for _, count in sorted(spark.rows(counts))]
    for where, count in zip(CONDITIONS, found, strict=True):
        query = f"SELECT count(*)::VARCHAR FROM delta_scan('{lake / table}') WHERE "
        query += where.replace("TIMESTAMP ", "TIMESTAMPTZ ").replace("text ", '"text" ')
        assert [str(count)] == writer("query", query), where


def test_a_checkpoint_alone_is_enough_for_spark(spark, lake, tmp_path):
    copy = tmp_path / "t"
    shutil.copytree(lake / "checkpointed", copy)
    for version in range(20):
        (copy / "_delta_log" / f"{version:020}.json").unlink()
    assert spark.rows(SPARK_ROW.format(copy)) == tarn_rows(lake / "checkpointed")


def tarn_sql(data, query):
    done = tarn.run("sql", query, "--data", data, "--format", "json", timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def summary(values, whole, row_number):
    """Of the values (expression, is it a number): how many, least, greatest, sum; then a hash of the rows as a multiset."""
    asked = ["count(*)"]
    for value, is_number in values:
        asked += [f"count({value})", f"min({value})", f"max({value})"] + ([f"sum({whole.format(value)})"] * is_number)
    row = ", ".join(f"coalesce(length({text}) || ':' || {text}, '-')"
                    for text in (f"cast({value} AS string)" for value, _ in values))
    asked.append(f"sum({row_number.format(f'substr(md5(concat({row})), 1, 15)')})")
    return "SELECT " + ", ".join(f"cast({a} AS string) AS c{n}" for n, a in enumerate(asked)) + " FROM "


# Tables of the clickstream, and whether twelve seconds of it are sure to fill them: no session ends so soon.
CLICKSTREAM = {"bronze.clicks": True, "late.clicks": True, "dead_letters.clicks": True, "silver.clicks": True,
               "quarantine.silver_clicks": False, "gold.funnel": True, "gold.sessions": False, "late.session_clicks": False}


@pytest.mark.parametrize("table", CLICKSTREAM)
def test_spark_reads_the_same_clickstream(spark, clickstream, table):
    columns = [(c["column_name"], c["column_type"]) for c in tarn_sql(clickstream, f"DESCRIBE SELECT * FROM {table}")]
    path = clickstream / "tables" / table.replace(".", "/")
    assert spark.types(path) == [(name, SAME_TYPE[kind]) for name, kind in columns]
    mine = [(TARN_VALUES[kind].format(f'"{name}"'), kind in NUMBERS) for name, kind in columns]
    theirs = [(SPARK_VALUES[SAME_TYPE[kind]].format(f"`{name}`"), kind in NUMBERS) for name, kind in columns]
    [answer] = tarn_sql(clickstream, summary(mine, "{}::HUGEINT", "('0x' || {})::BIGINT") + table)
    assert int(answer["c0"]) > 0 or not CLICKSTREAM[table]
    [same] = spark.rows(summary(theirs, "cast({} AS decimal(38, 0))", "cast(conv({}, 16, 10) AS decimal(38, 0))")
                        + f"delta.`{path}`")
    assert same == list(answer.values())


def test_every_table_of_the_clickstream_is_asked(clickstream):
    listed = tarn.run("table", "list", "--data", clickstream, "--format", "json")
    assert listed.returncode == 0, listed.stderr
    tables = sorted(json.loads(line)["table"] for line in listed.stdout.splitlines())
    assert tables == sorted(CLICKSTREAM)

