"""Columns of a topic → Parquet by the writer of topics' tables, beside others on the same columns; part `columns` of bench/delta/run.

A million events of ten fields (five numbers, five texts of few values), as plain text (VARCHAR) and as codes of a dictionary (ENUM), in
memory; one file with zstd of level 1 and statistics of columns. Bytes are those of the events as JSON, a line each. One thread,
CPU of writing alone, best of five. The others: pyarrow, from a table whose text columns are strings or dictionaries, and
DuckDB's COPY as it is in the Python package, from a table in memory.
"""

import json
import subprocess
import sys

OTHERS = """
import sys, time, duckdb, pyarrow, pyarrow.parquet as parquet
kind, path, out = sys.argv[1:]
pyarrow.set_cpu_count(1)
table = parquet.read_table(path, use_threads=False)
texts = [field.name for field in table.schema if pyarrow.types.is_string(field.type)]
if kind == "ENUM":
    for name in texts:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table.column(name).dictionary_encode().unify_dictionaries())
table = table.combine_chunks()
def best(what):
    taken = []
    for _ in range(5):
        begun = time.process_time()
        what()
        taken.append(time.process_time() - begun)
    return min(taken)
print("pyarrow", best(lambda: parquet.write_table(table, out, compression="zstd", compression_level=1, write_statistics=True)))
connection = duckdb.connect(config={"threads": 1})
connection.execute(f"CREATE TABLE t AS SELECT * FROM '{path}'")
if kind == "ENUM":
    for name in texts:
        connection.execute(f"CREATE TYPE e_{name} AS ENUM (SELECT DISTINCT {name} FROM t)")
        connection.execute(f"ALTER TABLE t ALTER {name} TYPE e_{name}")
copy = f"COPY t TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
print("DuckDB", best(lambda: connection.execute(copy)))
"""


def measure(folder, build):
    """(what, engine, figures, note) of each."""
    given = folder / "columns"
    given.mkdir()
    out = subprocess.run([build("tarn_write_columns"), str(given)], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        mine = json.loads(line)
        kind, megabytes = mine["columns"], mine["json_bytes"] / 1e6
        note = f"{mine['rows']:,} events of {mine['json_bytes'] / mine['rows']:.0f} bytes of JSON"
        yield f"columns to Parquet, {kind}", "Tarn", {"cpu_s": mine["cpu_s"], "mb_per_cpu_s": megabytes / mine["cpu_s"]}, note
        others = subprocess.run([sys.executable, "-c", OTHERS, kind, str(given / f"{kind}.parquet"), str(given / "other.parquet")],
                                check=True, capture_output=True, text=True).stdout
        for other in others.splitlines():
            name, taken = other.split()
            yield f"columns to Parquet, {kind}", name, {"cpu_s": float(taken), "mb_per_cpu_s": megabytes / float(taken)}, note
