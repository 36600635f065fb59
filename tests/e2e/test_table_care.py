"""Tables are dropped and brought back, and mended, through the program: by SQL, commands and the API, with a server and without."""

import json
import urllib.request

import tarn
from table_sql import refused, rows, sql


def command(data, *arguments, status=0):
    done = tarn.run("table", *arguments, "--data", str(data), "--format", "json")
    assert done.returncode == status, done.stderr + done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()] if status == 0 else done.stderr


def test_a_dropped_table_comes_back(tmp_path):
    data = tmp_path / "data"
    server = tarn.Server(None, data, tmp_path / "log")
    server.start()
    try:
        sql(data, "create table gold.stock as select 'apple' as item, 3 as pieces")
        assert "UNDROP TABLE gold.stock" in sql(data, "drop table gold.stock")
        assert server.get("/api/v1/tables")["tables"] == []
        (gone,) = server.get("/api/v1/dropped")["tables"]
        assert gone["table"] == "gold.stock" and gone["bytes"] > 0 and gone["goes"] > gone["dropped"]
        assert command(data, "list", "--dropped")[0]["id"] == gone["id"]
        assert sql(data, "undrop table gold.stock") == "gold.stock: is back as it was when it was dropped, version 0"
        assert rows(data, "select * from gold.stock") == [{"item": "apple", "pieces": 3}]
        assert "TARN-E0616" in refused(data, "undrop table gold.stock")
        assert "TARN-E0616" in command(data, "undrop", "no.such", status=1)

        # Another table has taken its name.
        command(data, "drop", "gold.stock", "--yes")
        sql(data, "create table gold.stock as select 'pear' as item, 5 as pieces")
        taken = refused(data, "undrop table gold.stock")
        assert "TARN-E0617" in taken and "UNDROP TABLE gold.stock AS" in taken
        sql(data, "undrop table gold.stock as gold.apples")
        assert rows(data, "select item from gold.stock union all select item from gold.apples order by all") == [
            {"item": "apple"}, {"item": "pear"}]

        assert sql(data, "drop table gold.apples purge") == "gold.apples: dropped, and its files are gone"
        assert "there is no such table" in sql(data, "drop table if exists gold.apples")
        assert server.get("/api/v1/dropped")["tables"] == []
        request = urllib.request.Request(f"http://{server.http}/api/v1/tables/gold.stock/drop", data=b'{"purge": false}',
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["dropped"] == "gold.stock"
    finally:
        server.kill()
    # After a kill, and with the folder to oneself.
    assert [one["table"] for one in command(data, "list", "--dropped")] == ["gold.stock"]
    assert command(data, "undrop", "gold.stock", "--as", "gold.pears")[0]["was"] == "gold.stock"
    assert rows(data, "select * from gold.pears") == [{"item": "pear", "pieces": 5}]
    sql(data, "drop table gold.pears")
    project = tmp_path / "project"
    project.mkdir()
    (project / "tarn.yml").write_text("name: shop\n")
    command(data, "drop", "gold.pears", "--yes", "--purge", "--project", project)
    assert command(data, "list", "--dropped") == []
    assert not [path for path in (data / "tables").rglob("*.parquet")]


def test_check_looks_at_what_maintain_names(tmp_path):
    (tmp_path / "tarn.yml").write_text("name: right\ntopics:\n  clicks:\n    columns: {id: bigint}\n    table: bronze.clicks\n"
                                       "maintain:\n  tables:\n    bronze.clikcs: {compact: 1h}\n"
                                       "    bronze.clicks: {retain: 1d, retain_by: tmie}\n    lab.copy: {clones: 3d}\n")
    done = tarn.run("check", "--project", tmp_path, "--data", tmp_path / "none", "--format", "json")
    said = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert [message.split(":")[1] for message in said] == ["9", "8"], said
    assert "tmie" in said[0] and "did you mean bronze.clicks?" in said[1]


def test_an_append_is_blind_unless_it_reads_its_table(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table gold.stock as select 'stock' as item, 3 as pieces")
    for text, blind in [("values ('gold.stock', 1)", True), ("select 'stock' as stock, 2", True),
                        ("select item, pieces from gold.stock limit 1", False),
                        ("select 'x', 1 where exists (select 1 from gold.stock)", False),
                        ("select 'x', count(*) from table_changes('gold.stock', 0)", False),
                        ("select 'x', pieces from gold.stock at (version => 0)", False)]:
        sql(data, f"insert into gold.stock {text}")
        (newest,) = rows(data, "select * from table_history('gold.stock') order by version desc limit 1")
        assert newest["isBlindAppend"] == blind, text


def test_names_that_sql_has_itself_are_refused(tmp_path):
    data = tmp_path / "data"
    for name in ("system.orders", "information_schema.orders", "pg_catalog.orders", "main.duckdb_tables"):
        assert "TARN-E0618" in refused(data, f"create table {name} as select 1 as x"), name
    for name in ("temp.orders", "memory.orders", "main.orders", "tarn.orders", "live.orders"):
        sql(data, f"create table {name} as select 1 as x")
        sql(data, f"insert into {name} select x + 1 from {name}")
        assert rows(data, f"select x from {name} order by x") == [{"x": 1}, {"x": 2}], name
        assert rows(data, f"select x from {name} at (version => 0)") == [{"x": 1}], name


def test_a_damaged_table_is_mended(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table gold.stock as select 'apple' as item")
    for item in ("pear", "plum"):
        sql(data, f"insert into gold.stock values ('{item}')")
    folder = data / "tables/gold/stock"
    gone = json.loads((folder / "_delta_log/00000000000000000001.json").read_text().splitlines()[-1])["add"]["path"]
    (folder / gone).unlink()
    (folder / "_delta_log/00000000000000000003.json").write_text('{"add": {"path": "half')
    assert tarn.run("table", "validate", "gold.stock", "--data", str(data)).returncode != 0
    would = command(data, "repair", "gold.stock", "--dry-run")[0]
    assert would["found"] == 2 and would["files_removed"] == 1 and not would["committed"]
    assert (folder / "_delta_log/00000000000000000003.json").exists()
    told = sql(data, "fsck repair table gold.stock")
    assert told.startswith("gold.stock: 2 things that are damaged, version 3") and "no checksum says" in told
    assert command(data, "validate", "gold.stock")[0]["problems"] == []
    assert rows(data, "select * from gold.stock order by item") == [{"item": "apple"}, {"item": "plum"}]
    (kept,) = (folder / "_delta_log/_set_aside").iterdir()
    assert kept.name.endswith(".00000000000000000003.json") and "half" in kept.read_text()


def test_an_empty_last_commit_is_seen(tmp_path):
    data = tmp_path / "data"
    sql(data, "create table gold.stock (item text)")
    for item in ("apple", "pear"):
        sql(data, f"insert into gold.stock values ('{item}')")
    log = data / "tables/gold/stock/_delta_log"
    tarn.run("table", "validate", "gold.stock", "--data", str(data))  # checksums are written behind the commits
    assert (log / "00000000000000000002.crc").exists()
    (log / "00000000000000000002.json").write_text("")
    seen = tarn.run("table", "validate", "gold.stock", "--data", str(data))
    assert seen.returncode != 0 and "is empty, and no writer gets past it" in seen.stdout + seen.stderr
    (log / "00000000000000000002.json").unlink()
    seen = tarn.run("table", "validate", "gold.stock", "--data", str(data))
    assert seen.returncode != 0 and "is of a commit that is gone" in seen.stdout + seen.stderr
