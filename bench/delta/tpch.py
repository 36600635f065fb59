"""The 22 queries of TPC-H on Delta tables by Tarn, beside DuckDB on the same Parquet files; part `tpch` of bench/delta/run.

Data (--scale) and queries are those of DuckDB's extension. Tarn makes eight tables of them, its server answers by HTTP; DuckDB is that of
the Python package, in a process that reads the tables' live files by name. Both with two threads. Each query once to warm up,
then --repeat times, in turn; wall time from asking to having all rows, CPU of the whole process that answers (the kernel counts it in
steps of 10 ms). The rows of both are compared. A query names the eight tables by a WITH before it, in both the same.
"""

import csv
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
DUCKDB = """
import datetime, decimal, json, sys, duckdb
connection = duckdb.connect(config={"threads": 2})
connection.sql("SET TimeZone = 'UTC'")
print(duckdb.__version__, flush=True)
for line in sys.stdin:
    rows = connection.execute(json.loads(line)).fetchall()
    print(json.dumps(rows, default=str), flush=True)
"""


def with_tables(query, source):
    """The query, with what it reads in front of it."""
    tables = ", ".join(f"{name} AS NOT MATERIALIZED (SELECT * FROM {source(name)})" for name in TABLES
                       if re.search(rf"(?i)\b{name}\b", query))
    query = query.strip().rstrip(";")
    return re.sub(r"(?i)^with\s+", f"WITH {tables}, ", query) if re.match(r"(?i)with\s", query) else f"WITH {tables} {query}"


def same(mine, others):
    def equal(a, b):
        if b is None:
            return a == ""  # CSV
        try:
            a, b = float(a), float(b)
        except (TypeError, ValueError):
            return str(a) == str(b)
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-9)
    return len(mine) == len(others) and all(
        len(a) == len(b) and all(map(equal, a, b)) for a, b in zip(mine, others, strict=True))


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(folder, scale, repeat, tarn, build):
    """Figures of Tarn and of DuckDB, and a note. `build` builds a target and gives its program."""
    given = folder / "tpch"
    given.mkdir()
    subprocess.run([build("tarn_tpch_data"), str(scale), str(given)], check=True)
    (given / "generated.duckdb").unlink()
    data = folder / "tpch-data"
    for name in TABLES:
        done = tarn.run("sql", f"CREATE TABLE h.{name} AS SELECT * FROM read_parquet('{given / name}.parquet')", "--data", data, timeout=1800)
        if done.returncode:
            sys.exit(done.stderr)
    server = tarn.Server(None, data, folder / "tpch-log")
    server.start()
    peer = subprocess.Popen([sys.executable, "-c", DUCKDB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        version = peer.stdout.readline().strip()
        files = {name: [str(path) for path in (data / "tables" / "h" / name).rglob("*.parquet") if "_delta_log" not in path.parts]
                 for name in TABLES}

        def by_tarn(query):
            # As CSV, which has all rows; as JSON there are 10,000 at most.
            request = urllib.request.Request(f"http://{server.http}/api/v1/sql",
                                             data=json.dumps({"sql": with_tables(query, lambda name: f"h.{name}")}).encode(),
                                             headers={"Content-Type": "application/json", "Accept": "text/csv"})
            with urllib.request.urlopen(request, timeout=600) as answer:
                return list(csv.reader(answer.read().decode().splitlines()))[1:]

        def by_duckdb(query):
            peer.stdin.write(json.dumps(with_tables(query, lambda name: f"read_parquet({files[name]})")) + "\n")
            peer.stdin.flush()
            return json.loads(peer.stdout.readline())

        sides = {"Tarn": (by_tarn, server.process.pid), f"DuckDB {version}": (by_duckdb, peer.pid)}
        seen = {name: [] for name in sides}
        for number, query in enumerate((row["query"] for row in json.loads((given / "queries.json").read_text())), 1):
            runs, answers = {name: [] for name in sides}, {}
            for round_number in range(repeat + 1):
                for name, (ask, pid) in sides.items():
                    before, begun = cpu(pid), time.perf_counter()
                    answers[name] = ask(query)
                    if round_number:
                        runs[name].append((time.perf_counter() - begun, cpu(pid) - before))
            if not same(*answers.values()):
                sys.exit(f"query {number}: not the same rows: {[rows[:3] for rows in answers.values()]}")
            for name, of in runs.items():
                seen[name].append([statistics.median(run[what] for run in of) for what in (0, 1)])
    finally:
        peer.stdin.close(), peer.wait(), peer.stdout.close()
        server.stop()
    mine, others = seen.values()
    ratios = sorted((a[0] / b[0], number) for number, (a, b) in enumerate(zip(mine, others, strict=True), 1))
    note = (f"22 queries, rows equal; wall of each against DuckDB: median {statistics.median(r for r, _ in ratios):.2f}, "
            f"worst {ratios[-1][0]:.2f} (query {ratios[-1][1]})")
    return {name: {"s": sum(run[0] for run in of), "cpu_s": sum(run[1] for run in of)} for name, of in seen.items()}, note
