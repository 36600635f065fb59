"""Rows keep their ids, whoever writes: Tarn and Spark change one table in turns, and both say the same ids and versions.

Needs bin/tarn and `tools/setup --interop`. Spark says them as `_metadata.row_id` and `_metadata.row_commit_version`, Tarn by
`table_row_ids`.
"""

import pathlib

import pytest

import delta_engines
import delta_features
import tarn
from spark import DELTA_VERSION, absent

pytestmark = pytest.mark.interop

ROWS = ("insert", [(n, f"row {n}", n * 10) for n in range(1, 9)])
STEPS = [("insert", [(20, "twenty", 1), (21, None, 2)]), ("update", {"amount": 7}, "id IN (2, 20)"), ("delete", "id IN (3, 21)"),
         ("merge", [(4, "four", 44), (30, "thirty", 300)]), ("optimize",), ("update", {"name": "last"}, "id > 4"),
         ("zorder", ["amount", "name"])]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not pathlib.Path(tarn.PROGRAM).exists():
        absent(f"{tarn.PROGRAM} is not built")
    folder = tmp_path_factory.mktemp("ids")
    started = tarn.Server(None, folder / "data", folder / "log")
    started.start()
    yield delta_engines.Tarn(started, "")
    started.kill()


def of_tarn(server, table):
    names, rows = server.look(f"SELECT id, _row_id, _row_commit_version FROM table_row_ids('{table.path}')")
    assert names == ["id", "_row_id", "_row_commit_version"]
    return {int(row[0]): (int(row[1]), int(row[2])) for row in rows}


def of_spark(spark, table):
    rows = spark.ask(table, "SELECT id, _metadata.row_id, _metadata.row_commit_version FROM {t}")["rows"]
    return {row[0]: (row[1], row[2]) for row in rows}


@pytest.mark.parametrize("vectors", [False, True], ids=["files", "vectors"])
@pytest.mark.parametrize("maker", ["Tarn", "Spark"])
def test_ids_are_kept_by_both(server, spark, maker, vectors):
    other = delta_engines.Spark(spark, DELTA_VERSION)
    feature = delta_features.Feature("row ids", properties={"delta.enableRowTracking": "true",
                                                            "delta.enableDeletionVectors": str(vectors).lower()})
    table = delta_engines.Table(server.folder, f"ids_{maker}_{vectors}".lower(), feature)
    first, second = (server, other) if maker == "Tarn" else (other, server)
    first.create(table)
    first.step(table, ROWS)
    known = of_tarn(server, table)
    assert sorted(row[0] for row in known.values()) == list(range(8))
    assert of_spark(other, table) == known
    for number, step in enumerate([*STEPS, ("insert", [(40, "forty", 4)]), *STEPS[1:4]]):
        (second, first)[number % 2].step(table, step)
        now = of_tarn(server, table)
        assert of_spark(other, table) == now, step
        assert len({row[0] for row in now.values()}) == len(now), "an id of two rows"
        # Every row that was there has its id; one that was not changed has its version.
        moved = step[0] in ("optimize", "zorder", "insert", "delete")
        for key in known.keys() & now.keys():
            assert now[key][0] == known[key][0], (step, key)
            assert now[key][1] >= known[key][1]
            assert not moved or now[key] == known[key], (step, key)
        known = now
    assert server.validate(table) == []


@pytest.mark.parametrize("maker", ["Tarn", "Spark"])
def test_a_table_that_gets_them_later(server, spark, maker):
    other = delta_engines.Spark(spark, DELTA_VERSION)
    table = delta_engines.Table(server.folder, f"late_{maker}".lower(), delta_features.Feature("late ids"))
    engine = server if maker == "Tarn" else other
    engine.create(table)
    engine.step(table, ROWS)
    engine.properties(table, {"delta.enableRowTracking": "true"})
    known = of_tarn(server, table)
    assert len(known) == 8
    assert of_spark(other, table) == known
    server.step(table, ("delete", "id = 1"))
    other.step(table, ("update", {"amount": 1}, "id = 2"))
    assert of_spark(other, table) == of_tarn(server, table)
    assert of_tarn(server, table).keys() == known.keys() - {1}
    assert server.validate(table) == []
