"""The demo: two streams, one event followed, and faults at the press of a button, after which nothing is lost or duplicated."""

import json
import os
import shutil
import signal
import time
import urllib.error
import urllib.request

import pytest

import demo
import tarn


@pytest.fixture
def running(tmp_path):
    running = demo.Demo(tmp_path)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    shared = demo.Demo(tmp_path_factory.mktemp("demo"))
    yield shared
    shared.stop()


def acknowledged(running):
    return running.request("/api/v1/ledger")["acknowledged"] or 0


def assert_right(report):
    for part in (report, report["edits"]):
        assert part["produced"] == part["acknowledged"] > 0
        assert part["lost"] == 0 and part["duplicated"] == 0
    assert report["right"] is True


def send(running, topic, value):
    """By the HTTP listener where it takes records, else by a client of the Kafka listener. Returns the place."""
    before = {p["partition"]: p["high_watermark"] for p in running.request(f"/api/v1/topics/{topic}")["partitions"]}
    done = tarn.run("topic", "produce", topic, "--partition", 0, "--data", running.data, input=value + "\n")
    assert done.returncode == 0, done.stderr
    page = running.request(f"/api/v1/topics/{topic}/records?partition=0&offset={before[0]}&limit=1000")
    for record in page["records"]:
        if record["value"]["text"] == value:
            return 0, record["offset"]
    raise AssertionError("what was produced is not in the topic")


def click(event_id, event_time, **more):
    return json.dumps({"event_id": event_id, "event_time": event_time, "user_id": "u1", "session_id": "s1", "click": 1,
                       "page": "A1", "category": "sale", "country": "Poland", "price": 1} | more)


def stamp(seconds_ago=0.0):
    t = time.time() - seconds_ago
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t * 1000) % 1000:03d}Z"


def traced(running, done, **place):
    """Follows until `done` says so."""
    return running.wait_for(lambda: (lambda t: t if t["found"] and done(t) else None)(running.trace(**place)))


def step(trace, node):
    return next((s for s in trace["steps"] if s["node"] == node), None)


def settled(trace):
    return not any(s["kind"] == "flow" and s["state"] == "waiting" for s in trace["steps"])


def test_edits_keep_their_own_times_and_come_in_order(shared):
    shared.wait_for(lambda: shared.sql("select count(*) as n from live.edits_windows where grouping_set = 1")[0]["n"] > 20)
    rows = shared.sql("select min(event_time) as first, count(*) as n, count(distinct event_id) as ids from bronze.edits")
    assert rows[0]["first"].startswith("2015-09-12T00:47:35.776") and rows[0]["n"] == rows[0]["ids"] > 0
    assert shared.sql("select count(*) as n from late.edits")[0]["n"] == 0
    # Windows are what the rows say: of those that can no longer change.
    differences = shared.sql("""
        with naive as (
            select time_bucket(interval '10 minutes', event_time) as window_start, wiki, count(*) as edits,
                   count(distinct editor) as editors, sum(added) as added
            from bronze.edits group by all),
        closed as (select max(window_start) - interval '20 minutes' as upto from naive)
        select count(*) as n from naive n full join
            (select * from live.edits_windows where grouping_set = 1) v using (window_start, wiki)
        where window_start < (select upto from closed) and
            (n.edits, n.editors, n.added) is distinct from (v.edits, v.editors, v.characters_added)""")
    assert differences == [{"n": 0}]


def test_one_stream_does_not_disturb_the_other(shared):
    """Edits that are no edits, and their flow paused: the clicks go on, and the edits lose nothing."""
    for broken in ("no json", '{"event_id": 1}'):
        send(shared, "edits", broken)
    shared.request("/api/v1/flows/edits.table/pause", {}, "POST")
    shared.request("/api/v1/flows/live.edits_windows/pause", {}, "POST")
    shared.wait_for(lambda: shared.flows()["edits.table"]["state"] == "paused")
    # Also a flow that has just begun has a batch by then.
    before = shared.wait_for(lambda: (lambda flows: flows if all(flows[name]["batch_id"] is not None for name in (
        "live.clicks_windows", "clicks.table", "edits.table")) else None)(shared.flows()))
    # Ten batches of the clicks later the edits still stand where they stood.
    shared.wait_for(lambda: shared.flows()["live.clicks_windows"]["batch_id"] >= before["live.clicks_windows"]["batch_id"] + 10
                    and shared.flows()["clicks.table"]["batch_id"] > before["clicks.table"]["batch_id"])
    after = shared.flows()
    assert after["edits.table"]["batch_id"] == before["edits.table"]["batch_id"] and after["edits.table"]["lag"] > 0
    assert after["live.clicks_windows"]["state"] == "running"
    for name in ("edits.table", "live.edits_windows"):
        shared.request(f"/api/v1/flows/{name}/resume", {}, "POST")
    shared.wait_for(lambda: shared.flows()["edits.table"]["batch_id"] > after["edits.table"]["batch_id"])
    shared.wait_for(lambda: shared.sql("select count(*) as n from dead_letters.edits")[0]["n"] == 2)


def test_the_ledger_covers_both_streams(shared):
    ledger = shared.wait_for(lambda: (lambda l: l if l["lost"] is not None else None)(shared.request("/api/v1/ledger")))
    assert {line["topic"] for line in ledger["lines"] if line["entry"]} == {"clicks", "edits"}
    assert ledger["lost"] == 0 and ledger["duplicated"] == 0
    assert ledger["log_records"] >= ledger["acknowledged"] > 0


def test_a_good_event_is_followed_to_table_and_view(shared):
    partition, offset = send(shared, "clicks", click("trace-good", stamp()))
    trace = traced(shared, settled, id="trace-good")
    assert (trace["topic"], trace["partition"], trace["offset"]) == ("clicks", partition, offset)
    # Its session is open until nobody has clicked for a while.
    assert [s["node"] for s in trace["steps"] if s["state"] != "passed"] == ["table:gold.sessions"], trace["verdict"]
    nodes = [s["node"] for s in trace["steps"]]
    assert nodes[0] == "topic:clicks"
    assert {"flow:silver.clicks", "table:silver.clicks", "table:gold.funnel"} <= set(nodes)
    assert {"flow:clicks.table", "table:bronze.clicks", "flow:live.clicks_windows", "view:live.clicks_windows"} <= set(nodes)
    table = step(trace, "table:bronze.clicks")
    row = shared.sql("select _batch_id from bronze.clicks where event_id = 'trace-good'")[0]
    assert table["batch_id"] == row["_batch_id"] and table["version"] is not None and table["since_send_ms"] > 0
    assert step(trace, "view:live.clicks_windows")["batch_id"] is not None
    # By its place it is the same event, and its batch is found again.
    again = shared.trace(topic="clicks", partition=partition, offset=offset)
    assert again["id"] == "trace-good" and step(again, "table:bronze.clicks") == table


def test_a_repeat_is_kept_in_bronze_and_is_a_duplicate_in_silver(shared):
    event = click("trace-twice", stamp())
    first = send(shared, "clicks", event)
    send(shared, "clicks", event.replace('"price": 1', '"price": 2'))
    rows = shared.wait_for(lambda: (lambda r: r if len(r) == 2 else None)(shared.sql(
        "select _partition, _offset from bronze.clicks where event_id = 'trace-twice' order by _offset")))
    assert (rows[0]["_partition"], rows[0]["_offset"]) == first
    trace = traced(shared, settled, topic="clicks", partition=0, offset=rows[1]["_offset"])
    assert step(trace, "table:bronze.clicks")["state"] == "passed"
    twin = step(trace, "table:silver.clicks")
    assert twin["state"] == "duplicate" and f"offset {first[1]}" in twin["detail"]
    assert step(trace, "table:gold.funnel") is None


def test_what_breaks_a_rule_of_silver_says_which(shared):
    send(shared, "clicks", click("trace-rule", stamp(), price=-5))
    trace = traced(shared, settled, id="trace-rule")
    assert step(trace, "table:bronze.clicks")["state"] == "passed"
    flow = step(trace, "flow:silver.clicks")
    assert flow["state"] == "quarantined" and flow["detail"] == "price is below zero"
    assert step(trace, "table:quarantine.silver_clicks")["state"] == "passed"


def test_a_broken_event_says_why(shared):
    partition, offset = send(shared, "clicks", '{"event_id": "trace-broken", "event_time": "yesterday"}')
    trace = traced(shared, settled, topic="clicks", partition=partition, offset=offset)
    flow = step(trace, "flow:clicks.table")
    assert flow["state"] == "dead_letter" and flow["detail"]
    assert "dead letter" in trace["verdict"] and flow["detail"] in trace["verdict"]
    assert step(trace, "table:bronze.clicks") is None
    assert step(trace, "table:dead_letters.clicks")["state"] == "passed"
    assert step(trace, "view:live.clicks_windows") is None


def test_a_late_event_is_in_bronze_and_late_for_the_window(shared):
    send(shared, "clicks", click("trace-late", stamp(90)))
    trace = traced(shared, settled, id="trace-late")
    assert step(trace, "table:bronze.clicks")["state"] == "passed"
    late = step(trace, "flow:live.clicks_windows")
    assert late["state"] == "late" and "watermark" in late["detail"]
    assert step(trace, "table:late.clicks")["state"] == "passed"
    assert "late" in trace["verdict"].lower()


def test_an_event_waits_where_its_flow_is_paused(shared):
    shared.request("/api/v1/flows/clicks.table/pause", {}, "POST")
    shared.wait_for(lambda: shared.flows()["clicks.table"]["state"] == "paused")
    try:
        send(shared, "clicks", click("trace-waits", stamp()))
        trace = traced(shared, lambda t: True, id="trace-waits")
        flow = step(trace, "flow:clicks.table")
        assert flow["state"] == "waiting" and "resume" in flow["detail"]
    finally:
        shared.request("/api/v1/flows/clicks.table/resume", {}, "POST")
    assert step(traced(shared, settled, id="trace-waits"), "table:bronze.clicks")["state"] == "passed"


def test_what_is_not_there_is_said(shared):
    assert shared.trace(id="no such event")["found"] is False
    assert shared.trace(topic="clicks", partition=0, offset=10**15)["found"] is False
    with pytest.raises(urllib.error.HTTPError) as error:
        shared.trace(topic="no-such-topic", partition=0, offset=0)
    assert error.value.code == 404
    with pytest.raises(urllib.error.HTTPError) as error:
        shared.trace(topic="clicks")
    assert error.value.code == 400


def test_trace_by_command_finds_the_demo_by_itself(shared, tmp_path):
    send(shared, "clicks", click("trace-command", stamp()))
    state = {**os.environ, "XDG_STATE_HOME": str(shared.folder / "state")}
    result = tarn.run("demo", "trace", "trace-command", "--format", "json", env=state, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert step(json.loads(result.stdout), "table:bronze.clicks")["state"] == "passed"
    text = tarn.run("demo", "trace", "trace-command", "--data", shared.data).stdout
    assert "table:bronze.clicks" in text and "table:silver.clicks" in text
    assert tarn.run("demo", "trace", "nobody", "--data", shared.data, "--timeout", "1s").returncode == 1
    assert tarn.run("demo", "trace", "--data", shared.data).returncode == 2


def test_a_server_that_is_killed_comes_back_and_nothing_is_lost(running):
    running.wait_for(lambda: acknowledged(running) > 500)
    first = running.serving()
    entry = running.press("kill")
    assert "signal 9" in entry["sentence"] and entry["recovery_ms"] > 0
    second = running.serving()
    assert second["pid"] != first["pid"]
    assert (second["kafka"], second["http"]) == (first["kafka"], first["http"])
    # And by somebody else's hand.
    history = len(running.request("/api/v1/demo")["history"])
    os.kill(second["pid"], signal.SIGKILL)
    running.wait_for(lambda: len(running.request("/api/v1/demo")["history"]) > history)
    assert running.request("/api/v1/demo")["server"]["starts"] == 3
    more = acknowledged(running)
    running.wait_for(lambda: acknowledged(running) > more + 500)
    report = running.finish()
    assert_right(report)
    assert report["server_starts"] == 3


def test_kill_works_after_the_program_was_replaced(tmp_path):
    program = tmp_path / "tarn"
    shutil.copy(tarn.PROGRAM, program)
    running = demo.Demo(tmp_path, program=str(program))
    try:
        before = running.serving()["pid"]
        for how in ("replaced", "gone"):
            if how == "replaced":  # as make build does
                (tmp_path / "new").write_text("not a program")
                os.replace(tmp_path / "new", program)
            else:
                program.unlink()
            entry = running.press("kill")
            after = running.serving()["pid"]
            assert after != before and "signal 9" in entry["sentence"] and entry["recovery_ms"] > 0, entry
            before = after
        assert running.request("/api/v1/demo")["server"]["starts"] == 3
        assert_right(running.finish())
    finally:
        running.stop()


def test_a_full_disk_holds_everyone_back_and_costs_nothing(running):
    running.wait_for(lambda: acknowledged(running) > 500)
    begun = running.request("/api/v1/demo/fill-disk", {}, "POST")
    assert begun["accepted"]
    waiting = running.wait_for(lambda: [f for f in running.flows().values() if f["state"] == "retrying"])
    assert "quota" in waiting[0]["reason"]
    with pytest.raises(urllib.error.HTTPError) as error:
        running.request("/api/v1/demo/fill-disk", {}, "POST")
    assert error.value.code == 409
    history = running.wait_for(lambda: running.request("/api/v1/demo")["history"])
    assert "0 lost, 0 duplicated" in history[0]["sentence"] and "quota" in history[0]["sentence"]
    assert "0 events acknowledged" in history[0]["sentence"]
    assert not (running.data / "QUOTA").exists()
    assert all(f["state"] == "running" for f in running.flows().values())
    more = acknowledged(running)
    running.wait_for(lambda: acknowledged(running) > more + 500)
    assert_right(running.finish())


def test_a_broken_producer_and_a_late_source(running):
    running.wait_for(lambda: acknowledged(running) > 500)
    broken = running.press("break-producer")["sentence"]
    assert "all lie in dead_letters.clicks" in broken and "0 lost, 0 duplicated" in broken
    late = running.press("late-source")["sentence"]
    assert "late.clicks" in late and "0 lost, 0 duplicated" in late
    with pytest.raises(urllib.error.HTTPError) as error:
        running.request("/api/v1/demo/explode", {}, "POST")
    assert error.value.code == 404
    report = running.finish()
    assert_right(report)
    assert report["sent_broken"] == report["dead_letters"] > 100 and report["late"] > 100


def test_a_server_without_a_supervisor_takes_no_commands(tmp_path):
    server = tarn.Server(tarn.ROOT / "scenarios" / "q01-clickstream", tmp_path / "data", tmp_path / "log")
    server.start()
    try:
        state = server.get("/api/v1/demo")
        assert state["supervised"] is False and state["faults"] == [] and state["history"] == []
        request = urllib.request.Request(f"http://{server.http}/api/v1/demo/kill", data=b"{}", method="POST",
                                         headers={"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=10)
        assert error.value.code == 404
        assert server.process.poll() is None
    finally:
        server.kill()
