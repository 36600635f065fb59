#!/usr/bin/env python3
"""Makes demo/data/clicks.tsv.zst from the clickstream of UCI data set 553 (demo/data/README.md describes both).

    python3 demo/make_data.py [CLICKS.csv.zst]        # default: ../shared/data/eshop_clickstream/clicks.csv.zst

The same input gives the same bytes. Needs the command zstd.
"""

import csv
import io
import math
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCE = ROOT.parent / "shared" / "data" / "eshop_clickstream" / "clicks.csv.zst"
TARGET = ROOT / "demo" / "data" / "clicks.tsv.zst"
SEED = 553

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


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
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
    data = ("\n".join(lines) + "\n").encode()
    packed = subprocess.run(["zstd", "-19", "-c"], input=data, check=True, capture_output=True).stdout
    TARGET.write_bytes(packed)
    print(f"{TARGET.relative_to(ROOT)}: {len(lines) - 1:,} clicks, {session + 1:,} sessions, {len(packed):,} bytes")


if __name__ == "__main__":
    main()
