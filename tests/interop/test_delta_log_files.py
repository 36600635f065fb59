"""What stands in a log beside commits, by Tarn and by Spark: v2 checkpoints alone are enough, checksums are those of the other,
numbers of identity columns are given once by whoever inserts.

Needs bin/tarn and `tools/setup --interop`.
"""

import json
import pathlib

import pytest

import delta_engines
import delta_features
import tarn
from spark import DELTA_VERSION, absent

pytestmark = pytest.mark.interop

ROWS = [("insert", [(n, f"row {n}", n)]) for n in range(1, 8)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not pathlib.Path(tarn.PROGRAM).exists():
        absent(f"{tarn.PROGRAM} is not built")
    folder = tmp_path_factory.mktemp("log_files")
    started = tarn.Server(None, folder / "data", folder / "log")
    started.start()
    yield delta_engines.Tarn(started, "")
    started.kill()


@pytest.fixture(scope="module")
def other(spark):
    return delta_engines.Spark(spark, DELTA_VERSION)


def made(engine, server, name, **properties):
    feature = delta_features.Feature(name, properties=properties)
    table = delta_engines.Table(server.folder, f"{name}_{engine.name}".lower(), feature)
    engine.create(table)
    for step in ROWS + [("delete", "id = 3")]:
        engine.step(table, step)
    assert server.validate(table) == []  # and checksums, which come behind the commits, are there
    return table


@pytest.mark.parametrize("maker", ["tarn", "Spark"])
def test_a_v2_checkpoint_is_enough(server, other, maker):
    engine = server if maker == "tarn" else other
    table = made(engine, server, "v2_alone", **{"delta.checkpointPolicy": "v2", "delta.checkpointInterval": "8"})
    log = table.path / "_delta_log"
    [checkpoint] = log.glob("0*.checkpoint.*-*.*")
    assert list((log / "_sidecars").glob("*.parquet"))
    hint = json.loads((log / "_last_checkpoint").read_text())
    assert hint["version"] == 8 and hint["v2Checkpoint"]["path"] == checkpoint.name
    # A copy that nobody has read, without what came before.
    copy = delta_engines.Table(server.folder, f"v2_copy_{maker}".lower(), table.feature)
    copy.path.mkdir()
    for path in table.path.rglob("*"):
        target = copy.path / path.relative_to(table.path)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        elif not (path.parent == log and path.name[:20].isdigit() and int(path.name[:20]) < 8):
            target.write_bytes(path.read_bytes())
    assert server.rows(copy) == other.rows(copy) == server.rows(table)
    assert server.validate(copy) == []
    (other if maker == "tarn" else server).step(copy, ("insert", [(50, "more", 5)]))
    assert server.rows(copy) == other.rows(copy)
    assert server.validate(copy) == []


@pytest.mark.parametrize("maker", ["tarn", "Spark"])
def test_checksums_are_read_by_the_other(server, other, maker):
    engine = server if maker == "tarn" else other
    table = made(engine, server, "checksums", **{"delta.enableDeletionVectors": "true", "delta.enableInCommitTimestamps": "true"})
    log = table.path / "_delta_log"
    versions = sorted(log.glob("0*.json"))
    assert [path.stem for path in versions] == [path.stem for path in sorted(log.glob("0*.crc"))]
    # The other goes on from it, and its own checksum holds.
    (other if maker == "tarn" else server).step(table, ("insert", [(60, "more", 6)]))
    assert server.validate(table) == []
    newest = json.loads((log / f"{len(versions):020}.crc").read_text())
    assert newest["numFiles"] == len(newest.get("allFiles") or []) or "allFiles" not in newest
    assert newest["tableSizeBytes"] > 0 and newest["metadata"]["id"]
    # One that does not hold is found.
    newest["numFiles"] += 1
    (log / f"{len(versions):020}.crc").write_text(json.dumps(newest) + "\n")
    [problem] = server.validate(table)
    assert "files" in json.dumps(problem)


def test_numbers_are_given_once_by_both(server, other):
    feature = delta_features.Feature("identity", columns=(("id", "long"), ("name", "string")))
    table = delta_engines.Table(server.folder, "numbers", feature)
    server.run(table, "CREATE TABLE {t} (id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 10), name TEXT)")
    for round in range(3):
        server.run(table, f"INSERT INTO {{t}} (name) VALUES ('tarn {round}'), ('tarn {round}')")
        other.run(table, f"INSERT INTO {{t}} (name) VALUES ('spark {round}')")
    rows = other.ask(table, "SELECT id, name FROM {t}")["rows"]
    assert len(rows) == 9 and len({row[0] for row in rows}) == 9
    assert all(row[0] % 10 == 0 for row in rows)
    assert server.rows(table) == other.rows(table)
    # Later statements give later numbers.
    last = {name: max(row[0] for row in rows if row[1] == name) for _, name in rows}
    assert last["tarn 0"] < last["spark 0"] < last["tarn 1"] < last["spark 1"] < last["tarn 2"] < last["spark 2"]
    for engine in (server, other):
        with pytest.raises(Exception):
            engine.run(table, "INSERT INTO {t} (id, name) VALUES (1, 'mine')")
    other.run(table, "MERGE INTO {t} t USING (SELECT 'tarn 0' AS name) s ON t.name = s.name WHEN MATCHED THEN DELETE")
    server.run(table, "MERGE INTO {t} t USING (SELECT 'merged' AS name) s ON t.name = s.name "
                      "WHEN NOT MATCHED THEN INSERT (name) VALUES (s.name)")
    assert server.rows(table) == other.rows(table)
    assert server.validate(table) == []
