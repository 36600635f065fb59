"""`tarn sql` changes tables: with and without a server, beside a flow that writes them, and read by delta-rs."""

import json
import subprocess

import pytest

import tarn
from table_sql import refused, rows, sql

deltalake = pytest.importorskip("deltalake")
pyarrow = pytest.importorskip("pyarrow")

PROJECT = """name: shop
topics:
  orders:
    columns: {id: bigint, customer: text, amount: "decimal(12,2)"}
    table: {name: bronze.orders, every: 1s}
"""


def check_rows(data, name, wanted):
    assert rows(data, f"select * from {name} order by all") == wanted
    found = deltalake.DeltaTable(str(data / "tables" / name.replace(".", "/"))).to_pyarrow_table().to_pylist()
    assert sorted(map(str, found)) == sorted(map(str, wanted))


def test_a_table_by_sql_alone(tmp_path):
    data = tmp_path / "data"
    assert sql(data, "create table gold.stock (item text not null, pieces bigint)") == "gold.stock: made, version 0"
    assert sql(data, "insert into gold.stock values ('apple', 3), ('pear', 5)") == (
        "gold.stock: 2 rows inserted, version 1")
    assert sql(data, "update gold.stock set pieces = pieces + 1 where item = 'pear'") == (
        "gold.stock: 1 row updated, version 2")
    assert sql(data, """merge into gold.stock t using (values ('apple', 10), ('plum', 1)) s(item, pieces)
                        on t.item = s.item when matched then update set pieces = s.pieces
                        when not matched then insert values (s.item, s.pieces)""") == (
        "gold.stock: 1 row updated, 1 row inserted, version 3")
    check_rows(data, "gold.stock", [{"item": "apple", "pieces": 10}, {"item": "pear", "pieces": 6},
                                    {"item": "plum", "pieces": 1}])
    assert sql(data, "delete from gold.stock where pieces > 100") == "gold.stock: nothing to change, version 3"
    sql(data, "insert overwrite gold.stock select item, pieces from gold.stock where pieces < 10")
    check_rows(data, "gold.stock", [{"item": "pear", "pieces": 6}, {"item": "plum", "pieces": 1}])
    sql(data, "insert into gold.stock replace where (pieces < 5) values ('plum', 2), ('fig', 4)")
    check_rows(data, "gold.stock", [{"item": "fig", "pieces": 4}, {"item": "pear", "pieces": 6},
                                    {"item": "plum", "pieces": 2}])
    assert "does not hold to REPLACE WHERE" in refused(
        data, "insert into gold.stock replace where (pieces < 5) values ('melon', 9)")
    assert "required" in refused(data, "insert into gold.stock (pieces) values (1)")
    sql(data, "create or replace table gold.stock as select 'one' as item, 1::decimal(10,2) as price")
    assert rows(data, "select * from gold.stock") == [{"item": "one", "price": 1.00}]


def test_deletion_vectors_and_partitions(tmp_path):
    data = tmp_path / "data"
    sql(data, """create table silver.clicks partitioned by (day) with ('delta.enableDeletionVectors'='true',
                 'delta.enableChangeDataFeed'='true')
                 as select i as id, 'd' || i % 3 as day from range(1000) r(i)""")
    told = json.loads(sql(data, "delete from silver.clicks where id % 10 = 0 and day = 'd1'", "--format", "json"))
    assert told["deleted"] == 33 and told["vectors_added"] == 1 and told["files_added"] == 0
    assert rows(data, "select count(*) as n from silver.clicks") == [{"n": 967}]
    sql(data, "insert overwrite partitions silver.clicks values (7, 'd2'), (8, 'd9')")
    assert rows(data, "select day, count(*) as n from silver.clicks group by day order by day") == [
        {"day": "d0", "n": 334}, {"day": "d1", "n": 300}, {"day": "d2", "n": 1}, {"day": "d9", "n": 1}]
    found = deltalake.QueryBuilder().register(
        "t", deltalake.DeltaTable(str(data / "tables/silver/clicks"))).execute("select count(*) as n from t")
    assert pyarrow.table(found.read_all()).to_pydict()["n"] == [636]


def test_columns_change_and_no_file_does(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.t as select i as id, 'r' || i as name from range(10) r(i)")
    before = sorted(path.name for path in (data / "tables/a/t").glob("*.parquet"))
    assert sql(data, "alter table a.t rename column name to title") == "a.t: changed, version 1"
    assert sql(data, "comment on column a.t.title is 'what it is called'") == "a.t: changed, version 2"
    assert sql(data, "alter table a.t alter column id set data type decimal(21,1)") == "a.t: changed, version 3"
    assert sql(data, "alter table a.t add column note text") == "a.t: changed, version 4"
    assert sorted(path.name for path in (data / "tables/a/t").glob("*.parquet")) == before
    assert rows(data, "select * from a.t where id = 3") == [{"id": 3.0, "title": "r3", "note": None}]
    assert sql(data, "truncate a.t") == "a.t: 10 rows deleted, version 5"


def test_fields_of_structs_change_and_no_file_does(tmp_path):
    data = tmp_path / "data"
    sql(data, """create table a.t as select i as id, {'x': i::integer, 'y': 'y' || i} as s, [{'n': i::integer}] as l,
                 map {'k': {'v': i}} as m from range(3) r(i)""")
    before = sorted(path.name for path in (data / "tables/a/t").glob("*.parquet"))
    for change in ("add column s.z bigint first", "add column l.element.more text comment 'beside n'",
                   "add column m.value.w date", "rename column S.X to a", "drop column s.y",
                   "alter column l.element.n set data type bigint", "alter column m first", "change column m.value.w first",
                   "alter s.a after z", "alter column id set not null"):
        told = sql(data, f"alter table a.t {change}")
        assert told.startswith("a.t: changed") or change == "alter s.a after z", change
    sql(data, "comment on column a.t.s.a is 'was x'")
    assert sorted(path.name for path in (data / "tables/a/t").glob("*.parquet")) == before
    assert rows(data, "select * from a.t where s.a = 2") == [
        {"m": {"k": {"w": None, "v": 2}}, "id": 2, "s": {"z": None, "a": 2}, "l": [{"n": 2, "more": None}]}]
    sql(data, "alter table a.t add column s.x text")
    sql(data, "insert into a.t by name select 3 as id, {'x': 'new', 'z': 7} as s")
    assert rows(data, "select * from a.t order by id") == [
        {"m": {"k": {"w": None, "v": n}}, "id": n, "s": {"z": None, "a": n, "x": None}, "l": [{"n": n, "more": None}]}
        for n in range(3)] + [{"m": None, "id": 3, "s": {"z": 7, "a": None, "x": "new"}, "l": None}]
    for statement, said in (
            ("add column l.more text", ".element"), ("add column id.x text", "only a struct"), ("drop column s.nope", "no column s.nope"),
            ("rename column s.a to Z", "has a column Z"), ("alter column s.a set data type text", "s.a is integer"),
            ("alter column l.element.n set not null", "no NOT NULL"), ("alter column l.element first", "what array"),
            ("alter column s.a after nope", "no nope"), ("alter column s.x set not null", "NULL in 3 rows"),
            ("add column q int default 5", "DEFAULT"), ("add column q int, r int", "in brackets"),
            ("drop column m.value.v cascade", "behind it"), ("rename to b", "such an ALTER")):
        assert said in refused(data, f"alter table a.t {statement}"), statement
    assert "s.more" in refused(data, "insert into a.t by name select 9 as id, {'more': 1} as s")
    sql(data, "alter table a.t drop column if exists s.nope")
    sql(data, "insert with schema evolution into a.t select 4 as id, {'more': 1} as s, [{'deep': {'x': 1}}] as l")
    assert rows(data, "select s, l from a.t where id = 4") == [
        {"s": {"z": None, "a": None, "x": None, "more": 1}, "l": [{"n": None, "more": None, "deep": {"x": 1}}]}]
    validated = tarn.run("table", "validate", "a.t", "--data", str(data), "--format", "json")
    assert validated.returncode == 0, validated.stdout


def test_a_table_is_clustered(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.c cluster by (s.x, name) as select {'x': i % 10} as s, 'n' || i as name from range(1000) r(i)")
    assert rows(data, "select \"clusteringColumns\" as by from table_detail('a.c')") == [{"by": ["s.x", "name"]}]
    assert sql(data, "optimize a.c") == "a.c: 1 file made into 1 file, version 1"
    assert sql(data, "optimize a.c") == "a.c: 0 files made into 0 files, version 1"
    sql(data, "alter table a.c rename column s.x to y")
    sql(data, "insert into a.c values ({'y': 1}, 'more')")
    assert sql(data, "optimize a.c full dry run") == "a.c: 2 files would be packed, version 3"
    told = tarn.run("table", "optimize", "a.c", "--full", "--data", str(data), "--format", "json")
    assert json.loads(told.stdout)["files_removed"] == 2
    assert "clustered by s.y" in refused(data, "alter table a.c drop column s.y")
    assert sql(data, "alter table a.c cluster by none") == "a.c: changed, version 5"
    assert rows(data, "select count(*) as n, count(distinct name) as d from a.c") == [{"n": 1001, "d": 1001}]
    assert "ZORDER" not in sql(data, "optimize a.c zorder by (name)")


def test_wrong_statements_say_what_is_wrong(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.t (id bigint)")
    assert "no table a.nope" in refused(data, "delete from a.nope")
    assert "no column nope" in refused(data, "update a.t set nope = 1")
    assert "RETURNING" in refused(data, "delete from a.t returning id")
    assert "syntax error" in refused(data, "delete frm a.t")
    assert "2 columns" in refused(data, "insert into a.t values (1, 2)")
    assert "there is a table a.t" in refused(data, "create table a.t (id bigint)")
    assert "schema.table" in refused(data, "create table t (id bigint)")
    assert "INTERVAL" in refused(data, "create table a.u (i interval)")


def test_beside_a_flow_that_writes(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "tarn.yml").write_text(PROJECT)
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log")
    server.start()
    try:
        def produce(first, count):
            lines = "\n".join(json.dumps({"id": i, "customer": f"c{i % 7}", "amount": f"{i}.25"})
                              for i in range(first, first + count))
            subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", "orders"], input=lines.encode(), check=True,
                           timeout=30)

        produce(0, 500)
        server.wait_caught_up()
        told = sql(server.data, "delete from bronze.orders where customer = 'c3'")
        assert told.startswith("bronze.orders: 71 rows deleted")
        produce(500, 500)
        server.wait_caught_up()
        assert rows(server.data, "select count(*) as n, sum(amount) as money from bronze.orders where id < 500") == [
            {"n": 429, "money": sum(i for i in range(500) if i % 7 != 3) + 429 * 0.25}]
        assert rows(server.data, "select count(*) as n from bronze.orders") == [{"n": 929}]
        told = sql(server.data, """create table gold.customers as
                                   select customer, sum(amount) as money from bronze.orders group by customer""")
        assert told == "gold.customers: 7 rows inserted, version 0"
        assert "read_csv" in refused(server.data, "insert into gold.customers select * from read_csv('/etc/passwd')")
        assert rows(server.data, "select count(*) as n from gold.customers") == [{"n": 7}]
    finally:
        server.kill()


def test_older_versions_and_what_changed(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table s.t with ('delta.enableDeletionVectors'='true') as select i as id, 'n' || i as name "
              "from range(6) r(i)")
    sql(data, "update s.t set name = 'x' where id = 3")
    sql(data, "delete from s.t where id = 4")
    assert rows(data, "select count(*) as n, max(name) as m from s.t") == [{"n": 5, "m": "x"}]
    assert rows(data, "select count(*) as n, max(name) as m from s.t at (version => 0)") == [{"n": 6, "m": "n5"}]
    assert rows(data, """select t.id, o.name as was from s.t join s.t o at (version => 0) using (id)
                         where t.name <> o.name""") == [{"id": 3, "was": "n3"}]
    assert rows(data, "select count(*) as n from s.t at (timestamp => now())") == [{"n": 5}]
    assert "no version as old as" in refused(data, "select * from s.t at (timestamp => '2020-01-01')")
    assert "no version 99" in refused(data, "select * from s.t at (version => 99)")
    assert "does not exist" in refused(data, "select * from s.nope at (version => 1)")
    changes = "select _change_type as what, id, name, _commit_version as at from table_changes('s.t', 1) order by all"
    assert rows(data, changes) == [{"what": "delete", "id": 3, "name": "n3", "at": 1},
                                   {"what": "delete", "id": 4, "name": "n4", "at": 2},
                                   {"what": "insert", "id": 3, "name": "x", "at": 1}]
    assert rows(data, "select count(*) as n from table_changes('s.t', '2020-01-01', now())") == [{"n": 9}]
    assert "no version 9 yet" in refused(data, "select * from table_changes('s.t', 9)")
    assert [row["operation"] for row in rows(data, "describe history s.t")] == [
        "DELETE", "UPDATE", "CREATE TABLE AS SELECT"]
    detail = rows(data, "describe detail s.t")[0]
    assert (detail["numRows"], detail["minReaderVersion"]) == (5, 3)
    # A statement sees each of its tables at one version, an older one where it says so.
    sql(data, "insert into s.t select * from s.t at (version => 1) where id = 4")
    assert rows(data, "select count(*) as n from s.t") == [{"n": 6}]


def test_the_change_feed_of_an_update(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table s.t with ('delta.enableChangeDataFeed'='true') as select i as id, i * 2 as n from range(5) r(i)")
    sql(data, "update s.t set n = 0 where id >= 3")
    assert rows(data, "select _change_type as what, id, n from table_changes('s.t', 1) order by all") == [
        {"what": "update_postimage", "id": 3, "n": 0}, {"what": "update_postimage", "id": 4, "n": 0},
        {"what": "update_preimage", "id": 3, "n": 6}, {"what": "update_preimage", "id": 4, "n": 8}]
    found = pyarrow.table(deltalake.DeltaTable(str(data / "tables/s/t")).load_cdf(starting_version=1)).to_pylist()
    assert len(found) == 4
    ours = rows(data, "select _change_type as what, _commit_timestamp as at from table_changes('s.t', 1) limit 1")[0]
    theirs = [row["_commit_timestamp"] for row in found]
    assert all(abs((time - theirs[0]).total_seconds()) < 0.001 for time in theirs)
    assert ours["at"].startswith(theirs[0].strftime("%Y-%m-%dT%H:%M"))


def test_care_in_sql(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table s.t (id bigint)")
    for number in range(5):
        sql(data, f"insert into s.t values ({number})")
    assert sql(data, "optimize s.t dry run") == "s.t: 5 files would be packed, version 5"
    assert sql(data, "OPTIMIZE s.t") == "s.t: 5 files made into 1 file, version 6"
    assert sql(data, "vacuum s.t retain 200 hours dry run") == "s.t: 0 files, 0 bytes would be removed"
    assert "keeps what was removed for 7d" in refused(data, "vacuum s.t retain 0 hours")
    assert sql(data, "create table s.u shallow clone s.t version as of 2") == "s.u: cloned from s.t, 2 files, version 0"
    assert sql(data, "restore s.t to version as of 3") == "s.t: as of version 3, version 7"
    assert rows(data, "select (select count(*) from s.t) as t, (select count(*) from s.u) as u") == [{"t": 3, "u": 2}]
    assert "expected" in refused(data, "restore s.t to 3")


def test_columns_come_with_rows(tmp_path):
    """WITH SCHEMA EVOLUTION: what the source has beside the table's columns is added in the same commit."""
    data = tmp_path / "data"
    sql(data, "create table s.t with ('delta.enableChangeDataFeed'='true') as select i as id, 'n' || i as name from range(3) r(i)")
    assert "no column price" in refused(data, "insert into s.t by name select 7 as id, 1.5::double as price")
    assert sql(data, "insert with schema evolution into s.t select 7 as id, 1.5::double as price") == (
        "s.t: 1 row inserted, version 1")
    check_rows(data, "s.t", [{"id": 0, "name": "n0", "price": None}, {"id": 1, "name": "n1", "price": None},
                             {"id": 2, "name": "n2", "price": None}, {"id": 7, "name": None, "price": 1.5}])
    told = sql(data, """merge with schema evolution into s.t t
                        using (values (1, {'city': 'Bern', 'zip': 3000}), (9, null)) s(ID, home) on t.id = s.id
                        when matched then update when not matched then insert""")
    assert told == "s.t: 1 row updated, 1 row inserted, version 2"
    assert rows(data, "select * from s.t where home is not null or id >= 7 order by id") == [
        {"id": 1, "name": "n1", "price": None, "home": {"city": "Bern", "zip": 3000}},
        {"id": 7, "name": None, "price": 1.5, "home": None}, {"id": 9, "name": None, "price": None, "home": None}]
    # Only what a clause asks for: other columns of the source stay out.
    sql(data, """merge with schema evolution into s.t t using (values (2, 'x', 5)) s(id, note, other) on t.id = s.id
                 when matched then update set note = s.note""")
    assert rows(data, "select id, note from s.t where note is not null") == [{"id": 2, "note": "x"}]
    assert "other" not in sql(data, "describe s.t")
    assert rows(data, "select _change_type as what, id, note from table_changes('s.t', 3) order by what") == [
        {"what": "update_postimage", "id": 2, "note": "x"}, {"what": "update_preimage", "id": 2, "note": None}]
    assert "list of columns" in refused(data, "insert with schema evolution into s.t (id) select 1 as id")
    assert [row["operation"] for row in rows(data, "describe history s.t")] == [
        "MERGE", "MERGE", "WRITE", "CREATE TABLE AS SELECT"]
    validated = tarn.run("table", "validate", "s.t", "--data", str(data), "--format", "json")
    assert validated.returncode == 0 and json.loads(validated.stdout)["problems"] == []


def test_what_a_table_asks_of_rows_is_kept(tmp_path):
    """CHECK, defaults and generated columns, by every statement; delta-rs reads the same."""
    data = tmp_path / "data"
    sql(data, """create table s.t (id bigint not null, seen timestamptz,
                 day date generated always as (cast(seen as date)), n int default 7, note text default 'x',
                 check (n > 0)) partitioned by (day) with ('delta.enableChangeDataFeed'='true')""")
    detail = rows(data, "describe detail s.t")[0]
    assert (detail["minReaderVersion"], detail["minWriterVersion"]) == (1, 7)
    assert {"generatedColumns", "allowColumnDefaults", "checkConstraints"} <= set(detail["tableFeatures"])
    sql(data, "insert into s.t (id, seen) values (1, '2026-01-02 03:04:05Z')")
    sql(data, "insert into s.t (id, seen, day) values (3, '2026-01-03 03:04:05Z', date '2026-01-03')")
    for n in ("-1", "null"):  # a condition that is not true, as Spark has it
        said = refused(data, f"insert into s.t (id, n) values (2, {n})")
        assert "CHECK check_1: (n > 0)" in said and "TARN-E0811" in said
    assert "day is generated" in refused(
        data, "insert into s.t (id, seen, day) values (4, '2026-01-03 03:04:05Z', date '2026-01-04')")
    sql(data, "update s.t set seen = seen + interval 1 day where id = 1")
    assert "CHECK" in refused(data, "update s.t set n = 0")
    sql(data, """merge into s.t t using (values (1, 5), (9, 4)) s(id, n) on t.id = s.id
                 when matched then update set n = s.n when not matched then insert (id, n) values (s.id, s.n)""")
    assert "CHECK" in refused(data, """merge into s.t t using (values (1, -5)) s(id, n) on t.id = s.id
                                       when matched then update set n = s.n""")
    wanted = [{"id": 1, "day": "2026-01-03", "n": 5, "note": "x"}, {"id": 3, "day": "2026-01-03", "n": 7, "note": "x"},
              {"id": 9, "day": None, "n": 4, "note": "x"}]
    assert rows(data, "select id, day, n, note from s.t order by id") == wanted
    found = deltalake.DeltaTable(str(data / "tables/s/t")).to_pyarrow_table().to_pylist()
    assert sorted((row["id"], str(row["day"]), row["n"]) for row in found) == [
        (1, "2026-01-03", 5), (3, "2026-01-03", 7), (9, "None", 4)]
    assert rows(data, "select id, day from table_changes('s.t', 3, 3) where _change_type = 'update_postimage'") == [
        {"id": 1, "day": "2026-01-03"}]
    sql(data, "alter table s.t add constraint Big check (id < 100 and note is not null)")
    assert "3 rows" not in refused(data, "alter table s.t add constraint bad check (n > 6)")
    assert "has a constraint" in refused(data, "alter table s.t add constraint big check (id < 9)")
    assert "regexp_matches" in refused(data, "alter table s.t add constraint f check (regexp_matches(note, 'x'))")
    assert "CHECK big" in refused(data, "insert into s.t (id) values (100)")
    assert "note" in refused(data, "alter table s.t rename column note to remark")
    sql(data, "alter table s.t drop constraint big")
    sql(data, "insert into s.t (id) values (100)")
    assert rows(data, "select count(*) as n from s.t") == [{"n": 4}]
    validated = tarn.run("table", "validate", "s.t", "--data", str(data), "--format", "json")
    assert validated.returncode == 0 and json.loads(validated.stdout)["problems"] == []


@pytest.mark.parametrize("vectors", ["true", "false"])
def test_columns_called_as_scans_call_theirs(tmp_path, vectors):
    data = tmp_path / "data"
    sql(data, f"""create table a.g with ('delta.enableDeletionVectors'='{vectors}') as
                  select i as id, 0 as file_row_number, 'x' as filename, 7 as tarn_sid from range(4) r(i)""")
    assert sql(data, "delete from a.g where id = 1") == "a.g: 1 row deleted, version 1"
    assert sql(data, "update a.g set filename = 'y' where id = 2") == "a.g: 1 row updated, version 2"
    sql(data, """update a.g as g set tarn_sid = s.tarn_sid from (select 3 as id, 9 as tarn_sid) s where g.id = s.id""")
    assert rows(data, "select * from a.g order by id") == [
        {"id": 0, "file_row_number": 0, "filename": "x", "tarn_sid": 7},
        {"id": 2, "file_row_number": 0, "filename": "y", "tarn_sid": 7},
        {"id": 3, "file_row_number": 0, "filename": "x", "tarn_sid": 9}]
    sql(data, "alter table a.g rename column id to other")
    assert sql(data, "delete from a.g where file_row_number = 0 and other = 0") == "a.g: 1 row deleted, version 5"


def test_a_partition_is_its_value_however_it_is_written(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.o (id int, d decimal(6,2)) partitioned by (d)")
    sql(data, "insert into a.o values (1, 12.3), (2, 0.5)")
    sql(data, "alter table a.o alter column d set data type decimal(8,3)")
    sql(data, "insert overwrite partitions a.o values (3, 12.3)")
    assert rows(data, "select id from a.o order by id") == [{"id": 2}, {"id": 3}]
    sql(data, "create table a.f (id int, f double) partitioned by (f)")
    sql(data, "insert into a.f values (1, 0.0), (2, 1)")
    sql(data, "insert overwrite partitions a.f values (3, -0.0::double)")
    assert rows(data, "select id from a.f order by id") == [{"id": 2}, {"id": 3}]


def test_fractions_alone_are_numbers_for_others(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.d (id int, d decimal(3,3), p decimal(2,2)) partitioned by (p)")
    sql(data, "insert into a.d values (1, 0.5, 0.25), (2, -0.125, -0.05)")
    log = (data / "tables/a/d/_delta_log/00000000000000000001.json").read_text()
    for line in log.splitlines():
        if "add" in json.loads(line):
            json.loads(json.loads(line)["add"]["stats"])
            assert json.loads(line)["add"]["partitionValues"]["p"] in ("0.25", "-0.05")
    found = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(str(data / "tables/a/d"))).execute(
        "select id from t where d > 0")
    assert pyarrow.table(found.read_all()).to_pydict()["id"] == [1]


def test_what_no_table_may_become(tmp_path):
    data = tmp_path / "data"
    sql(data, """create table a.t with ('delta.appendOnly'='TRUE') as select 1 as id, 'x' as "Vv" """)
    assert "appends only" in refused(data, "delete from a.t")
    assert "appends only" in refused(data, "create or replace table a.t as select 2 as id")
    assert "has a column vv" in refused(data, "alter table a.t rename column id to vv")
    assert "years 1 to 9999" in refused(data, "create table a.u as select timestamp 'infinity' as at")
    assert rows(data, "select * from a.t") == [{"id": 1, "Vv": "x"}]


def test_a_property_is_true_in_whatever_case(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.t with ('delta.enableInCommitTimestamps'='TRUE', 'delta.enableDeletionVectors'='True') "
              "as select i as id from range(10) r(i)")
    sql(data, "delete from a.t where id = 3")
    log = sorted((data / "tables/a/t/_delta_log").glob("*.json"))
    for commit in log:
        first = json.loads(commit.read_text().splitlines()[0])
        assert first["commitInfo"]["inCommitTimestamp"] > 0, "the feature is there, so each commit has its time"
    assert any("deletionVector" in json.loads(line).get("add", {}) for line in log[-1].read_text().splitlines())
    assert [row["id"] for row in rows(data, "select * from a.t order by id")] == [i for i in range(10) if i != 3]


def test_comments_stand_between_any_words(tmp_path):
    data = tmp_path / "data"
    sql(data, "/* first /* of all */ */ create table a.t as select 1 as id -- one")
    sql(data, "insert /* all */ overwrite -- of it\n into a.t select 2 as id")
    sql(data, "alter /* a */ table a /* b */ . t add constraint /* c */ few check /* d */ (id < 10 /* e */)")
    assert "few" in refused(data, "insert into a.t values (10)")
    assert rows(data, "select * from a.t at /* the first */ (version => 0)") == [{"id": 1}]
    assert rows(data, "select count(*) as n from a.t where 'at (version => 0)' <> ''") == [{"n": 1}]
    assert len(rows(data, "describe /* all of it */ history a.t limit 2")) == 2
    assert "files" in sql(data, "optimize /* now */ a.t -- please")


def test_explain_tells_which_files_were_read(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.t (id bigint, name text) with ('delta.enableDeletionVectors'='true')")
    for low in range(0, 40, 10):
        sql(data, f"insert into a.t select i, 'n' || i from range({low}, {low + 10}) r(i)")
    sql(data, "delete from a.t where id = 13")
    plan = sql(data, "explain analyze select sum(id) from a.t where id between 12 and 18")
    assert "Files Read:" in plan and "1 of 4" in plan and "Deletion Vectors: 1" in " ".join(plan.split())
    every = sql(data, "explain analyze select sum(id) from a.t")
    assert "4 of 4" in every
    joined = sql(data, "explain analyze select count(*) from a.t join (select 25 as id) s using (id)")
    assert "1 of 4" in joined, "what a join pushes at run time prunes files too"
    assert "│" in sql(data, "explain select * from a.t")


def test_explain_of_a_statement_says_what_it_would_read(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.t (id bigint not null, name text, check (id >= 0))")
    for low in range(0, 40, 10):
        sql(data, f"insert into a.t select i, 'n' || i from range({low}, {low + 10}) r(i)")
    remove = sql(data, "explain delete from a.t where id between 12 and 18")
    assert "DELETE on top of version 4" in remove and "reads 1 of 4 files" in remove and "copy on write" in remove
    update = sql(data, "explain update a.t x set name = 'b' where x.id in (3, 35)")
    assert "reads 2 of 4 files" in update and "CHECK check_1" in update and "id >= 0" in update and "NOT NULL id" in update
    merge = "merge into a.t t using (values (5, 'f')) s(id, name) on t.id = s.id and t.id < 10 when matched then update"
    assert "at most 1 of 4 files" in sql(data, f"explain {merge}") and "JOIN" in sql(data, f"explain {merge}")
    assert "reads none of 4 files" in sql(data, "explain insert into a.t select 50, 'x'")
    assert "all of 4 files go" in sql(data, "explain insert overwrite a.t select 50, 'x'")
    assert "makes it" in sql(data, "explain create table a.u as select * from a.t")
    assert "4 files would be packed" in sql(data, "explain optimize a.t")
    assert "would be removed" in sql(data, "explain vacuum a.t")
    sql(data, "alter table a.t set ('delta.enableDeletionVectors'='true')")
    assert "deletion vectors" in sql(data, "explain delete from a.t")
    assert "would do it" in refused(data, "explain analyze delete from a.t")
    assert "nothing to explain" in refused(data, "explain drop table a.t")
    assert "not of restore" in refused(data, "explain restore a.t to version as of 1")
    assert rows(data, "select count(*) as n from a.t") == [{"n": 40}], "nothing is done"


@pytest.mark.parametrize(("property", "said"), [
    ("'delta.appendOnly'='yes'", "true or false"), ("'delta.checkpointInterval'='0'", "1 at least"),
    ("'delta.logRetentionDuration'='a month'", "interval 30 days"), ("'delta.checkpointPolicy'='V2'", "classic|v2"),
    ("'delta.apendOnly'='true'", "is it delta.appendOnly?"), ("'delta.minReaderVersion'='3'", "does not set"),
    ("'delta.isolationLevel'='None'", "one of Serializable"), ("'delta.feature.allowColumnDefaults'='supported'", "does not set")])
def test_properties_are_what_delta_knows(tmp_path, property, said):
    data = tmp_path / "data"
    sql(data, "create table a.t (id bigint) with ('own'='anything')")
    assert said in refused(data, f"alter table a.t set ({property})")
    assert said in refused(data, f"create table a.u (id bigint) with ({property})")
    assert len(rows(data, "describe history a.t")) == 1


def test_partition_values_longer_than_names_of_folders(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.l (id bigint, p text) partitioned by (p)")
    for row in range(3):
        sql(data, f"insert into a.l values ({row}, repeat('ü', 250)), ({row}, 'short')")
    assert "6 files made into 2" in sql(data, "optimize a.l")
    sql(data, "delete from a.l where id = 1")
    check_rows(data, "a.l", [{"id": i, "p": p} for i in (0, 2) for p in ("short", "ü" * 250)])
    assert (data / "tables/a/l/p=short").is_dir()


def test_columns_are_named_in_whatever_case(tmp_path):
    data = tmp_path / "data"
    sql(data, 'create table a.c ("Id" bigint, "Name" text, n int default 1)')
    sql(data, "insert into a.c (ID, name) values (1, 'a'), (2, 'b')")
    sql(data, "insert into a.c by name select 3 as iD, 'c' as NAME")
    sql(data, "update a.c set NAME = upper(name) where id = 1")
    sql(data, """merge into a.c t using (values (2, 'z'), (4, 'y')) s(id, name) on t.id = s.id
                 when matched then update set NAME = s.name when not matched then insert (iD, NAME) values (s.id, s.name)""")
    assert "comes twice" in refused(data, "insert into a.c (id, \"Id\") values (1, 2)")
    sql(data, "alter table a.c rename column NAME to name")
    sql(data, "alter table a.c alter column ID set not null")
    assert rows(data, "select * from a.c order by id") == [
        {"Id": 1, "name": "A", "n": 1}, {"Id": 2, "name": "z", "n": 1}, {"Id": 3, "name": "c", "n": 1},
        {"Id": 4, "name": "y", "n": 1}]


def test_fields_of_elements_come_to_files_that_lack_them(tmp_path):
    """Many elements in a batch, lists that are NULL, and files that have none of the fields there are now."""
    data = tmp_path / "data"
    sql(data, "create table a.t (id int, l struct(p int)[], m map(text, struct(q int)), d struct(e struct(f int), g int))")
    sql(data, "insert into a.t select i, case when i % 5 > 0 then [{p: i}, {p: i + 1}, null] end, map{'a': {q: i}, 'b': null, 'c': {q: 1}}, "
              "case when i % 3 > 0 then {e: case when i % 2 > 0 then {f: i} end, g: i} end from range(4000) r(i)")
    counted = ("select count(l) as lists, sum(l[2].p) as p, count(l[3]) as third, sum(m['a'].q) as q, count(m['b']) as b, "
               "count(d) as d, count(d.e) as e from a.t")
    before = rows(data, counted)
    assert before == [{"lists": 3200, "p": 6403200, "third": 0, "q": 7998000, "b": 0, "d": 2666, "e": 1333}]
    for field in ("l.element.r int", "m.value.r struct(s text)", "d.e.h int"):
        sql(data, f"alter table a.t add column {field}")
    assert rows(data, counted) == before
    for field in ("l.element.p", "m.value.q", "d.e.f"):
        sql(data, f"alter table a.t drop column {field}")
    wanted = [{"id": 1, "l": [{"r": None}, {"r": None}, None], "m": {"a": {"r": None}, "b": None, "c": {"r": None}},
               "d": {"e": {"h": None}, "g": 1}},
              {"id": 4, "l": [{"r": None}, {"r": None}, None], "m": {"a": {"r": None}, "b": None, "c": {"r": None}},
               "d": {"e": None, "g": 4}},
              {"id": 15, "l": None, "m": {"a": {"r": None}, "b": None, "c": {"r": None}}, "d": None}]
    assert rows(data, "select * from a.t where id in (1, 4, 15) order by id") == wanted
    sql(data, "update a.t set id = -id")
    wanted = [row | {"id": -row["id"]} for row in wanted]
    assert rows(data, "select * from a.t where id in (-1, -4, -15) order by id desc") == wanted


def test_columns_named_with_their_schema_are_those_of_that_table(tmp_path):
    data = tmp_path / "data"
    for name, values in (("a.t", "(1, 0), (2, 0), (3, 0)"), ("b.t", "(2, 20), (7, 70)"), ("b.u", "(2, 5), (9, 9)")):
        sql(data, f"create table {name} (id int, v int)")
        sql(data, f"insert into {name} values {values}")
    # Two tables of one last name: what is meant cannot be told, so it is refused, and nothing goes.
    assert "not found" in refused(data, "delete from a.t where exists (select 1 from b.t where b.t.id = a.t.id)")
    assert "not found" in refused(data, "update a.t set v = (select max(b.t.v) from b.t where b.t.id = a.t.id)")
    assert "not found" in refused(data, "select a.t.id from (select 99 as id) t, a.t u")
    assert rows(data, "select count(*) as n, sum(v) as v from a.t") == [{"n": 3, "v": 0}]
    assert sql(data, "delete from a.t where exists (select 1 from b.u where b.u.id = a.t.id)").startswith("a.t: 1 row deleted")
    assert sql(data, "update a.t set v = a.t.id where a.t.id = 3").startswith("a.t: 1 row updated")
    assert sql(data, "merge into a.t using b.u on a.t.id = b.u.id when not matched then insert (id, v) values (b.u.id, b.u.v)").startswith("a.t: 2")
    assert rows(data, "select a.t.* from a.t join b.u on a.t.id = b.u.id order by a.t.id") == [{"id": 2, "v": 5}, {"id": 9, "v": 9}]


def test_a_field_that_a_check_names_stays(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.t (id int, s struct(x int, y int), check (s.x > 0))")
    assert "names s.x, which stays" in refused(data, "alter table a.t drop column s.x")
    assert "names s.x, which stays" in refused(data, "alter table a.t rename column s.x to z")
    sql(data, "alter table a.t rename column s.y to z")
    assert "does not hold to CHECK" in refused(data, "insert into a.t values (1, {x: -1, z: 1})")
    sql(data, "insert into a.t values (1, {x: 1, z: 1})")


def test_several_columns_come_in_one_commit(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table a.t as select 1 as id, {'x': 2} as s")
    assert "version 1" in sql(data, "alter table a.t add columns (name text comment 'its name', s.y bigint, price decimal(10, 2) first)")
    assert rows(data, "select * from a.t") == [{"price": None, "id": 1, "s": {"x": 2, "y": None}, "name": None}]
    assert "version 2" in sql(data, "alter table a.t add column (a int, if not exists name text)")
    assert "it has a column b" in refused(data, "alter table a.t add columns (b int, b text)")
    assert "in brackets" in refused(data, "alter table a.t add column c int, add column d int")
    assert "PRIMARY" in refused(data, "alter table a.t add columns (c int primary key)")
    assert "CASCADE" in refused(data, "drop table a.t cascade")
    assert len(rows(data, "describe history a.t")) == 3
