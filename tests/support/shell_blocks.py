"""The shell blocks of a page, run as they stand by one shell, as a reader would paste them.

A page's ```sh block may be followed by a ```text block: what the reader sees. ```text varies is the same with numbers
that differ from run to run. A reader who does not see it yet looks again, and so does `follow`: a block that only asks
is run until it shows that, for a minute at most.
"""

import os
import pathlib
import re
import signal
import subprocess
import time
from dataclasses import dataclass

# pyarrow sometimes ends so, under load, after it has answered: with a thread of its own that still runs.
EXIT_ABORT = "terminate called without an active exception"
FENCE = re.compile(r"^```(sh|text)( [a-z]+)?\n(.*?)^```$", re.S | re.M)
PROMPT_S = 120.0  # one block
LOOK_S = 60.0     # until what is shown is there
ASKS = ("tarn sql", "tarn flow list", "tarn flow why", "tarn table", "tarn topic list", "tarn demo trace")


@dataclass
class Block:
    text: str
    mark: str = ""     # the word behind ```sh
    shown: str = ""    # the ```text block behind it
    varies: bool = False

    def only_asks(self):
        """Whether it may be run twice: each command in it asks and changes nothing."""
        starts = [line for line in re.sub(r'"[^"]*"', '""', self.text).splitlines() if line.strip()]
        return bool(starts) and all(line.startswith(ASKS) and "&" not in line for line in starts)

    def seen_in(self, output):
        clean = varying if self.varies else exact
        return clean(self.shown) in clean(output)


def exact(text):
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def varying(text):
    return re.sub(r"[ \t]+", " ", re.sub(r"\d+(\.\d+)?", "#", exact(text)))


def blocks_of(page):
    """The ```sh blocks of a page, each with what is shown right behind it."""
    found, end = [], 0
    text = pathlib.Path(page).read_text()
    for fence in FENCE.finditer(text):
        kind, mark, body = fence.group(1), (fence.group(2) or "").strip(), fence.group(3)
        if kind == "sh":
            found.append(Block(body, mark))
        elif found and not text[end:fence.start()].strip():
            found[-1].shown, found[-1].varies = body, mark == "varies"
        end = fence.end()
    return found


class Shell:
    """One bash with job control; its folder is the reader's. What it and its jobs print is kept in order."""

    def __init__(self, folder, scratch, environment=None):
        self.scratch, self.number = pathlib.Path(scratch), 0
        self.scratch.mkdir(exist_ok=True)
        self.out = self.scratch / "out"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                ["bash", "--norc", "--noprofile"], cwd=folder, stdin=subprocess.PIPE, stdout=out,
                stderr=subprocess.STDOUT, text=True, start_new_session=True, env={**os.environ, **(environment or {})})
        # A command that fails is noted; `wait` only repeats how the job it waited for ended.
        self._send("set -mE -o pipefail; failed=; trap '[[ $BASH_COMMAND == wait* ]] || failed+=\"$BASH_COMMAND; \"' ERR")

    def _send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def output(self, begin=0):
        with open(self.out, "rb") as out:
            out.seek(begin)
            return out.read().decode(errors="replace")

    def run(self, text):
        """Runs a block to its end. Returns what it printed and the commands in it that failed."""
        self.number += 1
        script, done = self.scratch / f"block-{self.number}.sh", self.scratch / f"done-{self.number}"
        script.write_text(text)
        begin, deadline = self.out.stat().st_size, time.monotonic() + PROMPT_S
        self._send(f"failed=; source {script} </dev/null; echo \"$failed\" > {done}.new; mv {done}.new {done}")
        while not done.exists():
            assert self.process.poll() is None, f"the shell has ended:\n{text}\n{self.output(begin)}"
            assert time.monotonic() < deadline, f"no end after {PROMPT_S:.0f} s:\n{text}\n{self.output(begin)}"
            time.sleep(0.02)
        return self.output(begin), done.read_text().strip()

    def follow(self, block):
        """Runs a block until what is shown behind it is seen. Returns what was seen."""
        begin, deadline = self.out.stat().st_size, time.monotonic() + LOOK_S
        output, failed = self.run(block.text)
        if EXIT_ABORT in output and "to_pyarrow" in block.text:
            failed = ""  # what it shows is still looked at
        while failed or not block.seen_in(output):
            again = block.shown and block.only_asks()
            assert not failed or again, f"failed: {failed}\nin:\n{block.text}\n{output}"
            assert time.monotonic() < deadline, f"{block.text}\nshould show\n{block.shown}\nand shows\n{output}"
            time.sleep(0.2)
            output, failed = self.run(block.text) if again else (self.output(begin), failed)
        return output

    def close(self):
        """Ends it with every job it started."""
        if self.process.poll() is None:
            self._send("for job in $(jobs -p); do kill -9 -- -$job; done 2>/dev/null; exit")
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
        self.process.stdin.close()
