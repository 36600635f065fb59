"""The one process with Spark and Delta of a test run, asked by several threads. Needs `tools/setup --interop`."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-interop" / "bin" / "python"
DEPS = pathlib.Path(os.environ.get("TARN_DEPS_DIR")
                    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tarn")
DELTA_VERSION = "4.1.0"
JARS = [DEPS / f"spark-delta-{DELTA_VERSION}" / f"{name}-{DELTA_VERSION}.jar" for name in ("delta-spark_2.13", "delta-storage")]
START_TIMEOUT, ANSWER_TIMEOUT = 180, 180


class SparkError(Exception):
    """What Spark answered to a statement that failed."""


def absent(reason):
    """Skips the test, or fails it where the engines are promised to be there (make test-interop)."""
    if os.environ.get("TARN_INTEROP") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def missing():
    """Why Spark cannot be started here, or None."""
    absent = [str(path) for path in [PYTHON, *JARS] if not path.exists()]
    if absent:
        return f"{absent[0]} is not there: run tools/setup --interop"
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        return "no java on PATH: run tools/setup --interop"
    return None


class Spark:
    """A process with one Spark; its JVM is in the same process group and ends with it. Any thread may ask."""

    def __init__(self, folder, as_shipped=False):
        self.log = folder / "spark.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [PYTHON, pathlib.Path(__file__).with_name("spark_session.py"), *["--as-shipped"] * as_shipped, *JARS], cwd=folder, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self.version, self.answers, self.asked, self.ended = None, {}, 0, False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.changed:
                if "ready" in answer:
                    self.version = answer["ready"]
                else:
                    self.answers[answer["id"]] = answer
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, there, timeout):
        with self.changed:
            if not self.changed.wait_for(lambda: there() or self.ended, timeout) or not there():
                raise RuntimeError(f"no answer of Spark in {timeout} s:\n{self.log.read_text(errors='replace')[-3000:]}")

    def wait_ready(self):
        self.wait(lambda: self.version, START_TIMEOUT)
        return self.version

    def ask(self, sql, session=""):
        """The answer to a statement. Statements of one session run in their order, others beside them."""
        with self.changed:
            self.asked += 1
            number = self.asked
            self.process.stdin.write(json.dumps({"id": number, "session": session, "sql": sql}).encode() + b"\n")
            self.process.stdin.flush()
        self.wait(lambda: number in self.answers, ANSWER_TIMEOUT)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise SparkError(f"{sql}\n{answer['error']}")
        return answer

    def rows(self, sql, session=""):
        return self.ask(sql, session)["rows"]

    def types(self, path):
        return [tuple(column) for column in self.ask(f"SELECT * FROM delta.`{path}` LIMIT 0")["columns"]]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
