#!/usr/bin/env python3
"""The README's tables of figures, made from bench/results/*.json; nobody writes them by hand.

    bench/readme.py    writes all of them anew

A table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. Each benchmark writes its own when it has run; a test
compares the README with what is measured.
"""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parent / "README.md"


def seconds(ms):
    """A duration with two or three digits that say something."""
    if ms < 1000:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.2f} s" if ms < 10_000 else f"{ms / 1000:.1f} s"


def memory(mib):
    return f"{mib:,.0f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def same_job(results):
    versions = results["versions"]
    flink = f"Kafka {versions['kafka']} + Flink {versions['flink']}"
    titles = {"tarn": f"Tarn {versions['tarn']}", "updating": f"{flink}, updating", "close": f"{flink}, on close"}
    sides = [results["medians"][name] for name in titles]

    def closing(ms):
        return f"{seconds(-ms)} before" if ms < 0 else seconds(ms)

    rows = [
        ("server processes", lambda s: f"{s['processes']:.0f}"),
        ("start until the job runs", lambda s: seconds(s["start_s"] * 1000)),
        ("resident memory, idle · peak", lambda s: f"{memory(s['idle_mib'])} · {memory(s['peak_mib'])}"),
        ("CPU of the servers a click", lambda s: f"{s['cpu_us_per_click']:.1f} µs"),
        ("event → result, p50 · p99", lambda s: f"{seconds(s['event_p50_ms'])} · {seconds(s['event_p99_ms'])}"),
        ("window can close → its last value, p50 · p99",
         lambda s: f"{closing(s['close_p50_ms'])} · {closing(s['close_p99_ms'])}"),
        ("clicks · rows of windows, all equal to a naive count", lambda s: f"{s['clicks']:,.0f} · {s['rows_equal']:,.0f}"),
    ]
    runs = "one run of each" if results["repeat"] == 1 else f"medians of {results['repeat']} runs of each"
    return (f"{results['rate']:,} clicks/s for {results['seconds']} s, {results['cores']} cores ({results['machine']}) shared "
            f"with the generator, Java {versions['java']}, {runs}:\n\n"
            + table(["figure", *titles.values()], [[name, *map(show, sides)] for name, show in rows]))


def pipeline(results):
    report, figures = results["report"], {row["name"]: row["value"] for row in results["figures"]}

    def both(stage):
        waits = report["latency"][stage]
        return f"{seconds(waits['p50_ms'])} · {seconds(waits['p99_ms'])}"

    rows = [
        ("clicks acknowledged · lost · duplicated",
         f"{report['acknowledged']:,} in {results['seconds']} s · {report['lost']} · {report['duplicated']}"),
        ("intended send → materialized view, p50 · p99", both("live.clicks_windows")),
        ("intended send → `bronze.clicks` (batches of 1 s), p50 · p99", both("clicks.table")),
        ("commit of bronze → commit of silver (batches of 1 s), p50 · p99", both("silver.clicks")),
        ("CPU of the server a click, all flows", f"{report['server_cpu_us_per_event']:.1f} µs"),
        ("memory, idle · peak", f"{memory(figures['idle memory'])} · {memory(report['peak_rss_bytes']['server'] / 2**20)}"),
        ("start to ready · again after kill -9 under load",
         f"{seconds(figures['start to ready'] * 1000)} · "
         f"{seconds(figures['start to ready after kill -9 under load'] * 1000)}"),
    ]
    return (f"{results['rate']:,} clicks/s for {results['seconds']} s, {results['cores']} cores ({results['machine']}) shared "
            f"with the generators, one run:\n\n" + table(["figure", "here"], rows))


TABLES = {"pipeline": pipeline, "same_job": same_job}


def rendered(name):
    return TABLES[name](json.loads((HERE / "results" / f"{name}.json").read_text()))


def block(text, name):
    """Where the README has this table: a match whose second group is the table."""
    found = re.search(rf"(<!-- {name}:begin[^>]*-->\n)(.*?)\n?(<!-- {name}:end -->)", text, re.S)
    if not found:
        raise ValueError(f"the README has no place for {name}: it needs <!-- {name}:begin --> and <!-- {name}:end -->")
    return found


def update(name):
    text = README.read_text()
    found = block(text, name)
    README.write_text(text[:found.start(2)] + rendered(name) + "\n" + text[found.start(3):])


if __name__ == "__main__":
    for each in TABLES:
        update(each)
