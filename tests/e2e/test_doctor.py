"""`tarn doctor` on sound and unsound machines, as far as a test can make one unsound."""

import json
import os
import resource
import socket
import subprocess
import time

import pytest

import tarn

PROJECT = tarn.ROOT / "scenarios" / "q01-clickstream"


def doctor(*arguments, cwd, **how):
    done = subprocess.run([tarn.PROGRAM, "doctor", *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, **how)
    return done


def findings(*arguments, cwd, code=0, **how):
    done = doctor("--format", "json", *arguments, cwd=cwd, **how)
    assert done.returncode == code, done.stdout + done.stderr
    return {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}


FREE = ["--kafka-port", "0", "--http-port", "0"]


def test_every_line_says_what_was_found(tmp_path):
    rows = findings(*FREE, cwd=tmp_path)
    assert set(rows) >= {"versions", "project", "memory", "kafka port", "http port", "network", "open files",
                         "data folder", "disk space", "disk speed", "clock"}
    for row in rows.values():
        assert row["found"] and (row["state"] == "ok") == (row["todo"] == ""), row
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


def test_one_line_when_all_is_well(tmp_path):
    done = doctor(*FREE, "--quiet", cwd=tmp_path)
    lines = done.stdout.splitlines()
    # A slow or narrow machine says so; the last line counts what is said.
    assert lines[-1].startswith("doctor: ")
    assert (len(lines) == 1) == lines[-1].endswith("all well"), done.stdout


def test_ports(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        rows = findings("--kafka-port", port, "--http-port", 0, cwd=tmp_path, code=1)
        assert rows["kafka port"]["state"] == "fail" and f"process {os.getpid()}" in rows["kafka port"]["found"]
        assert "--kafka-port" in rows["kafka port"]["todo"]
        assert rows["http port"]["state"] == "ok"


def test_network_exposure(tmp_path):
    rows = findings(*FREE, "--set", "http.address=0.0.0.0", cwd=tmp_path)
    assert rows["network"]["state"] == "warn" and "http on 0.0.0.0" in rows["network"]["found"]
    assert "kafka" not in rows["network"]["found"]


def test_few_open_files(tmp_path):
    limit = lambda n: lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
    assert findings(*FREE, cwd=tmp_path, preexec_fn=limit(1024))["open files"]["state"] == "warn"
    rows = findings(*FREE, cwd=tmp_path, code=1, preexec_fn=limit(100))
    assert rows["open files"]["state"] == "fail" and "ulimit -n" in rows["open files"]["todo"]


def test_memory_beyond_the_machine(tmp_path):
    rows = findings(*FREE, "--memory", "4096TiB", cwd=tmp_path)
    assert rows["memory"]["state"] == "warn" and "--memory" in rows["memory"]["todo"]


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("x")
    rows = findings(*FREE, "--data", tmp_path / "file", cwd=tmp_path, code=1)
    assert rows["data folder"]["state"] == "fail" and "--data" in rows["data folder"]["todo"]


def test_a_folder_that_cannot_be_written(tmp_path):
    rows = findings(*FREE, "--data", "/proc/tarn-data", cwd=tmp_path, code=1)
    assert rows["disk space"]["state"] == "fail" or rows["disk speed"]["state"] == "fail"


def test_data_folders(tmp_path):
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "FORMAT").write_text("tarn 999\n")
    rows = findings(*FREE, "--data", "newer", cwd=tmp_path, code=1)
    assert "newer Tarn" in rows["data folder"]["found"] and "TARN-E0204" in rows["data folder"]["todo"]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    assert findings(*FREE, "--data", "photos", cwd=tmp_path)["data folder"]["state"] == "warn"


def test_the_clock_behind_the_data_folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "FORMAT").write_text("tarn 1\n")
    (tmp_path / "data" / "START").write_text("1\n")
    future = time.time() + 3600
    os.utime(tmp_path / "data" / "START", (future, future))
    rows = findings(*FREE, "--data", "data", cwd=tmp_path, code=1)
    assert rows["clock"]["state"] == "fail" and "after that" in rows["clock"]["found"]


def test_wrong_settings_and_projects_are_findings(tmp_path):
    assert findings("--set", "http.prot=1", cwd=tmp_path, code=1)["settings"]["state"] == "fail"
    (tmp_path / "tarn.yml").write_text("name: x\ntopcis: {}\n")
    rows = findings(*FREE, cwd=tmp_path, code=1)
    assert "did you mean topics?" in rows["project"]["found"] and "TARN-E0303" in rows["project"]["todo"]


def test_beside_a_running_server(tmp_path):
    server = tarn.Server(PROJECT, tmp_path / "data", tmp_path / "log")
    server.start()
    try:
        kafka, http = (address.rsplit(":", 1)[1] for address in (server.kafka, server.http))
        rows = findings("--kafka-port", kafka, "--http-port", http, "--data", "data", cwd=tmp_path)
        assert f"served by process {server.process.pid}" in rows["data folder"]["found"]
        assert rows["kafka port"]["state"] == rows["http port"]["state"] == "ok"
        assert "own process" in rows["kafka port"]["found"]
    finally:
        server.kill()
    rows = findings(*FREE, "--data", "data", cwd=tmp_path)
    assert rows["data folder"]["found"] == "data, free", "the stale address of a killed server is none"
