"""`tarn demo` as a process of a test: starts it, asks its server, ends it with Ctrl-C and reads its report."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import tarn


class Demo:
    def __init__(self, folder, rate=500, program=tarn.PROGRAM):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}
        self.log = open(self.folder / "demo.log", "wb")
        self.process = subprocess.Popen(
            [program, "demo", "--data", str(self.data), "--rate", str(rate), "--no-browser", "--format", "json",
             "--kafka-port", "0", "--http-port", "0"],
            stdout=subprocess.PIPE, stderr=self.log, env=self.environment)
        self.wait_for(self.serving, 60)

    def serving(self):
        try:
            serving = json.loads((self.data / "SERVING").read_text())
            os.kill(serving["pid"], 0)
            return serving
        except (OSError, ValueError):
            return None

    def wait_for(self, condition, timeout=60.0):
        deadline = time.monotonic() + timeout
        while True:
            assert self.process.poll() is None, (self.folder / "demo.log").read_text()[-2000:]
            try:
                value = condition()
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                value = None  # the server is down for a moment
            if value:
                return value
            assert time.monotonic() < deadline, (self.folder / "demo.log").read_text()[-2000:]
            time.sleep(0.05)

    def request(self, path, body=None, method=None):
        serving = self.serving()
        if not serving:
            raise ConnectionError("the server is down")
        request = urllib.request.Request(
            f"http://{serving['http']}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def sql(self, text):
        return self.request("/api/v1/sql", {"sql": text})["rows"]

    def flows(self):
        return {flow["name"]: flow for flow in self.request("/api/v1/flows")["flows"]}

    def fault(self, name):
        return next(f for f in self.request("/api/v1/demo")["faults"] if f["name"] == name)

    def press(self, action):
        """Presses it and waits until it is over. Returns the sentence with its history entry."""
        before = len(self.request("/api/v1/demo")["history"])
        accepted = self.request(f"/api/v1/demo/{action}", {}, "POST")
        assert accepted["accepted"] and accepted["sentence"]
        self.wait_for(lambda: len(self.request("/api/v1/demo")["history"]) > before, 120)
        entry = self.request("/api/v1/demo")["history"][0]
        assert entry["action"] == action and self.fault(action)["outcome"] == entry["sentence"]
        return entry

    def trace(self, **place):
        return self.request("/api/v1/trace?" + urllib.parse.urlencode(place))

    def finish(self, timeout=120):
        """Ctrl-C. Returns the report."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=timeout)
        self.log.close()
        assert self.process.returncode == 0, (self.folder / "demo.log").read_text()[-2000:] + out.decode()
        return json.loads(out)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()
