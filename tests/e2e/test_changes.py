"""Models over the changes of a table that people change by SQL, through the program: the log, the table by a key, groups,
and what `tarn check` and `tarn plan` say of them; also over kill -9."""

import subprocess

import pytest

import tarn
from table_sql import rows, sql

LOG = """{{ config(materialized='incremental', every='100ms', changes=true) }}
select _change_type, _commit_version, item, pieces from {{ source('shop', 'stock') }}
"""
BY_KEY = """{{ config(materialized='incremental', every='100ms', changes=true, unique_key='item') }}
select item, shop, pieces from {{ source('shop', 'stock') }} where pieces > 0
"""
GROUPS = """{{ config(materialized='incremental', every='100ms', changes=true) }}
select shop, count(*) as items, median(pieces) as middle from {{ ref('stock') }} group by shop
"""


def write(project, models):
    project.mkdir(exist_ok=True)
    (project / "tarn.yml").write_text("name: shop\n")
    for name, text in models.items():
        path = project / "models" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def server(tmp_path):
    data, project = tmp_path / "data", tmp_path / "project"
    sql(data, "create table shop.stock (item text, shop text, pieces integer)")
    sql(data, "insert into shop.stock values ('apple', 'a', 3), ('pear', 'a', 5), ('plum', 'b', 0)")
    write(project, {"audit/stock_log": LOG, "gold/stock": BY_KEY, "gold/shops": GROUPS})
    server = tarn.Server(project, data, tmp_path / "log")
    server.start()
    yield server
    server.kill()


def check(server, stock, shops):
    server.wait_caught_up()
    assert server.sql("select item, shop, pieces from gold.stock order by all") == stock
    assert server.sql("select shop, items, middle from gold.shops order by all") == shops
    left = server.sql(
        "select item, pieces, sum(case when _change_type in ('insert', 'update_postimage') then 1 else -1 end)::int as n"
        " from audit.stock_log group by all having n <> 0 order by all")
    assert left == [{**row, "n": 1} for row in server.sql("select item, pieces from shop.stock order by all")]


def test_a_table_that_is_changed_in_every_way(server):
    data = server.data
    check(server, [{"item": "apple", "shop": "a", "pieces": 3}, {"item": "pear", "shop": "a", "pieces": 5}],
          [{"shop": "a", "items": 2, "middle": 4.0}])
    sql(data, "update shop.stock set pieces = 7 where item = 'plum'")
    sql(data, "delete from shop.stock where item = 'pear'")
    sql(data, """merge into shop.stock t using (values ('apple', 'b', 9), ('fig', 'c', 1)) s(item, shop, pieces)
                 on t.item = s.item when matched then update when not matched then insert""")
    sql(data, "optimize shop.stock")
    changed = [{"item": "apple", "shop": "b", "pieces": 9}, {"item": "fig", "shop": "c", "pieces": 1},
               {"item": "plum", "shop": "b", "pieces": 7}]
    groups = [{"shop": "b", "items": 2, "middle": 8.0}, {"shop": "c", "items": 1, "middle": 1.0}]
    check(server, changed, groups)
    # What happens while nobody looks is read afterwards, also when it is cleaned up behind.
    server.kill()
    sql(data, "restore table shop.stock to version as of 1")
    server.start()
    check(server, [{"item": "apple", "shop": "a", "pieces": 3}, {"item": "pear", "shop": "a", "pieces": 5}],
          [{"shop": "a", "items": 2, "middle": 4.0}])
    sql(data, "create or replace table shop.stock as select 'kiwi' as item, 'd' as shop, 2 as pieces")
    check(server, [{"item": "kiwi", "shop": "d", "pieces": 2}], [{"shop": "d", "items": 1, "middle": 2.0}])
    flows = {flow["name"]: flow["strategy"] for flow in server.get("/api/v1/flows")["flows"]}
    assert flows == {"audit.stock_log": "append", "gold.stock": "merge", "gold.shops": "recompute"}


def test_a_rebuilt_source_is_a_change(server):
    server.wait_caught_up()
    flows = lambda: {flow["name"]: flow for flow in server.get("/api/v1/flows")["flows"]}
    before = flows()
    done = tarn.run("flow", "rebuild", "gold.stock", "--data", str(server.data))
    assert done.returncode == 0, done.stderr
    tarn.wait_for(lambda: flows()["gold.stock"]["generation"] != before["gold.stock"]["generation"]
                  and flows()["gold.stock"]["state"] == "running", "the rebuild ends")
    sql(server.data, "delete from shop.stock where item = 'pear'")
    check(server, [{"item": "apple", "shop": "a", "pieces": 3}], [{"shop": "a", "items": 1, "middle": 3.0}])
    assert flows()["gold.shops"]["generation"] == before["gold.shops"]["generation"]


@pytest.mark.parametrize("model, says", [
    ("{{ config(materialized='incremental', changes=true) }}\nselect item from {{ source('shop', 'stock') }}\n",
     "select _change_type"),
    ("{{ config(materialized='incremental', changes=true, unique_key='nothing') }}\n"
     "select item from {{ source('shop', 'stock') }}\n", "unique_key names no column of it: nothing"),
    ("{{ config(materialized='incremental', changes=true, quarantine='q.t') }}\n"
     "select shop, count(*) as n from {{ source('shop', 'stock') }} group by 1\n", "quarantine has no meaning"),
    ("{{ config(materialized='incremental', changes=true) }}\n"
     "select _change_type, count(*) as n from {{ source('shop', 'stock') }} group by 1\n", "_change_type is of a change"),
])
def test_what_a_check_says(tmp_path, model, says):
    data, project = tmp_path / "data", tmp_path / "project"
    sql(data, "create table shop.stock (item text, shop text, pieces integer)")
    write(project, {"gold/stock": model})
    done = subprocess.run([tarn.PROGRAM, "check", "--project", str(project), "--data", str(data)], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode != 0
    assert says in done.stdout + done.stderr
    assert "models/gold/stock.sql" in done.stdout + done.stderr
