"""What Delta has beside rows, through the program: ids of rows, numbers of identity columns, v2 checkpoints, checksums of versions and
log compactions, with delta-rs as the other one."""

import decimal
import json
import os
import shutil

import pytest

import tarn
from table_sql import refused, rows, sql

deltalake = pytest.importorskip("deltalake")
pyarrow = pytest.importorskip("pyarrow")


def log_of(data, name):
    return data / "tables" / name.replace(".", "/") / "_delta_log"


def validate(data, name):
    return tarn.run("table", "validate", name, "--data", str(data))


def outside(data, name):
    return deltalake.DeltaTable(str(data / "tables" / name.replace(".", "/")))


def test_rows_keep_their_ids(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table gold.stock (item text, pieces bigint) with ('delta.enableRowTracking'='true')")
    sql(data, "insert into gold.stock values ('apple', 3), ('pear', 5), ('plum', 7)")
    ids = {row["item"]: row for row in rows(data, "select * from table_row_ids('gold.stock')")}
    assert sorted(row["_row_id"] for row in ids.values()) == [0, 1, 2]
    sql(data, "update gold.stock set pieces = 6 where item = 'pear'")
    sql(data, "delete from gold.stock where item = 'apple'")
    assert tarn.run("table", "optimize", "gold.stock", "--data", str(data)).returncode == 0
    assert rows(data, "select * from table_row_ids('gold.stock') order by item") == [
        ids["pear"] | {"pieces": 6, "_row_commit_version": 2}, ids["plum"]]
    assert rows(data, "select n.pieces - o.pieces as more from table_row_ids('gold.stock') n "
                      "join table_row_ids('gold.stock', 1) o using (_row_id) where n._row_commit_version > 1") == [{"more": 1}]
    assert rows(data, "select * from gold.stock order by item") == [{"item": "pear", "pieces": 6}, {"item": "plum", "pieces": 7}]
    assert validate(data, "gold.stock").returncode == 0
    sql(data, "create table gold.plain (item text)")
    assert "does not track its rows" in refused(data, "select * from table_row_ids('gold.plain')")


def test_numbers_are_given_once(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table gold.people (id bigint generated always as identity (start with 100 increment by 10), name text)")
    sql(data, "insert into gold.people (name) values ('ann')")
    sql(data, "insert into gold.people values ('ben')")
    sql(data, "delete from gold.people where name = 'ben'")
    sql(data, "merge into gold.people t using (values ('ann'), ('cid')) s(name) on t.name = s.name "
              "when not matched then insert (name) values (s.name)")
    assert rows(data, "select * from gold.people order by id") == [{"id": 100, "name": "ann"}, {"id": 120, "name": "cid"}]
    assert "takes no values" in refused(data, "insert into gold.people values (1, 'dan')")
    assert outside(data, "gold.people").to_pyarrow_table().num_rows == 2


def test_v2_checkpoints_and_checksums(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table gold.t (n bigint) with ('delta.checkpointPolicy'='v2', 'delta.checkpointInterval'='4')")
    for n in range(6):
        sql(data, f"insert into gold.t values ({n})")
    log = log_of(data, "gold.t")
    [checkpoint] = log.glob("00000000000000000004.checkpoint.*-*.parquet")
    assert len(list((log / "_sidecars").glob("*.parquet"))) == 1
    assert json.loads((log / "_last_checkpoint").read_text())["v2Checkpoint"]["path"] == checkpoint.name
    for version in range(7):
        checksum = json.loads((log / f"{version:020}.crc").read_text())
        assert (checksum["numFiles"], checksum["numMetadata"], checksum["numProtocol"]) == (version, 1, 1)
    assert validate(data, "gold.t").returncode == 0
    # Without the commits that it holds; then a checksum that does not hold.
    for version in range(4):
        (log / f"{version:020}.json").unlink()
    assert rows(data, "select sum(n)::bigint as n from gold.t") == [{"n": 15}]
    query = deltalake.QueryBuilder().register("t", outside(data, "gold.t")).execute("select n from t order by n")
    read = query.read_all() if hasattr(query, "read_all") else query
    assert pyarrow.table(read).to_pylist() == [{"n": n} for n in range(6)]
    checksum["tableSizeBytes"] += 1
    (log / f"{6:020}.crc").write_text(json.dumps(checksum))
    found = validate(data, "gold.t")
    assert found.returncode == 1 and "bytes, the log has" in found.stdout + found.stderr


def test_a_log_compaction_of_another(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table gold.t (n bigint)")
    for n in range(5):
        sql(data, f"insert into gold.t values ({n})")
    sql(data, "delete from gold.t where n = 1")
    other = outside(data, "gold.t")
    other.compact_logs(1, 4)
    log = log_of(data, "gold.t")
    [compaction] = log.glob("*.compacted.json")
    for version in (2, 3):
        (log / f"{version:020}.json").unlink()
    copy = tmp_path / "copy"
    shutil.copytree(log.parent, copy)
    assert rows(data, f"select list(n order by n) as n from delta_scan('{copy}')") == [{"n": [0, 2, 3, 4]}]
    os.remove(copy / "_delta_log" / compaction.name)
    assert "lacks version 2" in refused(data, f"select * from delta_scan('{copy}')")


def test_bounds_that_are_rounded_hide_no_row(tmp_path):
    """deltalake 1.6 writes a decimal's bounds as doubles: 9007199254740993.55 stands as …994.0."""
    data, keys = tmp_path / "data", ["9007199254740993.55", "123456789012345.67", "-9007199254740993.55", "1.25"]
    for key in keys:
        deltalake.write_deltalake(str(data / "tables/a/t"), pyarrow.table(
            {"k": pyarrow.array([decimal.Decimal(key)], pyarrow.decimal128(20, 2)), "n": [0]}), mode="append")
    for key in keys:
        assert rows(data, f"select count(*) as n from a.t where k = {key}::decimal(20,2)") == [{"n": 1}], key
    sql(data, "merge into a.t using (select k, 1 as n from a.t) s on t.k = s.k when matched then update set n = s.n "
              "when not matched then insert (k, n) values (s.k, 9)")
    assert rows(data, "select count(*) as n, sum(n)::bigint as s from a.t") == [{"n": 4, "s": 4}]


def test_an_empty_partition_value_is_null(tmp_path):
    data = tmp_path / "data"
    deltalake.write_deltalake(str(data / "tables/a/t"), pyarrow.table({"k": ["", None, "x", "x"], "n": [1, 2, 3, 4]}), partition_by=["k"])
    deltalake.write_deltalake(str(data / "tables/a/t"), pyarrow.table({"k": ["", "x"], "n": [5, 6]}), mode="append")
    said = [{"k": "x", "n": 13}, {"k": None, "n": 8}]
    groups = "select k, sum(n)::bigint as n from a.t group by k order by k nulls last"
    assert rows(data, groups) == said
    sql(data, "optimize a.t")
    assert rows(data, groups) == said
    assert rows(data, "select count(*) as n from a.t where k = ''") == [{"n": 0}]
