"""Starts, kills and asks a Tarn process from tests and scenarios. Python's standard library alone."""

import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("TARN_PROGRAM", str(ROOT / "bin" / "tarn"))


def wait_for(condition, what="it does not come", timeout=60.0):
    """What the condition gives once that is true."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


class Server:
    """`tarn up` on free ports of 127.0.0.1; after a restart on the same ones.

    SQL reads tables as they are committed, which is what most tests wait for; `tail`: as people find it, with the tail of
    the log behind them.
    """

    def __init__(self, project, data, log_file, extra=(), tail=False):
        self.project, self.data, self.log_file, self.extra = project, data, log_file, list(extra)
        self.tail = tail
        self.kafka = self.http = None
        self.process = None

    def start(self, timeout=30.0):
        """Starts it and waits until it is ready. Returns the seconds that took."""
        command = [PROGRAM, "up", "--data", str(self.data), "--format", "json"]
        if self.project:
            command += ["--project", str(self.project)]
        command += ["--kafka-port", self.kafka.rsplit(":", 1)[1] if self.kafka else "0"]
        command += ["--http-port", self.http.rsplit(":", 1)[1] if self.http else "0"]
        begun = time.monotonic()
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command + self.extra, stdout=subprocess.PIPE, stderr=log,
                                            env={**os.environ, "TARN_SQL_TAIL": "true" if self.tail else "false"})
        readable, _, _ = select.select([self.process.stdout], [], [], timeout)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            self.kill()
            raise RuntimeError(f"tarn up was not ready in {timeout} s; see {self.log_file}:\n{self.log_tail()}")
        ready = json.loads(line)
        self.kafka, self.http = ready["kafka"], ready["http"]
        return time.monotonic() - begun

    def log_tail(self, size=2000):
        return pathlib.Path(self.log_file).read_text(errors="replace")[-size:]

    def kill(self):
        """kill -9, as the power switch would."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def stop(self, timeout=10.0):
        """Ctrl-C. Returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(timeout)
        finally:
            self.kill()
        return code

    def get(self, path, timeout=30.0):
        with urllib.request.urlopen(f"http://{self.http}{path}", timeout=timeout) as answer:
            return json.load(answer)

    def sql(self, text, timeout=60.0):
        request = urllib.request.Request(
            f"http://{self.http}/api/v1/sql",
            data=json.dumps({"sql": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)["rows"]

    def wait_caught_up(self, timeout=120.0):
        """Until every flow has committed all of its source, three looks in a row."""
        deadline, quiet = time.monotonic() + timeout, 0
        while quiet < 3:
            flows = self.get("/api/v1/flows")["flows"]
            bad = [f for f in flows if f["state"] not in ("running", "starting")]
            if bad:
                raise RuntimeError(f"flow {bad[0]['name']} is {bad[0]['state']}: {bad[0]['reason']}")
            quiet = quiet + 1 if flows and all(f["lag"] == 0 for f in flows) else 0
            if time.monotonic() > deadline:
                raise RuntimeError(f"flows lag after {timeout} s: {[(f['name'], f['lag']) for f in flows]}")
            time.sleep(0.2)


def free_ports(count):
    """Ports that nobody holds now. Another process may take one before it is used: then the start fails and says so."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def run(*arguments, input=None, timeout=60, **more):
    """A tarn command. Returns the completed process with text output."""
    return subprocess.run([PROGRAM, *map(str, arguments)], input=input, capture_output=True, text=True,
                          timeout=timeout, **more)
