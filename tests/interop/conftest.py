import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import spark as engine  # noqa: E402


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """The one Spark of a run: its start is slow."""
    why = engine.missing()
    if why:
        engine.absent(why)
    session = engine.Spark(tmp_path_factory.mktemp("spark"))
    try:
        assert session.wait_ready().startswith("4.1.")
        yield session
    finally:
        session.close()
