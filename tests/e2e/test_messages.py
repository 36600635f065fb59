"""What people are told who ask wrongly: what happened, what to do, and an id that docs/errors explains."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import tarn

PROJECT = tarn.ROOT / "scenarios" / "q01-clickstream"


def run(*arguments, cwd=None, env=None, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60):
    return subprocess.run([tarn.PROGRAM, *map(str, arguments)], cwd=cwd, env={**os.environ, **(env or {})}, stdin=stdin,
                          stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=timeout)


def last_words(*arguments, code, error_id, **how):
    """The last line on stderr of a command that must fail with this exit code and id."""
    done = run(*arguments, **how)
    assert done.returncode == code, done.stderr
    assert done.stderr.rstrip("\n").endswith(f" [TARN-E{error_id}]"), done.stderr
    return done.stderr


@pytest.fixture
def taken():
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messages")
    server = tarn.Server(PROJECT, folder / "data", folder / "log")
    server.start()
    yield server
    server.kill()


def test_what_to_do_stands_below_a_query_that_is_shown(server):
    lines = last_words("sql", "select pgae from\nbronze.clicks", "--data", server.data, code=2,
                       error_id="0801").splitlines()
    assert lines[-2].strip() == "^" and lines[-1].startswith("The message has the place."), lines


def test_a_cut_result_says_whose_limit_it_met(server):
    cut = run("sql", "select * from range(20)", "--max-rows", 5, "--data", server.data)
    assert len(cut.stdout.splitlines()) == 6 and "raise it with --max-rows" in cut.stderr
    most = run("sql", "select * from range(1000000)", "--data", server.data)
    assert "as many as the server gives" in most.stderr and "--max-rows" not in most.stderr
    for form in ("csv", "json"):
        none = run("sql", "select * from range(1000000)", "--format", form, "--data", server.data)
        assert none.returncode == 1 and none.stdout == "" and "--max-rows 10000" in none.stderr
        part = run("sql", "select * from range(1000000)", "--format", form, "--max-rows", 10000, "--data", server.data)
        assert len(part.stdout.splitlines()) == 10000 + (form == "csv")


@pytest.mark.parametrize("words, said", [
    (["tpoic", "list"], "unknown command: tpoic. Did you mean topic?"),
    (["topic", "lits"], "unknown command: lits. Did you mean list?"),
    (["topic", "lits", "--data", "x"], "unknown command: lits. Did you mean list?"),
    (["topic", "--data", "x"], "unknown option: --data"),
    (["help", "sql"], "unknown command: help"),
    (["topic", "consume", "clicks", "--max", "0"], "--max"),
    (["table", "history", "bronze.clicks", "--limit", "-1"], "--limit"),
    (["sql", "select 1", "--max-rows", "0"], "--max-rows"),
    (["topic"], "a command is missing: one of list, describe, create, delete, produce, consume"),
    (["up", "--prjct", "x"], "unknown option: --prjct. Did you mean --project?"),
    (["flow", "why"], "flow is required"),
    (["sql"], "query is required"),
    (["sql", "select 1", "--timeout", "soon"], "--timeout"),
    (["sql", "select 1", "--max-rows", "many"], "--max-rows"),
    (["demo", "--rate", "0"], "--rate"),
    (["demo", "--for", "-3s"], "--for"),
    (["topic", "list", "--format", "xml"], "--format"),
    (["up", "--set", "http.port"], "--set needs name=value"),
])
def test_a_wrong_command_line_says_where_help_is(words, said):
    text = last_words(*words, code=2, error_id="0101")
    assert said in text
    if "--set" not in words:
        assert "--help" in text


def test_settings_name_their_source_and_the_nearest(tmp_path):
    assert "did you mean \"http.port\"?" in last_words("up", "--set", "http.prot=1", cwd=tmp_path, code=2,
                                                       error_id="0102")
    text = last_words("settings", "list", env={"TARN_HTTP_PRT": "1"}, code=2, error_id="0102")
    assert "did you mean \"TARN_HTTP_PORT\"?" in text
    text = last_words("settings", "list", env={"TARN_HTTP_PORT": "many"}, code=2, error_id="0103")
    assert "environment variable TARN_HTTP_PORT" in text
    (tmp_path / "tarn.yml").write_text("name: x\nsettings:\n  http.prot: 1\n")
    assert "tarn.yml" in last_words("up", "--project", tmp_path, "--data", tmp_path / "data", code=2, error_id="0102")
    last_words("up", "--log-level", "loud", "--data", tmp_path / "data", cwd=tmp_path, code=2, error_id="0101")
    last_words("up", "--set", "logging.format=xml", "--data", tmp_path / "data", cwd=tmp_path / "..", code=2,
               error_id="0103")


def test_the_environment_sets_settings_and_strangers_in_it_are_named():
    done = run("settings", "list", "--format", "json",
               env={"TARN_HTTP_PORT": "18123", "TARN_COMPLETELY_ELSE": "x", "TARN_SEEDS": "3"})
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert (rows["http.port"]["value"], rows["http.port"]["source"]) == ("18123", "environment")
    assert done.stderr.count("warning") == 1 and "TARN_COMPLETELY_ELSE" in done.stderr


def test_a_port_in_use_names_who_has_it_and_the_flag(tmp_path, taken):
    for flag in ("--kafka-port", "--http-port"):
        other = "--http-port" if flag == "--kafka-port" else "--kafka-port"
        text = last_words("up", flag, taken, other, 0, "--data", tmp_path / "data", cwd=tmp_path, code=1,
                          error_id="0201")
        assert f"process {os.getpid()} (" in text and f"port {taken}" in text
        proposed = int(re.search(rf"{flag} (\d+)", text)[1])
        assert proposed != taken


def test_the_demo_steps_around_ports_in_use(tmp_path):
    held = []
    for port in (9092, 8080):
        try:
            held.append(socket.create_server(("127.0.0.1", port)))
        except OSError:
            pass  # another program has it: as good
    try:
        done = run("demo", "--for", "1s", "--rate", "500", "--no-browser", "--format", "json", "--data",
                   tmp_path / "data")
    finally:
        for listener in held:
            listener.close()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["right"]
    for port in (9092, 8080):
        assert f"Port {port} is in use" in done.stderr


def test_data_folders(server, tmp_path):
    text = last_words("up", "--data", server.data, "--kafka-port", 0, "--http-port", 0, cwd=tmp_path, code=1,
                      error_id="0203")
    assert f"process {server.process.pid}" in text
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "FORMAT").write_text("tarn 999\n")
    last_words("up", "--data", newer, cwd=tmp_path, code=1, error_id="0204")
    last_words("sql", "select 1", "--data", newer, code=1, error_id="0204")
    last_words("flow", "list", "--data", tmp_path / "none", code=1, error_id="0901")
    last_words("flow", "why", "x", "--data", tmp_path / "none", code=1, error_id="0206")
    last_words("up", "--data", "/dev/null/data", cwd=tmp_path, code=1, error_id="0002")


def test_names_that_are_not_there(server):
    data = ["--data", server.data]
    last_words("topic", "describe", "nope", *data, code=1, error_id="0401")
    last_words("topic", "consume", "nope", *data, code=1, error_id="0401")
    last_words("topic", "create", "clicks", *data, code=1, error_id="0407")
    last_words("table", "describe", "bronze.nope", *data, code=1, error_id="0402")
    last_words("flow", "describe", "live.clicks_window", *data, code=1, error_id="0403")
    text = last_words("sql", "select * from bronze.click", *data, code=2, error_id="0807")
    assert "bronze.clicks" in text


def test_what_to_do_about_names_that_are_not_there(server):
    data = ["--data", server.data]
    for words in (["topic", "consume", "nope"], ["topic", "produce", "nope"]):
        assert "`tarn topic list` shows them" in last_words(*words, *data, code=1, error_id="0401")
    for words in (["table", "describe", "bronze.nope"], ["table", "history", "bronze.nope"]):
        assert "`tarn table list` shows them" in last_words(*words, *data, code=1, error_id="0402")


def test_offsets_that_are_not_there(server):
    data = ["--data", server.data]
    for wrong in ("-7", "first", "7x"):
        last_words("topic", "consume", "clicks", f"--from={wrong}", *data, code=2, error_id="0001")
    text = last_words("topic", "consume", "clicks.late", "--from", 7, *data, code=2, error_id="0001")
    assert "no offset 7: its partitions end at 0" in text
    assert run("topic", "consume", "clicks.late", "--from", 0, *data).returncode == 0


def test_a_live_view_while_nothing_runs_says_why_it_is_not_there(tmp_path):
    server = tarn.Server(PROJECT, tmp_path / "data", tmp_path / "log")
    server.start()
    server.stop()
    text = last_words("sql", "select * from live.clicks_windows", "--data", server.data, code=2, error_id="0807")
    assert f"tarn up --data {server.data}" in text


def test_sql_that_is_not_right(server):
    data = ["--data", server.data]
    text = last_words("sql", "selct 1", *data, code=2, error_id="0801")
    assert text.splitlines()[-2].strip() == "^", "what to do stands below the mark, not behind it"
    last_words("sql", "copy (select 1) to 'x.csv'", *data, code=1, error_id="0802")
    last_words("sql", "create table x (a int)", *data, code=2, error_id="0001")
    last_words("sql", "select * from read_csv('/etc/passwd')", *data, code=1, error_id="0802")
    last_words("sql", "select sum(a.range * b.range) from range(300000) a, range(300000) b", *data,
               "--timeout", "200ms", code=1, error_id="0803")
    assert "not a data folder" in last_words("sql", "select * from bronze.clicks", "--data", "/nowhere", code=2,
                                             error_id="0807")
    last_words("sql", "select sum(a.range * b.range) from range(1000000) a, range(1000000) b", "--timeout", "200ms",
               "--data", server.data.parent / "other", code=1, error_id="0803")


def test_a_proxy_of_the_environment_is_not_for_this_machine(server):
    done = run("flow", "list", "--data", server.data, env={"http_proxy": "http://127.0.0.1:1"})
    assert done.returncode == 0 and "live.clicks_windows" in done.stdout, done.stderr


def test_http_errors_carry_the_id(server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/api/v1/topics/nope")
    error = json.load(caught.value)["error"]
    assert (caught.value.code, error["id"], error["code"]) == (404, "TARN-E0401", "not_found")
    told = server.get("/api/v1/errors/TARN-E0401")
    assert told["id"] == "TARN-E0401" and told["code"] == "not_found"
    assert told["title"] and told["cause"].endswith(".") and told["todo"].endswith(".")
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/api/v1/errors/TARN-E9999")
    assert json.load(caught.value)["error"]["id"] == "TARN-E0908"
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/api/v1/nowhere")
    assert json.load(caught.value)["error"]["id"] == "TARN-E0406"


@pytest.mark.parametrize("file, text, error_id", [
    ("tarn.yml", "name: x\n\ttopics: 1\n", "0302"),
    ("tarn.yml", "name: x\ntopcis: {}\n", "0303"),
    ("tarn.yml", "name: x\ntopics: []\n", "0304"),
])
def test_a_wrong_project_says_file_and_line(tmp_path, file, text, error_id):
    (tmp_path / file).write_text(text)
    assert f"{file}:" in last_words("up", "--project", tmp_path, "--data", tmp_path / "data", code=2, error_id=error_id)


def test_files_that_cannot_be_opened_are_named_once(server, tmp_path):
    text = last_words("topic", "produce", "clicks", "--data", server.data, "--file", "/nowhere", code=1, error_id="0002")
    assert text.count("cannot") == 1 and "/nowhere" in text


def test_no_project_at_the_folder_named(tmp_path):
    last_words("up", "--project", tmp_path, "--data", tmp_path / "data", code=1, error_id="0301")


def test_output_that_takes_no_more():
    with open("/dev/full", "w") as full:
        done = run("settings", "list", stdout=full)
    assert done.returncode == 1 and done.stderr.endswith("[TARN-E0213]\n"), done.stderr
    with subprocess.Popen(f"{tarn.PROGRAM} settings list --format json | head -1; exit ${{PIPESTATUS[0]}}", shell=True,
                          executable="/bin/bash", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as piped:
        out, error = piped.communicate(timeout=30)
    assert len(out.splitlines()) == 1 and error == b"", "a reader who has seen enough is told nothing"


def test_records_printed_to_an_output_that_takes_no_more(server):
    data = ["--data", server.data]
    assert run("topic", "create", "many", *data).returncode == 0
    lines = "".join(f"{i}\n" for i in range(1000))
    done = subprocess.run([tarn.PROGRAM, "topic", "produce", "many", *map(str, data)], input=lines, text=True, timeout=60,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    for more in ([], ["--max", "1"]):
        with open("/dev/full", "w") as full:
            last_words("topic", "consume", "many", *more, *data, stdout=full, code=1, error_id="0213")
    with subprocess.Popen([tarn.PROGRAM, "topic", "consume", "many", "--follow", *map(str, data)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as follower:
        assert follower.stdout.readline() == b"0\n"
        follower.stdout.close()  # seen enough; the next records show it
        subprocess.run([tarn.PROGRAM, "topic", "produce", "many", *map(str, data)], input=lines, text=True, timeout=60,
                       capture_output=True, check=True)
        assert follower.wait(30) == 1 and follower.stderr.read() == b""


def test_a_server_says_one_line_when_all_is_well(server):
    assert server.log_tail() == ""


def test_why_a_flow_stands_while_nothing_runs(tmp_path):
    server = tarn.Server(PROJECT, tmp_path / "data", tmp_path / "log")
    server.start()
    server.stop()
    done = run("flow", "why", "live.clicks_windows", "--data", tmp_path / "data")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1
    assert "no Tarn is running" in done.stdout and "tarn up --data" in done.stdout
    text = last_words("flow", "why", "live.clicks_window", "--data", tmp_path / "data", code=1, error_id="0403")
    assert "did you mean live.clicks_windows?" in text


def test_why_a_flow_waits_stands_and_goes_on(server):
    data, flow = ["--data", server.data], "live.clicks_windows"
    why = run("flow", "why", flow, *data).stdout
    assert why.startswith(flow) and len(why.splitlines()) == 1 and "advances with the next record" in why
    run("flow", "pause", flow, *data)
    try:
        subprocess.run(["kcat", "-b", server.kafka, "-P", "-t", "clicks"], input=b"{}", check=True, timeout=30)
        why = json.loads(run("flow", "why", flow, *data, "--format", "json").stdout)
        assert why["advancing"] is False and "paused" in why["sentence"] and "1 record of clicks waits" in why["sentence"]
        assert f"tarn flow resume {flow}" in why["todo"]
    finally:
        run("flow", "resume", flow, *data)
    text = last_words("flow", "why", "live.clicks_window", *data, code=1, error_id="0403")
    assert "live.clicks_window" in text


def test_a_damaged_flow_stands_with_its_id(tmp_path):
    server = tarn.Server(PROJECT, tmp_path / "data", tmp_path / "log")
    server.start()
    server.stop()
    journal = tmp_path / "data" / "state" / "live.clicks_windows" / "journal"
    journal.write_bytes(b"not a journal at all" + journal.read_bytes())
    server.start()
    try:
        deadline = time.monotonic() + 20
        while "TARN-E0708" not in server.log_tail() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "error_id=TARN-E0708" in server.log_tail()
    finally:
        server.kill()
