"""Values that hurt, through the whole program: none stops a flow or hides a row from another engine."""

import json
import subprocess

import pytest

import tarn

deltalake = pytest.importorskip("deltalake")
dataset = pytest.importorskip("pyarrow.dataset")

PROJECT = {
    "tarn.yml": """name: values
topics:
  sizes:
    columns: {id: bigint, size: double, name: text, good: bool, at: {type: timestamp, unit: s, zone: UTC}}
    table: {name: bronze.sizes, every: 1s, partition_by: [size]}
""",
    "models/silver/sizes.sql": """{{ config(materialized='incremental', every='1s', quarantine='quarantine.sizes') }}
select id, good, "at", cast(name as int) as number from {{ source('bronze', 'sizes') }}
""",
}


def produce(server, *events):
    lines = "\n".join(json.dumps(event) for event in events)
    subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", "sizes"], input=lines.encode(), check=True, timeout=30)


@pytest.fixture
def server(tmp_path):
    for path, text in PROJECT.items():
        (tmp_path / "project" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / path).write_text(text)
    server = tarn.Server(tmp_path / "project", tmp_path / "data", tmp_path / "log")
    server.start()
    yield server
    server.kill()


def table(server, name):
    return deltalake.DeltaTable(str(server.data / "tables" / name))


def numbers(server):
    return [(row["id"], row["number"]) for row in server.sql("select id, number from silver.sizes order by id")]


def test_a_value_never_stops_a_flow_or_hides_a_row(server):
    produce(server, {"id": 1, "size": 5e-324, "name": "1", "good": True, "at": 1790000000.5},
            {"id": 2, "size": 1, "name": "two", "good": False, "at": "2026-09-21 14:13:20"},
            {"id": 3, "size": 1, "name": "3"})
    server.wait_caught_up()
    assert numbers(server) == [(1, 1), (3, 3)]
    refused = server.sql("select id, _reason from quarantine.sizes")
    assert [row["id"] for row in refused] == [2] and "'two'" in refused[0]["_reason"]
    bronze = table(server, "bronze/sizes")
    values = {partition["size"] for partition in bronze.partitions()}
    assert values == {"4.9E-324", "1.0"}
    found = {flag: bronze.to_pyarrow_dataset().to_table(filter=dataset.field("good") == flag)["id"].to_pylist()
             for flag in (True, False)}
    assert found == {True: [1], False: [2]}
    server.kill()
    server.start()
    server.wait_caught_up()
    assert numbers(server) == [(1, 1), (3, 3)]


def test_flows_go_on_behind_a_delete_of_another_engine(server):
    produce(server, *({"id": n, "size": 1, "name": str(n)} for n in range(4)))
    server.wait_caught_up()
    table(server, "bronze/sizes").delete("id = 1")
    produce(server, {"id": 7, "size": 1, "name": "7"})
    server.wait_caught_up()
    assert [row["id"] for row in server.sql("select id from bronze.sizes order by id")] == [0, 2, 3, 7]
    assert [row[0] for row in numbers(server)] == [0, 1, 2, 3, 7], "what was read stays, and is not read twice"
