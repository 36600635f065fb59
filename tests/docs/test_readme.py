"""The README's shell blocks do what they say, run as they stand in an empty folder. Blocks marked `sh setup` are apart:
they are what set-up, CI and people run."""

import pytest

import shell_blocks
import tarn

BLOCKS = [block for block in shell_blocks.blocks_of(tarn.ROOT / "README.md") if block.mark != "setup"]


@pytest.fixture
def shell(tmp_path_factory):
    """In a folder in which the README's paths lead where they do in the project."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("bin", "scenarios", ".venv"):
        (folder / name).symlink_to(tarn.ROOT / name)
    shell = shell_blocks.Shell(folder, folder / "shell")
    yield shell
    shell.close()


def test_the_readme_has_the_blocks_that_are_tested():
    assert len(BLOCKS) == 3


def test_demo_without_a_browser(shell):
    assert '"acknowledged"' in shell.follow(BLOCKS[0])


def test_by_hand_and_read_by_another_reader(shell):
    shown = shell.follow(BLOCKS[1])
    assert "Poland" in shown and "clicks" in shown and "2026-01-01" in shown
    assert "'event_id': 'e1'" in shell.follow(BLOCKS[2])
