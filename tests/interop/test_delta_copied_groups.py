"""OPTIMIZE copies row groups, whoever wrote them: what it makes is read by all, with the same rows in the same order.

Needs bin/tarn; with Spark also `tools/setup --interop`. Three files of 20,000 rows each become one.
"""

import datetime
import decimal
import json
import pathlib
import urllib.parse

import deltalake
import duckdb
import pyarrow
import pyarrow.parquet
import pytest

import delta_engines
import delta_features
import tarn
from spark import DELTA_VERSION, absent

pytestmark = pytest.mark.interop

ROWS, FILES = 20_000, 3
COLUMNS = (("id", "long"), ("name", "string"), ("price", "decimal(12,3)"), ("day", "date"), ("bytes", "binary"), ("tags", "int[]"))
ARROW = delta_engines.DeltaRs().schema(COLUMNS)
# deltalake names what is in a list otherwise, and counts no NULLs of bytes: such files are written anew.
COPIED = {"deltalake": COLUMNS[:4]}
OF_TARN = """SELECT i, CASE WHEN i % 7 <> 0 THEN 'name ' || (i * 7919 % 100003) END, (i % 1000 - 500) / 4.0, DATE '2026-01-01' + (i % 100)::INTEGER,
             i::TEXT::BLOB, [i::INTEGER, NULL] FROM range({}, {}) r(i)"""


def rows(first):
    """The same rows whoever writes them; names are NULL in every seventh."""
    ids = range(first, first + ROWS)
    return pyarrow.table([ids, [None if n % 7 == 0 else f"name {n * 7919 % 100_003}" for n in ids],
                          [decimal.Decimal(n % 1000 - 500) / 4 for n in ids],
                          [datetime.date(2026, 1, 1) + datetime.timedelta(n % 100) for n in ids],
                          [str(n).encode() for n in ids], [[n, None] for n in ids]], schema=ARROW)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not pathlib.Path(tarn.PROGRAM).exists():
        absent(f"{tarn.PROGRAM} is not built")
    folder = tmp_path_factory.mktemp("copied")
    started = tarn.Server(None, folder / "data", folder / "log")
    started.start()
    yield delta_engines.Tarn(started, "")
    started.kill()


@pytest.mark.parametrize("writer", ["Tarn", "deltalake", "Spark"])
def test_what_is_copied_is_read_by_all(server, request, tmp_path, writer):
    columns = COPIED.get(writer, COLUMNS)
    table = delta_engines.Table(server.folder, f"copied_{writer}".lower(), delta_features.Feature("copied", columns=columns))
    names = [name for name, _ in columns]
    schema = delta_engines.DeltaRs().schema(columns)
    spark = delta_engines.Spark(request.getfixturevalue("spark"), DELTA_VERSION) if writer == "Spark" else None
    server.create(table)
    for file in range(FILES):
        part = rows(file * ROWS).select(names)
        if writer == "deltalake":
            deltalake.write_deltalake(str(table.path), part, mode="append")
            continue
        if spark:
            pyarrow.parquet.write_table(part, tmp_path / f"{file}.parquet")
            spark.run(table, f"INSERT INTO {{t}} SELECT * FROM parquet.`{tmp_path}/{file}.parquet`")
        else:
            server.run(table, "INSERT INTO {t} " + OF_TARN.format(file * ROWS, (file + 1) * ROWS))
    assert len(deltalake.DeltaTable(str(table.path)).file_uris()) == FILES
    server.optimize(table)
    opened = deltalake.DeltaTable(str(table.path))
    [path] = opened.file_uris()
    path = urllib.parse.unquote(path.removeprefix("file://"))
    assert not path.endswith(".zstd.parquet"), "its rows were written anew"
    expected = pyarrow.concat_tables(rows(file * ROWS) for file in range(FILES)).select(names)
    file = pyarrow.parquet.ParquetFile(path)
    assert file.metadata.num_row_groups == FILES and file.metadata.num_rows == FILES * ROWS
    assert file.read().cast(schema) == expected
    assert opened.to_pyarrow_table().cast(schema) == expected
    [add] = pyarrow.table(opened.get_add_actions(flatten=True)).to_pylist()
    assert add["num_records"] == FILES * ROWS
    assert (add["min.id"], add["max.id"], add["null_count.name"]) == (0, FILES * ROWS - 1, expected["name"].null_count)
    assert server.validate(table) == []
    digest = "count(*), sum(id), count(name), CAST(sum(price) AS BIGINT), max(day)"
    said = [delta_engines.plain(value) for value in duckdb.sql(f"SELECT {digest} FROM read_parquet('{path}')").fetchone()]
    assert [delta_engines.plain(value) for value in server.look(f"SELECT {digest} FROM m.{table.name}")[1][0]] == said
    # What bounds leave out is not what is asked for.
    assert server.count(table, "id = 31235 AND name = 'name " + str(31235 * 7919 % 100_003) + "'") == 1
    if spark:
        assert [delta_engines.plain(value) for value in spark.ask(table, f"SELECT {digest} FROM {{t}}")["rows"][0]] == said
        assert spark.ask(table, "SELECT count(*) FROM {t} WHERE id = 31235 AND size(tags) = 2")["rows"] == [[1]]
    commit = json.loads((table.path / "_delta_log" / f"{opened.version():020}.json").read_text().splitlines()[0])
    assert commit["commitInfo"]["operation"] == "OPTIMIZE"
