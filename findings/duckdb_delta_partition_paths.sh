#!/usr/bin/env bash
# DuckDB 1.5.5 with its extension delta: an INSERT of a partition value that is not plain leaves a table that nobody can read.
#
# One would guess: a value such as 'a b' or 'one/two' of a partition column is written like any other, as Spark and
# deltalake do. The INSERT succeeds and commits. After it every read of the table fails, DuckDB's
# own, too: the file lies in the folder `p=one%2Ftwo`, and the log's `path`, which is a URL, has `p=one%2Ftwo` for it, which
# stands for the folder `p=one` and in it `two`. (It must be `p=one%252Ftwo`.)
#
# A partition column of type timestamp is hit as well (':' and ' '), and its value in the log has the offset "+00", which
# deltalake and DuckDB's own reader refuse (run). Rows of two partitions in one INSERT end in an INTERNAL error.
#
# To get round it: one plain partition an INSERT, or write with Spark or deltalake.
#
# Seen (deltalake 1.6.6 made the table; rows that DuckDB's delta_scan finds after the INSERT):
#     'plain'      1
#     'a b'        IO Error: Cannot open file …/p=a b/…: No such file or directory
#     'one/two'    IO Error: Cannot open file …/p=one/two/…: No such file or directory
#     two values   INTERNAL Error: DeltaInsert::Sink expects a single row …
#
# Sources: Delta's PROTOCOL.md, Add File and Remove File (`path` is a URI and decoded by readers), Partition
# Value Serialization.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps duckdb==1.5.5 duckdb-extension-delta==1.5.5 deltalake==1.6.6 pyarrow==26.0.1 \
    arro3-core==0.9.1 Deprecated==1.3.1 typing_extensions==4.16.0 wrapt==2.5.2 ||
    { echo "the packages could not be installed" >&2; exit 2; }
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import pathlib
import sys

import deltalake
import duckdb
import duckdb_extension_delta
import pyarrow

extension = next(pathlib.Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension"))
seen = []
for number, values in enumerate((["plain"], ["a b"], ["one/two"], ["x", "y"])):
    table = pathlib.Path(sys.argv[1]) / f"t{number}"
    deltalake.DeltaTable.create(str(table), pyarrow.schema([("id", pyarrow.int64()), ("p", pyarrow.string())]), partition_by=["p"])
    try:
        with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as con:
            con.execute(f"LOAD '{extension}'")
            con.execute(f"ATTACH '{table}' AS t (TYPE delta)")
            con.execute("INSERT INTO t VALUES " + ", ".join(f"(1, '{value}')" for value in values))
        with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as con:
            con.execute(f"LOAD '{extension}'")
            answer = str(con.execute(f"SELECT count(id) FROM delta_scan('{table}')").fetchone()[0])
    except duckdb.Error as error:
        answer = str(error).split("\n")[0].replace(str(table), "…")
    seen.append(answer)
    print(f"{', '.join(values):12} {answer[:100]}")
if seen[0] != "1" or not all("Cannot open file" in answer for answer in seen[1:3]) or "INTERNAL" not in seen[3]:
    sys.exit("the behaviour has changed")
PYTHON
