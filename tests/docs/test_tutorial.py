"""docs/tutorial.md, as a reader follows it: each block as it stands, in order, in one shell, with what it shows. Ports
are the only difference: free ones in place of the tutorial's."""

import re

import pytest

import shell_blocks
import tarn

PAGE = tarn.ROOT / "docs" / "tutorial.md"
BLOCKS = shell_blocks.blocks_of(PAGE)
PORTS = ("9092", "8080")


@pytest.fixture(scope="module")
def ports():
    return dict(zip(PORTS, map(str, tarn.free_ports(len(PORTS)))))


@pytest.fixture(scope="module")
def shell(tmp_path_factory, ports):
    folder = tmp_path_factory.mktemp("tutorial")
    project = folder / "tarn"
    project.mkdir()
    (project / "bin").mkdir()
    (project / "bin" / "tarn").symlink_to(tarn.PROGRAM)
    shell = shell_blocks.Shell(project, folder / "shell", {
        "TARN_KAFKA_PORT": ports["9092"], "TARN_HTTP_PORT": ports["8080"]})
    yield shell
    shell.close()


def test_what_is_compared():
    shown = [block for block in BLOCKS if block.shown]
    assert len(BLOCKS) >= 12 and len(shown) >= 8
    assert sum(not block.varies for block in shown) >= 6, "most of what is shown is compared letter by letter"
    assert sum("kill -9" in block.text for block in BLOCKS) >= 1
    assert all(block.mark == "" for block in BLOCKS), "no block of the tutorial is left out"


def test_every_block_in_order(shell, ports):
    def at(text):
        return re.sub(r"\b(9092|8080)\b", lambda port: ports[port.group()], text)

    for block in BLOCKS:
        shell.follow(shell_blocks.Block(at(block.text), block.mark, at(block.shown), block.varies))
