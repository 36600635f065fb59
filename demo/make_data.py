#!/usr/bin/env python3
"""Makes what lies in demo/data of published data (demo/data/README.md describes both).

    python3 demo/make_data.py [clicks|edits [SOURCE]]      # default: both, of ../shared/data

The same input gives the same bytes. Needs the command zstd.
"""

import csv
import gzip
import io
import json
import math
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
CLICKS = SHARED / "eshop_clickstream" / "clicks.csv.zst"
EDITS = SHARED / "wikipedia_edits" / "edits.ndjson.gz"
DATA = ROOT / "demo" / "data"
SEED = 553
DAY = "2015-09-12T"

CATEGORIES = {"1": "trousers", "2": "skirts", "3": "blouses", "4": "sale"}
COUNTRIES = dict(enumerate([
    "Australia", "Austria", "Belgium", "British Virgin Islands", "Cayman Islands", "Christmas Island", "Croatia",
    "Cyprus", "Czech Republic", "Denmark", "Estonia", "unidentified", "Faroe Islands", "Finland", "France", "Germany",
    "Greece", "Hungary", "Iceland", "India", "Ireland", "Italy", "Latvia", "Lithuania", "Luxembourg", "Mexico",
    "Netherlands", "Norway", "Poland", "Portugal", "Romania", "Russia", "San Marino", "Slovakia", "Slovenia", "Spain",
    "Sweden", "Switzerland", "Ukraine", "United Arab Emirates", "United Kingdom", "USA", "*.biz", "*.com", "*.int",
    "*.net", "*.org"], start=1))


def think_ms(rng):
    """Between two clicks: log-normal around 1.6 s, within 0.5–5 s. The data has days only, no time of day."""
    return int(1000 * min(5.0, max(0.5, math.exp(rng.gauss(0.45, 0.6)))))


def write(name, lines, what):
    data = ("\n".join(lines) + "\n").encode()
    packed = subprocess.run(["zstd", "-19", "-c"], input=data, check=True, capture_output=True).stdout
    (DATA / name).write_bytes(packed)
    print(f"demo/data/{name}: {len(lines) - 1:,} {what}, {len(packed):,} bytes")


def make_clicks(source):
    text = subprocess.run(["zstd", "-dc", str(source)], check=True, capture_output=True).stdout.decode()
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    rows.sort(key=lambda r: (int(r["session ID"]), int(r["order"])))
    rng = random.Random(SEED)
    lines, session, order = ["session\torder\tthink_ms\tpage\tcategory\tcountry\tprice"], -1, 0
    previous = None
    for row in rows:
        if row["session ID"] != previous:
            previous, session, order = row["session ID"], session + 1, 0
        order += 1
        think = 0 if order == 1 else think_ms(rng)
        lines.append("\t".join([
            str(session), str(order), str(think), row["page 2 (clothing model)"],
            CATEGORIES[row["page 1 (main category)"]], COUNTRIES[int(row["country"])], row["price"]]))
    write("clicks.tsv.zst", lines, "clicks")


def ms_of_day(text):
    assert text.startswith(DAY) and text.endswith("Z"), text
    hours, minutes, seconds = text[len(DAY):-1].split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


def make_edits(source):
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        edits = [json.loads(line) for line in lines]
    edits.sort(key=lambda e: e["time"])  # stable: the source's order within a millisecond
    out = ["ms\twiki\tnamespace\tpage\tuser\tflags\tadded\tdeleted"]
    marks = [("isRobot", "r"), ("isAnonymous", "a"), ("isMinor", "m"), ("isNew", "n"), ("isUnpatrolled", "u")]
    for e in edits:
        assert e["delta"] == e["added"] - e["deleted"]
        fields = [str(ms_of_day(e["time"])), e["channel"].removeprefix("#"), e["namespace"], e["page"], e["user"],
                  "".join(mark for key, mark in marks if e[key]), str(e["added"]), str(e["deleted"])]
        assert not any(c in f for f in fields for c in '\t\n\r'), e
        out.append("\t".join(fields))
    write("edits.tsv.zst", out, "edits")


def main():
    makers = {"clicks": (make_clicks, CLICKS), "edits": (make_edits, EDITS)}
    for name in [sys.argv[1]] if len(sys.argv) > 1 else makers:
        maker, source = makers[name]
        maker(pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else source)


if __name__ == "__main__":
    main()
