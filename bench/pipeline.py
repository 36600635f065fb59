#!/usr/bin/env python3
"""The whole demo pipeline on this machine: CPU per event, latency, start, recovery, memory.

    bench/pipeline.py [--seconds 60] [--rate 100000] [--out bench/results/pipeline.json]

Method, printed with the figures: `tarn demo` with its generator as a process of its own on the same cores; latencies are
from the intended send of an open-loop schedule; CPU seconds are the kernel's account of the server process at its end;
start and recovery are the wall time from exec to the ready line. One run, no repetition: read ratios, not digits.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
import tarn  # noqa: E402

PROJECT = tarn.ROOT / "scenarios" / "q01-clickstream"


def demo(rate, seconds):
    result = tarn.run("demo", "--for", f"{seconds}s", "--rate", rate, "--format", "json", "--no-browser",
                      "--kafka-port", 0, "--http-port", 0, "--log-level", "warn", timeout=seconds + 180)
    if not result.stdout:
        sys.exit(f"tarn demo failed: {result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def idle():
    """Seconds from exec to ready on an empty folder (median of five), and resident memory five seconds later."""
    seconds = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            server = tarn.Server(PROJECT, folder + "/data", folder + "/log")
            seconds.append(server.start())
            time.sleep(5 if len(seconds) == 5 else 0)
            rss = server.get("/api/v1/status")["rss_bytes"]
            server.kill()
    return statistics.median(seconds), rss


def recovery(rate, seconds):
    """kill -9 in the middle of the load; seconds from exec to ready, three times."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        server = tarn.Server(PROJECT, folder + "/data", folder + "/log", ["--log-level", "warn"])
        server.start()
        load = subprocess.Popen([tarn.PROGRAM, "demo-generator", "--kafka", server.kafka, "--ledger", folder + "/ledger",
                                 "--rate", str(rate), "--for", f"{seconds}s"], stdout=subprocess.DEVNULL)
        for _ in range(3):
            time.sleep(seconds / 4)
            server.kill()
            taken.append(server.start())
        load.wait(seconds + 60)
        server.kill()
    return statistics.median(taken)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--out", default=str(HERE / "results" / "pipeline.json"))
    options = parser.parse_args()
    report = demo(options.rate, options.seconds)
    ready, rss = idle()
    back = recovery(options.rate, 30)
    view = report["latency"].get("live.clicks_windows", {})
    bronze = report["latency"].get("clicks.table", {})
    rows = [
        ("clicks acknowledged a second", report["acknowledged"] / options.seconds, "1/s", options.rate),
        ("lost", report["lost"], "", 0),
        ("duplicated", report["duplicated"], "", 0),
        ("server CPU per click, all flows", report["server_cpu_us_per_event"], "µs", 1.12),
        ("generator CPU per click", report["cpu_seconds"]["generator"] * 1e6 / max(1, report["acknowledged"]), "µs", None),
        ("intended send → view p50", view.get("p50_ms"), "ms", None),
        ("intended send → view p99", view.get("p99_ms"), "ms", 500),
        ("intended send → bronze p99", bronze.get("p99_ms"), "ms", 2000),
        ("intended send → acknowledged p99", report["produce_latency"].get("p99_ms"), "ms", None),
        ("server peak memory", report["peak_rss_bytes"]["server"] / 2**20, "MiB", None),
        ("idle memory", rss / 2**20, "MiB", 80),
        ("start to ready", ready, "s", 0.5),
        ("start to ready after kill -9 under load", back, "s", 3),
        ("fsync probe p50 of this disk", report["fsync_probe_us"]["p50"], "µs", None),
    ]
    print(__doc__)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {options.seconds} s at "
          f"{options.rate:,} clicks/s\n")
    print(f"{'figure':44} {'here':>12} {'unit':5} {'aim or floor':>12}")
    for name, value, unit, aim in rows:
        shown = "not known" if value is None else f"{value:,.2f}"
        print(f"{name:44} {shown:>12} {unit:5} {'' if aim is None else f'{aim:,}':>12}")
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"method": __doc__, "seconds": options.seconds, "rate": options.rate, "report": report,
                               "figures": [dict(zip(("name", "value", "unit", "aim"), r)) for r in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
