"""The README's shell blocks do what they say, run as they stand in an empty folder. Blocks marked `sh setup` are apart:
they are what set-up, CI and people run."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the README's paths lead where they do in the project."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("bin", "scenarios", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run(block, folder):
    done = subprocess.run(["bash", "-euo", "pipefail", "-m", "-c", block], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_readme_has_the_blocks_that_are_tested():
    assert len(BLOCKS) == 3


def test_demo_without_a_browser(folder):
    assert '"acknowledged"' in run(BLOCKS[0], folder)


def test_by_hand_and_read_by_another_reader(folder):
    shown = run(BLOCKS[1], folder)
    assert "Poland" in shown and "clicks" in shown and "2026-01-01" in shown
    assert "'event_id': 'e1'" in run(BLOCKS[2], folder)
