"""Tarn and another engine write one table at the same time: every commit counts once, and no row is lost or twice.

Needs bin/tarn; with Spark also `tools/setup --interop`. Each writer appends rows of its own and deletes some of its own; a writer
that another came before is told so and tries again, as its users would.
"""

import json
import pathlib
import threading, time

import pytest

import delta_engines
import delta_features
import tarn
from spark import DELTA_VERSION, absent

pytestmark = pytest.mark.interop

COMMITS, ROWS_OF_COMMIT, TRIES = 12, 3, 50
FEATURE = delta_features.Feature("two writers", columns=(("id", "long"), ("name", "string")), partition_by=("name",))
LOST_RACE = ("ConcurrentAppend", "ConcurrentDelete", "ConcurrentTransaction", "ConcurrentModification", "DELTA_CONCURRENT",
             "concurrent", "conflict", "TARN-E0604")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not pathlib.Path(tarn.PROGRAM).exists():
        absent(f"{tarn.PROGRAM} is not built")
    folder = tmp_path_factory.mktemp("two")
    started = tarn.Server(None, folder / "data", folder / "log")
    started.start()
    yield delta_engines.Tarn(started, "")
    started.kill()


def write(engine, table, first, begin, made, errors):
    """Appends COMMITS times from id `first`, and deletes the middle row of every third append. Counts commits in `made`."""
    def until_done(step):
        for _ in range(TRIES):
            try:
                engine.step(table, step)
                made.append(step)
                return
            except Exception as error:
                if not any(word in f"{type(error).__name__} {error}" for word in LOST_RACE):
                    raise
        raise RuntimeError(f"{step} lost the race {TRIES} times")

    try:
        begin.wait()
        for commit in range(COMMITS):
            at = first + commit * 10
            until_done(("insert", [(at + row, engine.name) for row in range(ROWS_OF_COMMIT)]))
            if commit % 3 == 2:
                until_done(("delete", f"id = {at + 1} AND name = '{engine.name}'"))
    except Exception as error:
        errors.append(error)


def left(engine, first):
    return [(first + commit * 10 + row, engine.name) for commit in range(COMMITS) for row in range(ROWS_OF_COMMIT)
            if not (commit % 3 == 2 and row == 1)]


@pytest.mark.parametrize("vectors", [True, False] * 12)
@pytest.mark.parametrize("other", ["deltalake", "Spark"])
def test_every_commit_counts_once(server, request, other, vectors):
    engine = delta_engines.DeltaRs() if other == "deltalake" else \
        delta_engines.Spark(request.getfixturevalue("spark"), DELTA_VERSION)
    table = delta_engines.Table(server.folder, f"two_{other}_{time.monotonic_ns()}".lower(), FEATURE)
    server.create(table)
    if vectors:
        server.properties(table, {"delta.enableDeletionVectors": "true"})
    versions = len(list((table.path / "_delta_log").glob("*.json")))
    begin, made, errors = threading.Barrier(2), [], []
    writers = [threading.Thread(target=write, args=(of, table, first, begin, made, errors))
               for of, first in ((server, 1_000), (engine, 5_000))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []

    wanted = delta_engines.multiset(["id", "name"], left(server, 1_000) + left(engine, 5_000))
    assert server.rows(table) == wanted
    assert engine.rows(table) == wanted
    assert server.validate(table) == []
    # Each statement is one version, and none has taken another's place.
    log = sorted(path for path in (table.path / "_delta_log").glob("*.json") if path.stem.isdigit())
    assert [int(path.stem) for path in log] == list(range(len(log)))
    assert len(log) == versions + len(made)
    by = [json.loads(path.read_text().splitlines()[0]).get("commitInfo", {}).get("engineInfo", "") for path in log]
    assert sum(engine_info.startswith("Tarn/") for engine_info in by) == versions + len(made) // 2
