"""A house with doors: a made-up part of each kind is one new file, and what it gives is there.

The parts lie under parts/ as they would in the tree. A scratch copy of the tree gets them, is built (what has not changed
comes from the compiler's cache) and run. Part of `make test-all`, since it links the program once more.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from tests.support import tarn

pytestmark = pytest.mark.house
PARTS = pathlib.Path(__file__).parent / "parts"
# What a part consists of beside its one file of code.
BESIDE = {".openapi.yaml"}

PROJECT = """name: house
greetings:
  hello: {after: 3s}
topics:
  words:
    format: words
    columns:
      word: text
    table: {name: bronze.words, every: 100ms}
"""
MODEL = """{{ config(materialized='incremental', every='100ms') }}
select word from {{ source('bronze', 'words') }}
"""


def run(*command, cwd, **more):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=1500, **more)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def wait_for(look):
    """Until it gives something; what it raises meanwhile is that it is not there yet."""
    deadline = time.monotonic() + 60
    while True:
        try:
            if found := look():
                return found
        except (OSError, AssertionError):
            pass
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The tree as it stands with the parts in it, built."""
    folder = tmp_path_factory.mktemp("house") / "tarn"
    for name in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=tarn.ROOT).split("\0"):
        if name and not name.startswith("tests/house/") and (tarn.ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tarn.ROOT / name, folder / name)
    for part in PARTS.rglob("*"):
        if part.is_file():
            place = folder / part.relative_to(PARTS)
            assert not place.exists(), f"{place} is no new file"
            assert place.parent.is_dir() or place.parent.parent.is_dir()
            place.parent.mkdir(exist_ok=True)
            shutil.copy2(part, place)
    if (tarn.ROOT / "ui" / "dist").is_dir() and not (folder / "ui" / "dist").is_dir():
        shutil.copytree(tarn.ROOT / "ui" / "dist", folder / "ui" / "dist")
    run("cmake", "--preset", "release", cwd=folder)
    run("ninja", "-C", "build/release", "tarn", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def server(copy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "project" / "models" / "silver").mkdir(parents=True)
    (folder / "project" / "tarn.yml").write_text(PROJECT)
    (folder / "project" / "models" / "silver" / "also.sql").write_text(MODEL)
    (port,) = tarn.free_ports(1)
    before = dict(os.environ)
    program, tarn.PROGRAM = tarn.PROGRAM, str(copy / "build" / "release" / "bin" / "tarn")
    os.environ["MADE_UP_PORT"] = str(port)
    served = tarn.Server(folder / "project", folder / "data", folder / "log")
    served.echo, served.folder = port, folder
    try:
        served.start()
        yield served
    finally:
        served.kill()
        tarn.PROGRAM = program
        os.environ.clear()
        os.environ.update(before)


def test_each_part_is_one_file():
    files = [path for path in PARTS.rglob("*") if path.is_file() and not any(path.name.endswith(s) for s in BESIDE)]
    folders = [path.parent.relative_to(PARTS).as_posix() for path in files]
    assert sorted(folders) == sorted(set(folders)), "one file a part"
    assert len(files) == 14


def test_a_source_a_step_a_sink_a_trigger_and_a_kind_of_flow_run(server):
    flow = wait_for(lambda: (lambda f: f if f["batch_id"] == 0 else None)(server.get("/api/v1/flows/made.up")))
    assert flow["state"] == "running" and flow["rows_in"] == 10
    assert (server.folder / "data" / "state" / "made.up" / "tally").read_text() == "0 90"
    server.kill()
    server.start()
    assert (server.folder / "data" / "state" / "made.up" / "tally").read_text() == "0 90"


def test_a_format_decodes_and_a_strategy_keeps_a_table(server):
    run("kcat", "-P", "-b", server.kafka, "-t", "words", cwd=server.folder, input="one\ntwo\nthree\n")
    wait_for(lambda: server.sql("select count(*) as n from bronze.words") == [{"n": 3}])
    wait_for(lambda: [r["word"] for r in server.sql("select word from silver.also order by word")]
                    == ["one", "three", "two"])
    assert server.get("/api/v1/flows/silver.also")["strategy"] == "also"


def test_a_route_answers_and_stands_in_the_contract(server):
    assert server.get("/api/v1/made-up/x%20y") == {"name": "x y"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(
            f"http://{server.http}/api/v1/made-up/x", data=b"{}", headers={"Content-Type": "application/json"}))
    assert refused.value.code == 405 and "GET" in refused.value.headers["Allow"]
    with urllib.request.urlopen(f"http://{server.http}/api/v1/openapi.yaml") as answer:
        assert "/api/v1/made-up/{name}:" in answer.read().decode()


def test_a_system_table_and_a_function_can_be_asked(server):
    assert server.sql("select n, answer() as a from system.made_up") == [{"n": 42, "a": 42}]


def test_a_protocol_is_served(server):
    with socket.create_connection(("127.0.0.1", server.echo), timeout=30) as client:
        client.sendall(b"hello\n")
        assert client.recv(100) == b"hello\n"


def test_a_noun_and_a_check_of_doctor_are_there(copy, server):
    program = copy / "build" / "release" / "bin" / "tarn"
    assert run(program, "greet", cwd=copy) == "a made-up command\n"
    assert "greet" in run(program, "--help", cwd=copy)
    doctor = subprocess.run([program, "doctor", "--data", server.folder / "data", "--format", "json"], cwd=copy,
                            capture_output=True, text=True, timeout=120)
    assert "made up" in [json.loads(line)["check"] for line in doctor.stdout.splitlines()]


def test_a_section_is_checked(copy, server, tmp_path):
    (tmp_path / "tarn.yml").write_text("name: x\ngreetings:\n  hello: {affter: 3s}\n")
    program = copy / "build" / "release" / "bin" / "tarn"
    wrong = subprocess.run([program, "up", "--project", tmp_path, "--data", tmp_path / "data"], capture_output=True,
                           text=True, timeout=60)
    assert wrong.returncode != 0 and "did you mean after?" in wrong.stderr, wrong.stderr


def test_a_page_is_found(copy):
    if not (tarn.ROOT / "ui" / "node_modules").is_dir():
        pytest.skip("the page's packages are not there")
    if not (copy / "ui" / "node_modules").exists():
        (copy / "ui" / "node_modules").symlink_to((tarn.ROOT / "ui" / "node_modules").resolve())
    run("bash", "-c", ". tools/env; cd ui && npm run --silent build", cwd=copy)
    built = "".join(path.read_text() for path in (copy / "ui" / "dist").rglob("*.js"))
    assert "A made-up page" in built

