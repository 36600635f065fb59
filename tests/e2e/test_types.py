"""Money, dates and nested values through the whole program: topic, tables, a view, JSON, CSV and another engine."""

import datetime
import json
import subprocess
import urllib.request
from decimal import Decimal

import pytest

import tarn

deltalake = pytest.importorskip("deltalake")
pyarrow = pytest.importorskip("pyarrow")
compute = pytest.importorskip("pyarrow.compute")

TARN_YML = """name: shop
topics:
  orders:
    columns:
      order_id: {type: bigint, required: true}
      at: {type: timestamp, required: true}
      total: {type: "decimal(12,2)", required: true}
      weight: {type: "decimal(38,10)"}
      city: {type: text, path: customer.address.city}
      vip: {type: bool, path: customer.vip}
      due: date
      local: timestamp_ntz
      token: bytes
      ref: uuid
      items: "list<struct<sku: text, amount: int, price: decimal(9,2)>>"
      labels: "map<text, double>"
      payload: json
    table: {name: bronze.orders, every: 1s, partition_by: [due]}
"""
SILVER = """{{ config(materialized='incremental', every='1s', unique_key='order_id', event_time='at',
           quarantine='quarantine.orders', partition_by='band') }}
select order_id, "at", total, weight, total * 3 as triple, due, local, token, items, labels,
       list_transform(items, x -> x.sku) as skus, {'city': city, 'vip': vip} as customer,
       (floor(total / 1000))::decimal(12,1) as band, local::time as clock, ref::uuid as ref,
       payload ->> '$.k' as k
from {{ source('bronze', 'orders') }}
"""
GOLD = """{{ config(materialized='incremental', every='1s') }}
select due, sum(total) as revenue, max(total) as most, min(local) as first_local,
       sum(order_id) as ids, count(*) as orders
from {{ ref('orders') }} group by due
"""
LIVE = """{{ config(materialized='materialized_view', retain='1000d') }}
select tumble("at", interval '1 hour') as w, due, total as price, sum(total) as revenue,
       sum(order_id) as ids, max(local) as last_local, min([city]) as cities
from stream('orders') group by w, due, total
"""

DAY = "2026-11-27"


def order(number, total, **more):
    return {"order_id": number, "at": f"{DAY}T14:00:{number % 60:02}Z", "total": total, "due": DAY, **more}


FULL = order(1, 1234567890.12, weight="1234567890123456789012345678.0123456789", local=f"{DAY} 15:00:00.5",
             customer={"address": {"city": "Ulm"}, "vip": True}, token="ab", ref="0190aaaa-bbbb-4ccc-8ddd-eeeeffff0000",
             items=[{"sku": "a", "amount": 2, "price": "9.90"}, {"sku": "b", "price": 0.1, "more": 1}],
             labels={"x": 1.5, "y": None}, payload={"k": [1, 2.50]})


@pytest.fixture
def project(tmp_path):
    for path, text in {"tarn.yml": TARN_YML, "models/silver/orders.sql": SILVER, "models/gold/days.sql": GOLD,
                       "models/live/prices.sql": LIVE}.items():
        (tmp_path / "project" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / path).write_text(text)
    return tmp_path / "project"


@pytest.fixture
def server(project, tmp_path):
    server = tarn.Server(project, tmp_path / "data", tmp_path / "log")
    server.start()
    yield server
    server.kill()


def produce(server, *events):
    lines = "\n".join(event if isinstance(event, str) else json.dumps(event) for event in events)
    subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", "orders"], input=lines.encode(), check=True, timeout=30)


def delta(server, name):
    return deltalake.DeltaTable(str(server.data / "tables" / name))


def exact(server, text):
    """Rows of SQL with every number to its last digit."""
    request = urllib.request.Request(f"http://{server.http}/api/v1/sql", data=json.dumps({"sql": text}).encode(),
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer, parse_float=Decimal)["rows"]


def test_types_are_kept_from_the_event_to_every_reader(server):
    produce(server, FULL, order(2, "0.10"), order(3, 7))
    server.wait_caught_up()

    # Tarn's own SQL, over the bronze table.
    rows = exact(server, "select * from bronze.orders order by order_id")
    assert rows[0]["total"] == Decimal("1234567890.12")
    assert rows[0]["weight"] == Decimal("1234567890123456789012345678.0123456789")
    assert rows[0]["city"] == "Ulm" and rows[0]["vip"] is True
    assert rows[0]["local"] == f"{DAY}T15:00:00.500000" and rows[0]["due"] == DAY
    assert rows[0]["items"] == [{"sku": "a", "amount": 2, "price": Decimal("9.90")},
                                {"sku": "b", "amount": None, "price": Decimal("0.10")}]
    assert rows[0]["labels"] == {"x": Decimal("1.5"), "y": None}
    assert rows[0]["payload"] == '{"k": [1, 2.5]}'
    assert json.loads(rows[0]["_extra"]) == {"customer": FULL["customer"]}, "what a path is inside of stays"
    assert [row["total"] for row in rows[1:]] == [Decimal("0.10"), Decimal("7.00")]
    text = tarn.run("sql", "select items from bronze.orders where order_id = 1", "--data", server.data)
    assert '[{"sku":"a","amount":2,"price":9.90},{"sku":"b","amount":null,"price":0.10}]' in text.stdout, "as it stands"

    # Another engine, over silver: schema and values.
    silver = delta(server, "silver/orders")
    table = silver.to_pyarrow_table().sort_by("order_id")
    kinds = {field.name: field.type for field in table.schema}
    assert kinds["total"] == pyarrow.decimal128(12, 2)
    assert kinds["weight"] == pyarrow.decimal128(38, 10)
    assert kinds["due"] == pyarrow.date32()
    assert kinds["local"] == pyarrow.timestamp("us") and kinds["at"] == pyarrow.timestamp("us", tz="UTC")
    assert pyarrow.types.is_binary(kinds["token"]) or pyarrow.types.is_large_binary(kinds["token"])
    assert kinds["band"] == pyarrow.decimal128(12, 1)
    assert kinds["clock"] in (pyarrow.string(), pyarrow.large_string()), "a time of day is a text"
    first = table.to_pylist()[0]
    assert first["total"] == Decimal("1234567890.12") and first["triple"] == Decimal("3703703670.36")
    assert first["weight"] == Decimal("1234567890123456789012345678.0123456789")
    assert first["local"] == datetime.datetime(2026, 11, 27, 15, 0, 0, 500000)
    assert first["token"] == b"ab" and first["ref"] == FULL["ref"] and first["clock"] == "15:00:00.5"
    assert first["items"][0] == {"sku": "a", "amount": 2, "price": Decimal("9.90")}
    assert first["skus"] == ["a", "b"] and first["customer"] == {"city": "Ulm", "vip": True}
    assert dict(first["labels"]) == {"x": 1.5, "y": None}
    assert first["k"] == "[1,2.5]" or first["k"] == "[1, 2.5]"
    assert silver.protocol().min_reader_version == 3 and silver.protocol().reader_features == ["timestampNtz"]
    assert {part["band"] for part in silver.partitions()} == {"1234567.0", "0.0"}

    # Statistics are exact, so that another engine's filters find the rows.
    found = silver.to_pyarrow_dataset().to_table(
        filter=compute.field("triple") == pyarrow.scalar(Decimal("3703703670.36"), kinds["triple"]))
    assert found["order_id"].to_pylist() == [1]
    stated = [json.loads(json.loads(line)["add"]["stats"], parse_float=Decimal)
              for commit in (server.data / "tables/silver/orders/_delta_log").glob("*.json")
              for line in commit.read_text().splitlines() if line.startswith('{"add"')]
    assert max(stats["maxValues"]["weight"] for stats in stated if "weight" in stats["maxValues"]) == rows[0]["weight"]
    assert min(stats["minValues"]["total"] for stats in stated) == Decimal("0.10")
    assert exact(server, "select order_id from silver.orders where total = 0.10") == [{"order_id": 2}]
    assert exact(server, "select order_id from silver.orders where band = 0.0 order by 1") == [
        {"order_id": 2}, {"order_id": 3}]

    # Groups: sums and extremes keep their types.
    gold = delta(server, "gold/days").to_pyarrow_table()
    assert gold.schema.field("revenue").type == pyarrow.decimal128(38, 2)
    assert gold.schema.field("ids").type == pyarrow.decimal128(38, 0)
    assert gold.to_pylist()[0] | {"due": None, "_batch_id": None, "_processed_at": None} == {
        "due": None, "revenue": Decimal("1234567897.22"), "most": Decimal("1234567890.12"),
        "first_local": datetime.datetime(2026, 11, 27, 15, 0, 0, 500000), "ids": Decimal(6), "orders": 3,
        "_batch_id": None, "_processed_at": None}


def test_another_engine_filters_by_a_field_of_a_struct(server):
    produce(server, FULL, order(2, "0.10"))
    server.wait_caught_up()
    produce(server, order(3, 7, customer={"address": {"city": "Bonn"}, "vip": False}))
    server.wait_caught_up()
    silver = delta(server, "silver/orders")
    stated = [json.loads(json.loads(line)["add"]["stats"])
              for commit in (server.data / "tables/silver/orders/_delta_log").glob("*.json")
              for line in commit.read_text().splitlines() if line.startswith('{"add"')]
    bounds = [stats["minValues"]["customer"] for stats in stated if "customer" in stats["minValues"]]
    assert {"city": "Ulm", "vip": True} in bounds and {"city": "Bonn", "vip": False} in bounds, stated
    assert sum(stats["nullCount"]["customer"]["city"] for stats in stated) == 1
    whole, city = silver.to_pyarrow_table(), compute.field("customer", "city")
    for wanted in [city == "Ulm", city > "Bonn", compute.field("customer", "vip"), city.is_null(),
                   compute.field("total") == Decimal("7.00")]:
        pruned = silver.to_pyarrow_dataset().to_table(filter=wanted)
        assert pruned.num_rows == whole.filter(wanted).num_rows == 1, wanted
    engine = deltalake.QueryBuilder().register("t", silver)
    for where, count in [("customer['city'] = 'Ulm'", 1), ("customer['vip'] = false", 1),
                         ("customer['city'] is null", 1), ("customer['city'] < 'Ulm'", 1)]:
        read = engine.execute(f"select count(*) as n from t where {where}").read_all()
        assert read["n"].to_pylist() == [count], where


def view_rows(server):
    with urllib.request.urlopen(f"http://{server.http}/api/v1/views/live.prices/rows", timeout=30) as answer:
        text = answer.read().decode()
    view = json.loads(text, parse_float=Decimal)
    names = [column["name"] for column in view["columns"]]
    return text, {column["name"]: column["type"] for column in view["columns"]}, [
        dict(zip(names, row)) for row in view["rows"]]


def test_a_view_has_them_as_keys_and_values(server):
    produce(server, FULL, order(2, "0.10", customer={"address": {"city": "Bonn"}}), order(3, "0.10"))
    server.wait_caught_up()
    text, kinds, rows = view_rows(server)
    assert kinds == {"w": "TIMESTAMPTZ", "due": "DATE", "price": "DECIMAL(12,2)", "revenue": "DECIMAL(38,2)",
                     "ids": "DECIMAL(38,0)", "last_local": "TIMESTAMP_NTZ", "cities": "LIST<VARCHAR>"}
    rows.sort(key=lambda row: row["price"])
    assert [row["revenue"] for row in rows] == [Decimal("0.20"), Decimal("1234567890.12")]
    assert rows[0] == {"w": f"{DAY}T14:00:00.000000Z", "due": DAY, "price": Decimal("0.10"),
                       "revenue": Decimal("0.20"), "ids": 5, "last_local": None, "cities": ["Bonn"]}
    assert rows[1]["last_local"] == f"{DAY}T15:00:00.500000" and '"cities"' in text and ",0.20," in text
    # The view is a table of SQL, with the same values; and CSV has them to the last digit.
    assert exact(server, "select price, cities[1] as city from live.prices order by price") == [
        {"price": Decimal("0.10"), "city": "Bonn"}, {"price": Decimal("1234567890.12"), "city": "Ulm"}]
    csv = tarn.run("sql", "--data", server.data, "--format", "csv",
                   "select revenue, cities, last_local from live.prices order by price")
    assert csv.returncode == 0, csv.stderr
    assert csv.stdout.splitlines()[1:] == [
        '0.20,"[""Bonn""]",', '1234567890.12,"[""Ulm""]",2026-11-27T15:00:00.500000']
    # Killed and started again, all of it stands; and goes on.
    server.kill()
    server.start()
    produce(server, order(4, "0.10"))
    server.wait_caught_up()
    _, _, again = view_rows(server)
    assert sorted((row["price"], row["revenue"]) for row in again) == [
        (Decimal("0.10"), Decimal("0.30")), (Decimal("1234567890.12"), Decimal("1234567890.12"))]
    assert [row["order_id"] for row in exact(server, "select order_id from silver.orders order by 1")] == [1, 2, 3, 4]


def test_a_value_that_is_none_of_its_type_is_a_dead_letter_with_the_reason(server):
    bad = {
        "more than 2 digits behind the point for DECIMAL(12,2): 0.125": order(1, 0.125),
        "more than 10 digits before the point for DECIMAL(12,2): 10000000000": order(2, 10000000000),
        "expected DECIMAL(12,2), found string \"1,5\"": order(3, "1,5"),
        "expected DATE, found string \"27.11.2026\"": order(4, 1, due="27.11.2026"),
        "a time with a zone in a column without one": order(5, 1, local=f"{DAY}T15:00:00Z"),
        "[1].price: more than 2 digits behind the point": order(6, 1, items=[{}, {"price": 0.001}]),
        "expected LIST<STRUCT<sku: VARCHAR, amount: INTEGER, price: DECIMAL(9,2)>>, found object":
            order(7, 1, items={}),
        ".x: expected DOUBLE, found string \"1\"": order(8, 1, labels={"x": "1"}),
        "expected BOOLEAN, found number 1": order(9, 1, customer={"vip": 1}),
    }
    produce(server, *bad.values(), order(10, 1))
    server.wait_caught_up()
    assert [row["order_id"] for row in server.sql("select order_id from bronze.orders")] == [10]
    records = subprocess.run(["kcat", "-b", server.kafka, "-C", "-e", "-q", "-t", "orders.dead_letters", "-f", "%h\n"],
                             capture_output=True, text=True, check=True, timeout=30).stdout
    for reason in bad:
        assert reason in records, records


def test_a_type_that_cannot_be_kept_is_refused_by_name(project, tmp_path):
    refused = {
        "models/silver/wrong.sql": ("{{ config(materialized='incremental') }}\nselect union_value(a := order_id) as u "
                                    "from {{ source('bronze', 'orders') }}", ["TARN-E0815", "UNION(a BIGINT)"]),
        "tarn.yml": (TARN_YML.replace("due: date", "due: time"), ["no time of day", "say text"]),
    }
    for path, (text, said) in refused.items():
        before = (project / path).read_text() if (project / path).exists() else None
        (project / path).write_text(text)
        answer = tarn.run("up", "--project", project, "--data", tmp_path / "none", "--kafka-port", 0, "--http-port", 0)
        assert answer.returncode != 0, path
        for part in said:
            assert part in answer.stderr, answer.stderr
        if before is None:
            (project / path).unlink()
        else:
            (project / path).write_text(before)
