#!/usr/bin/env bash
# deltalake 1.6.6 (Python) with pyarrow 26.0.1: a column without bounds in a file whose statistics bound another column.
#
# One would guess: a file without minValues and maxValues of a column is read when a filter is over that column.
# It is: where minValues and maxValues are left out altogether. Where they are there for some column, the file is
# skipped for a comparison with a column that they lack, and its rows are silently not found by
# to_pyarrow_dataset(), to_pyarrow_table(filters=…) and to_pandas(filters=…). A boolean column is found by itself
# (`ok`), not by `ok == true`. deltalake's own SQL (QueryBuilder) finds all of them.
#
# Such files are common: Delta for Spark writes no bounds for a boolean column (read in its code:
# SkippingEligibleDataType), and a writer may leave out those of a double column with NaN. deltalake writes such a file
# too, with ColumnProperties(statistics_enabled="NONE") for one column (run). Binary columns are not affected (run).
#
# Why: the fragment's guarantee is made from all columns with statistics, and a missing bound becomes a comparison
# with null, `ok >= null and ok <= null`, which pyarrow takes for never true (delta-rs, python/src/lib.rs,
# filestats_to_expression_next). To get round it: filter after reading, or ask QueryBuilder.
#
# Seen (rows found in a file of three):
#     filter      plain read  without bounds  bounds of id  its SQL, bounds of id
#     id == 2              1               1             1                      1
#     ok                   2               2             2                      2
#     ok == true           2               2             0                      2
#     x == 7.0             1               1             0                      1
#
# Sources: Delta's PROTOCOL.md, Per-file Statistics (optional; nothing says that all columns have them); deltalake's
# documentation of to_pyarrow_table ("files that cannot contain matching rows are never read");
# https://github.com/delta-io/delta-rs/issues/3173, the same for columns beyond those that have statistics, closed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps deltalake==1.6.6 pyarrow==26.0.1 arro3-core==0.9.1 Deprecated==1.3.1 \
    typing_extensions==4.16.0 wrapt==2.5.2 || { echo "the packages could not be installed" >&2; exit 2; }
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import pathlib
import sys

import pyarrow
import pyarrow.parquet
from deltalake import DeltaTable, QueryBuilder
from pyarrow.compute import field

ROWS = pyarrow.table({"id": [1, 2, 3], "ok": [True, False, True], "x": [1.0, float("nan"), 7.0]})
TYPES = {"id": "long", "ok": "boolean", "x": "double"}
NULLS = {"id": 0, "ok": 0, "x": 0}
FILTERS = {"id == 2": field("id") == 2, "ok": field("ok"), "ok == true": field("ok") == True,
           "x == 7.0": field("x") == 7.0}


def table(name, **bounds):
    """A Delta table of one file, as another writer may leave it."""
    folder = pathlib.Path(sys.argv[1]) / name
    (folder / "_delta_log").mkdir(parents=True)
    file = folder / "rows.parquet"
    pyarrow.parquet.write_table(ROWS, file)
    fields = [{"name": column, "type": kind, "nullable": True, "metadata": {}} for column, kind in TYPES.items()]
    actions = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "c0ffee00-0000-4000-8000-000000000000", "format": {"provider": "parquet", "options": {}},
                      "schemaString": json.dumps({"type": "struct", "fields": fields}), "partitionColumns": [],
                      "configuration": {}, "createdTime": 0}},
        {"add": {"path": file.name, "partitionValues": {}, "size": file.stat().st_size, "modificationTime": 0,
                 "dataChange": True, "stats": json.dumps({"numRecords": 3, "nullCount": NULLS, **bounds})}}]
    (folder / "_delta_log" / f"{0:020}.json").write_text("".join(json.dumps(action) + "\n" for action in actions))
    return DeltaTable(folder)


without = table("without")
some = table("some", minValues={"id": 1}, maxValues={"id": 3})
plain = pyarrow.parquet.read_table(pathlib.Path(sys.argv[1]) / "some" / "rows.parquet")
sql = QueryBuilder().register("rows", some)
seen = {}
print("filter      plain read  without bounds  bounds of id  its SQL, bounds of id")
for text, where in FILTERS.items():
    counted = pyarrow.table(sql.execute(f"select count(*) as n from rows where {text.replace('==', '=')}"))
    seen[text] = (plain.filter(where).num_rows, without.to_pyarrow_dataset().to_table(filter=where).num_rows,
                  some.to_pyarrow_dataset().to_table(filter=where).num_rows, counted["n"][0].as_py())
    print("{:10} {:11} {:15} {:13} {:22}".format(text, *seen[text]))
if seen != {"id == 2": (1, 1, 1, 1), "ok": (2, 2, 2, 2), "ok == true": (2, 2, 0, 2), "x == 7.0": (1, 1, 0, 1)}:
    sys.exit("the behaviour has changed")
PYTHON
