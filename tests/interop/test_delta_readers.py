"""Outside judges of Tarn's Delta tables: delta-rs (`deltalake`) and DuckDB's delta extension read what Tarn wrote and must
give Tarn's own answer, row for row; what delta-rs appends and checkpoints, Tarn reads back.

Needs: TARN_LAKE_WRITER (or build/dev/tarn_lake_writer), and a Python with deltalake==1.6.6, pyarrow, duckdb==1.5.5 and
duckdb-extension-delta==1.5.5. What is absent skips its tests and says so.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRITER = pathlib.Path(os.environ.get("TARN_LAKE_WRITER", ROOT / "build/dev/tarn_lake_writer"))
TABLES = ["plain", "by_text", "by_many", "by_time", "checkpointed"]
# The same projection on every side, to text that says every value exactly.
ROW = """SELECT to_json(struct_pack(id := id, flag := flag, small := small, ratio := CAST(ratio AS VARCHAR), txt := "text",
         bytes := hex(bytes), us := epoch_us("time"), dy := CAST("day" AS VARCHAR)))::VARCHAR AS line FROM {} ORDER BY id"""
COUNTS = {"plain": 150, "by_text": 150, "by_many": 100, "by_time": 100, "checkpointed": 1250}

deltalake = pytest.importorskip("deltalake")
duckdb = pytest.importorskip("duckdb")


def tarn(*arguments):
    done = subprocess.run([str(WRITER), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def tarn_rows(path):
    return tarn("query", ROW.format(f"delta_scan('{path}')"))


def deltalake_rows(path, where=""):
    t = deltalake.DeltaTable(str(path)).to_pyarrow_table()  # noqa: F841 (DuckDB finds it by name)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    return [line for (line,) in con.execute(ROW.format("t")).fetchall()]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    if not WRITER.exists():
        pytest.skip(f"{WRITER} is not built (target tarn_lake_writer)")
    root = tmp_path_factory.mktemp("lake")
    tarn("write", root)
    return root / "interop"


@pytest.mark.parametrize("table", TABLES)
def test_deltalake_reads_the_same_rows(lake, table):
    rows = tarn_rows(lake / table)
    assert len(rows) == COUNTS[table]
    assert deltalake_rows(lake / table) == rows


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_extension_reads_the_same_rows(lake, table):
    extension = pytest.importorskip("duckdb_extension_delta")
    files = list(pathlib.Path(extension.__file__).parent.rglob("delta.duckdb_extension"))
    con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    con.execute(f"LOAD '{files[0]}'")
    con.execute("SET TimeZone = 'UTC'")
    scan = f"delta_scan('{lake / table}')"
    rows = [line for (line,) in con.execute(ROW.format(scan)).fetchall()]
    assert rows == tarn_rows(lake / table)
    for where in ["id >= 40 AND id < 60", "\"text\" = 'US/East coast'", "ratio > 1e10", "\"day\" < DATE '1990-01-01'",
                  "\"time\" > TIMESTAMPTZ '2023-11-15 00:00:00+00'", "small IS NULL", "\"text\" > 'quote'", "flag"]:
        query = "SELECT count(*)::VARCHAR FROM {} WHERE " + where
        assert [con.execute(query.format(scan)).fetchone()[0]] == tarn("query", query.format(scan)), where


@pytest.mark.parametrize("table", TABLES)
def test_filters_of_a_dataset_find_the_rows(lake, table):
    dataset = pytest.importorskip("pyarrow.dataset")
    read = deltalake.DeltaTable(str(lake / table))
    pruned, whole = read.to_pyarrow_dataset(), read.to_pyarrow_table()
    for name in ["flag", "small", "ratio", "text", "time", "day"]:
        for value in [value for value in whole[name].unique()[:6] if value.is_valid]:
            wanted = dataset.field(name) == value
            assert pruned.to_table(filter=wanted).num_rows == whole.filter(wanted).num_rows > 0, (name, value)


def test_checkpoint_alone_is_enough_for_deltalake(lake, tmp_path):
    copy = tmp_path / "t"
    shutil.copytree(lake / "checkpointed", copy)
    for version in range(20):
        (copy / "_delta_log" / f"{version:020}.json").unlink()
    assert deltalake_rows(copy) == tarn_rows(lake / "checkpointed")
    assert tarn_rows(copy) == tarn_rows(lake / "checkpointed")


def test_deltalake_sees_metadata_transactions_and_history(lake):
    table = deltalake.DeltaTable(str(lake / "checkpointed"))
    assert table.version() == 25
    assert table.metadata().partition_columns == ["text"]
    assert table.transaction_version("interop") == 24
    newest = table.history(1)[0]
    assert newest["operation"] == "WRITE" and newest["engineInfo"].startswith("Tarn/")


def test_tarn_reads_what_deltalake_appended_and_checkpointed(lake, tmp_path):
    for name in ["plain", "by_text", "checkpointed"]:
        copy = tmp_path / name
        shutil.copytree(lake / name, copy)
        rows = deltalake.DeltaTable(str(copy)).to_pyarrow_table()
        more = rows.slice(0, 20)
        column = rows.schema.get_field_index("id")
        import pyarrow as pa

        more = more.set_column(column, rows.schema.field(column), pa.array(range(10_000, 10_020), pa.int64()))
        deltalake.write_deltalake(str(copy), more, mode="append")
        assert tarn_rows(copy) == deltalake_rows(copy)
        assert len(tarn_rows(copy)) == COUNTS[name] + 20
        deltalake.DeltaTable(str(copy)).create_checkpoint()
        deltalake.DeltaTable(str(copy)).delete("id >= 10010")
        assert tarn_rows(copy) == deltalake_rows(copy)
        assert len(tarn_rows(copy)) == COUNTS[name] + 10
