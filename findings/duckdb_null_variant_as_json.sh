#!/usr/bin/env bash
# duckdb 1.5.5: a VARIANT that is NULL is not NULL any more once it is cast to JSON: it is the text null.
#
# One would guess: a cast of NULL is NULL, as SQL has it and as DuckDB does for each other type that it casts to JSON (STRUCT, LIST,
# INTEGER) and for VARIANT to VARCHAR. CAST(NULL::VARIANT AS JSON) gives the JSON null, and IS NULL says false of it: a
# count(v::JSON), a COALESCE(v::JSON, …) and a NOT NULL that is asked behind the cast take rows without a value for rows with one.
# What was a null inside of the variant (Parquet's Variant tells it from no value) is NULL in DuckDB before the cast, and the same
# text behind it, so the two cannot be told apart on either side.
#
# To get round it: CASE WHEN v IS NULL THEN NULL ELSE v::JSON END.
#
# Seen: v IS NULL, v::VARCHAR IS NULL, v::JSON IS NULL, v::JSON for a NULL of each type
#     VARIANT           true true false null
#     STRUCT(a INTEGER) true true true  NULL
#     INTEGER[]         true true true  NULL
#     INTEGER           true true true  NULL
#
# Source of the distinction: Parquet's VariantEncoding.md, where null is a primitive type of its own, beside a value that is missing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps duckdb==1.5.5 || { echo "the package could not be installed" >&2; exit 2; }
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import duckdb

wanted = {"VARIANT": (True, True, False, "null"), "STRUCT(a INTEGER)": (True, True, True, None),
          "INTEGER[]": (True, True, True, None), "INTEGER": (True, True, True, None)}
seen = {}
for name in wanted:
    seen[name] = duckdb.sql(f"""SELECT v IS NULL, v::VARCHAR IS NULL, v::JSON IS NULL, (v::JSON)::VARCHAR
                                FROM (SELECT NULL::{name} AS v)""").fetchone()
    print(f"{name:18} {seen[name]}")
counted = duckdb.sql("""SELECT count(v), count(v::JSON), count(CASE WHEN v IS NULL THEN NULL ELSE v::JSON END)
                        FROM (SELECT CASE WHEN i > 0 THEN {'a': i}::VARIANT END AS v FROM range(3) r(i))""").fetchone()
print("count(v), count(v::JSON), count(the way round):", counted)
if seen != wanted or counted != (2, 3, 2):
    sys.exit("it is otherwise now")
PYTHON
