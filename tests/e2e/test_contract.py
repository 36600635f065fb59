"""What the HTTP listener answers is what its contract says: every operation, every event, and what is asked wrongly."""

import http.client
import json
import urllib.parse

import pytest
from confluent_kafka import Consumer, TopicPartition

import contract
import demo


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    running = demo.Demo(tmp_path_factory.mktemp("contract"))
    running.wait_for(lambda: running.sql("select count(*) as n from gold.funnel")[0]["n"] > 0)
    running.wait_for(lambda: running.sql("select count(*) as n from live.edits_windows")[0]["n"] > 0)
    reader = Consumer({"bootstrap.servers": running.serving()["kafka"], "group.id": "a reader"})
    reader.commit(offsets=[TopicPartition("clicks", 0, 1)], asynchronous=False)
    reader.close()
    yield running
    running.stop()


def ask(running, method, target, body=None):
    """Status, media type and bytes; a body that is no bytes is sent as JSON."""
    connection = http.client.HTTPConnection(running.serving()["http"], timeout=30)
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    connection.request(method, target, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    result = answer.status, answer.headers.get_content_type(), answer.read()
    connection.close()
    return result


def judge(running, method, path, target, body=None, status=None):
    """Asks, and holds the answer against the contract's. Returns it."""
    found, media, data = ask(running, method, target, body)
    where = f"{method} {target} ({found})"
    assert status is None or found == status, f"{where}: {data[:300]}"
    schema = contract.answer_schema(path, method.lower(), found)
    if schema is None:
        assert media in contract.operation(path, method.lower())["responses"]["200"]["content"], where
        return data
    assert media == "application/json", f"{where}: {media}"
    value = json.loads(data)
    assert contract.problems(value, schema) == [], where
    return value


def every_name(running, path):
    """What can stand for {name} in the path."""
    kind = path.split("/")[3]
    return [part["name"] for part in running.request(f"/api/v1/{kind}")[kind]]


def targets(running, path):
    if "{name}" in path:
        return [path.replace("{name}", urllib.parse.quote(name)) for name in every_name(running, path)]
    if path == "/api/v1/errors/{id}":
        return ["/api/v1/errors/TARN-E0401"]
    if path == "/api/v1/trace":
        some = running.sql("select event_id, _partition, _offset from bronze.clicks limit 1")[0]
        broken = running.sql("select _partition, _offset from dead_letters.clicks limit 1")
        return [f"{path}?id={urllib.parse.quote(some['event_id'])}", f"{path}?id=nobody",
                f"{path}?topic=clicks&partition={some['_partition']}&offset={some['_offset']}",
                f"{path}?topic=clicks&partition=0&offset=99999999",
                *[f"{path}?topic=clicks.dead_letters&partition=0&offset={i}" for i in range(len(broken))]]
    if path == "/api/v1/history":
        return [path, f"{path}?range=1h", f"{path}?range=1d&series=records_in,topic:clicks,nothing"]
    if path == "/api/v1/topics":
        return [path, f"{path}?internal=true"]
    return [path]


GETS = [path for path, item in contract.DOCUMENT["paths"].items() if "get" in item and path != "/api/v1/events"]


@pytest.mark.parametrize("path", GETS)
def test_every_get_answers_as_the_contract_says(running, path):
    asked = targets(running, path)
    assert asked
    for target in asked:
        judge(running, "GET", path, target, status=200)


def test_every_event_of_the_stream_is_as_the_contract_says(running):
    schemas = {"hello": "EventHello", "status": "Status", "flows": "FlowList", "tables": "TableList", "graph": "Graph",
               "ledger": "Ledger", "view": "ViewChange"}
    connection = http.client.HTTPConnection(running.serving()["http"], timeout=30)
    connection.request("GET", "/api/v1/events")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers.get_content_type() == "text/event-stream"
    seen, event = set(), None
    while seen != set(schemas):
        line = answer.readline().decode().rstrip("\n")
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            assert contract.problems(json.loads(line.removeprefix("data: ")), schemas[event]) == [], event
            seen.add(event)
    connection.close()


def test_what_changes_something_answers_as_the_contract_says(running):
    records = "/api/v1/topics/{name}/records"
    for body in ({"value": {"event_id": "c1"}}, {"value": "text", "key": "k"}, {"value": None, "partition": 1}):
        judge(running, "POST", records, "/api/v1/topics/clicks/records", body, 201)
    for verb in ("pause", "resume"):
        judge(running, "POST", f"/api/v1/flows/{{name}}/{verb}", f"/api/v1/flows/gold.funnel/{verb}", {}, 200)
    for sql in ("select 1 as a, null as b, [1, 2] as c, {'k': 1} as d, now() as e, 'NaN'::double as f",
                "select * from bronze.clicks limit 3", "select 1 where false"):
        judge(running, "POST", "/api/v1/sql", "/api/v1/sql", {"sql": sql}, 200)


def test_care_of_tables_answers_as_the_contract_says(running):
    for table, verb, body in [("bronze.clicks", "optimize", {"dry_run": True, "order_by": ["page"], "target_size": "1MB"}),
                              ("bronze.clicks", "vacuum", {"dry_run": True, "retain": "8d"}),
                              ("bronze.clicks", "clone", {"target": "contract.clicks", "deep": True}),
                              ("contract.clicks", "optimize", {}), ("contract.clicks", "restore", {"version": 0}),
                              ("contract.clicks", "validate", {})]:
        judge(running, "POST", f"/api/v1/tables/{{name}}/{verb}", f"/api/v1/tables/{table}/{verb}", body, 200)


NAMED = [path for path in GETS if "{name}" in path]


@pytest.mark.parametrize("path", NAMED)
def test_a_name_that_is_not_there_is_said_in_the_one_shape_of_errors(running, path):
    name = "no.such" if "/tables/" in path or "/views/" in path else "nosuch"
    answer = judge(running, "GET", path, path.replace("{name}", name), status=404)
    assert name in answer["error"]["message"]


BODIES = [b"", b"{", b"[]", b"1", b"null", b"{}", b"\xff\xfe", b'{"value"}', b"[" * 100_000, {"valeu": 1},
          {"value": 1, "partition": "0"}, {"value": 1, "partition": -1}, {"value": 1, "partition": 99},
          {"value": 1, "partition": 1.5}, {"value": 1, "key": 7}, {"value": 1, "more": 2}]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:24])
def test_a_record_asked_for_wrongly_is_refused_and_nothing_is_written(running, body):
    answer = judge(running, "POST", "/api/v1/topics/{name}/records", "/api/v1/topics/clicks/records", body)
    assert answer["error"]["code"] == "invalid_argument" and answer["error"]["todo"]


@pytest.mark.parametrize("sql", [
    "create table t (a int)", "drop table bronze.clicks", "insert into bronze.clicks select * from bronze.clicks",
    "copy (select 1) to '/tmp/x'", "attach '/tmp/x.db'", "install httpfs", "load httpfs", "set threads = 99",
    "pragma database_list", "call pragma_version()", "export database '/tmp/x'", "checkpoint", "begin", "vacuum",
    "select * from read_csv('/etc/passwd')", "select * from read_text('/etc/passwd')", "from '/etc/passwd'",
    "select * from glob('/*')", "select getenv('HOME')", "select * from duckdb_settings()",
    "with x as (select * from read_blob('/etc/passwd')) select * from x",
    "select (select content from read_text('/etc/passwd'))", "select 1; select 2", "select 1; drop table bronze.clicks",
    "", ";", "selec"],
    ids=lambda sql: sql[:32])
def test_sql_that_is_no_query_of_tables_is_refused(running, sql):
    answer = judge(running, "POST", "/api/v1/sql", "/api/v1/sql", {"sql": sql})
    assert "error" in answer and answer["error"]["message"] and "root:" not in answer["error"]["message"]


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"[" * 100_000, {}, {"sql": 1}, {"sql": None}, {"sql": "select 1", "max_rows": "5"},
    {"sql": "select 1", "max_rows": 0}, {"sql": "select 1", "max_rows": 1.5}, {"sql": "select 1", "maxrows": 5}],
    ids=lambda body: str(body)[:40])
def test_a_query_asked_for_wrongly_is_refused(running, body):
    answer = judge(running, "POST", "/api/v1/sql", "/api/v1/sql", body, 400)
    assert answer["error"]["code"] == "invalid_argument" and answer["error"]["todo"]


@pytest.mark.parametrize("method, target, status", [
    ("DELETE", "/api/v1/topics/clicks", 405), ("PUT", "/api/v1/status", 405), ("POST", "/api/v1/graph", 405),
    ("GET", "/api/v1/sql", 405), ("GET", "/api/v1/flows/gold.funnel/pause", 405), ("PATCH", "/", 405),
    ("GET", "/api/v1/nosuch", 404), ("GET", "/api/v2/status", 404), ("POST", "/api/v1/demo/nosuch", 404),
    ("GET", "/api/v1/topics/clicks/records?limit=0", 400), ("GET", "/api/v1/topics/clicks/records?limit=x", 400),
    ("GET", "/api/v1/topics/clicks/records?partition=99", 400), ("GET", "/api/v1/topics/clicks/records?time=noon", 400),
    ("GET", "/api/v1/trace", 400), ("GET", "/api/v1/runs?limit=-1", 400),
    ("GET", "/api/v1/tables/bronze.clicks/files?after=x", 400), ("GET", "/api/v1/tables/..%2f..%2fetc/history", 400),
    ("GET", "/api/v1/views/live.clicks_windows/rows?where=nosuch%3D1", 400),
    ("GET", "/api/v1/views/live.clicks_windows/rows?from=noon", 400)])
def test_what_is_asked_wrongly_has_its_status_and_the_one_shape_of_errors(running, method, target, status):
    found, media, data = ask(running, method, target, b"{}" if method != "GET" else None)
    assert (found, media) == (status, "application/json"), data[:300]
    assert contract.problems(json.loads(data), "Error") == []
