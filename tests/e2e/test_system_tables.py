"""Tables of the schema system: what a running process says of itself in SQL, as the reference page describes it."""

import re

import pytest

import tarn


@pytest.fixture
def server(tmp_path):
    server = tarn.Server(tarn.ROOT / "scenarios" / "q01-clickstream", tmp_path / "data", tmp_path / "log",
                         ["--set", "sql.threads=1"])
    server.start()
    yield server
    server.kill()


def described():
    """Tables and their columns by the reference page."""
    page = (tarn.ROOT / "docs" / "reference" / "system-tables.md").read_text()
    return {name: re.findall(r"^\| `(\w+)` \|", text, re.M)
            for name, text in re.findall(r"^## (system\.\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S)}


def test_each_has_the_columns_of_its_page(server):
    tables = described()
    assert {"system.flows", "system.runs", "system.settings", "system.topics"} <= set(tables)
    for name, columns in tables.items():
        shown = server.sql(f"select column_name from (describe select * from {name})")
        assert [row["column_name"] for row in shown] == columns, name


def test_sql_names_are_those_of_the_pages(server):
    named = {t["name"] for t in server.get("/api/v1/catalog")["tables"] if t["kind"] == "system"}
    assert named == set(described())


def test_settings_say_where_a_value_comes_from(server):
    rows = {row["name"]: row for row in server.sql("select * from system.settings")}
    assert (rows["sql.threads"]["value"], rows["sql.threads"]["source"]) == ("1", "flag")
    assert rows["sql.memory"]["source"] == "default"
    assert rows["sql.memory"]["value"] == rows["sql.memory"]["default_value"]


def test_queries_are_those_that_run_and_ran(server):
    server.sql("select 40 + 2 as the_answer")
    rows = server.sql("select text, state, rows, error from system.queries order by id")
    assert rows[-2] == {"text": "select 40 + 2 as the_answer", "state": "done", "rows": 1, "error": ""}
    assert rows[-1]["state"] == "running" and rows[-1]["text"].startswith("select text")


def test_flows_and_topics_are_those_of_the_project(server):
    flows = {row["name"]: row for row in server.sql("select name, kind, source from system.flows")}
    assert flows["clicks.table"] == {"name": "clicks.table", "kind": "table", "source": "clicks"}
    assert flows["silver.clicks"]["source"] == "bronze.clicks"
    partitions = server.sql("select count(*) as n from system.topics where name = 'clicks'")
    assert partitions == [{"n": len(server.get("/api/v1/topics/clicks")["partitions"])}]
