#!/usr/bin/env bash
# delta-spark 4.1.0 with pyspark 4.1.1: a NULL struct that is inserted into a Delta table is a struct of NULLs there, if the table's
# struct has a field of a wider type, or one that may be NULL where the source's may not.
#
# One would guess: an INSERT casts a struct as a whole, and a cast of NULL is NULL, as Spark's own cast has it: the same statements into
# a Parquet table of the same columns keep the NULL. Delta makes the struct anew of its fields where the types are not equal, and what is
# made of the fields of NULL is a struct with NULL in each: `s IS NULL` is false from then on, and `count(s)` counts the row. It happens
# in INSERT … SELECT, in MERGE … INSERT *, and in VALUES of several rows, since a literal's fields may not be NULL; not for VALUES of
# one row, whose NULL has no struct's type.
#
# To get round it: cast the column to the table's type in the SELECT (the last two tables).
#
# Seen: the ids of rows whose s IS NULL, of one (2) that was inserted so
#     parquet, INSERT SELECT, wider field   [2]
#     delta,   INSERT SELECT, equal types   [2]
#     delta,   INSERT SELECT, wider field   []
#     delta,   MERGE INSERT *, wider field  []
#     delta,   INSERT VALUES of two rows    []
#     parquet, INSERT VALUES of two rows    [2]
#     delta,   INSERT SELECT CAST           [2]
set -euo pipefail
has() { command -v "$1" >/dev/null; }
has java && has mvn || { echo "it needs Java 17 and Maven" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyspark==4.1.1 || { echo "the package could not be installed" >&2; exit 2; }
for artifact in delta-spark_2.13 delta-storage; do
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:2.8:copy -Dartifact="io.delta:$artifact:4.1.0" \
        -DoutputDirectory="$folder/jars" || { echo "the package could not be installed" >&2; exit 2; }
done
cd "$folder"
"$folder/venv/bin/python" - 2>spark.log <<'PYTHON'
import glob
import sys

from pyspark.sql import SparkSession

spark = (SparkSession.builder.master("local[1]").config("spark.jars", ",".join(glob.glob("jars/*.jar")))
         .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
         .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
         .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
         .config("spark.databricks.delta.snapshotPartitions", "1").getOrCreate())


def table(name, using, width):
    spark.sql(f"CREATE TABLE {name} (id INT, s STRUCT<x: {width}>) USING {using}")


def nulls(name):
    return [row.id for row in spark.sql(f"SELECT id FROM {name} WHERE s IS NULL ORDER BY id").collect()]


table("source", "parquet", "INT")
spark.sql("INSERT INTO source SELECT 1, named_struct('x', 1) UNION ALL SELECT 2, NULL")
cases = {
    "parquet, INSERT SELECT, wider field": ("parquet", "BIGINT", "INSERT INTO {} SELECT * FROM source", [2]),
    "delta,   INSERT SELECT, equal types": ("delta", "INT", "INSERT INTO {} SELECT * FROM source", [2]),
    "delta,   INSERT SELECT, wider field": ("delta", "BIGINT", "INSERT INTO {} SELECT * FROM source", []),
    "delta,   MERGE INSERT *, wider field": (
        "delta", "BIGINT", "MERGE INTO {} t USING source ON t.id = source.id WHEN NOT MATCHED THEN INSERT *", []),
    "delta,   INSERT VALUES of two rows": ("delta", "INT", "INSERT INTO {} VALUES (1, named_struct('x', 1)), (2, NULL)", []),
    "parquet, INSERT VALUES of two rows": ("parquet", "INT", "INSERT INTO {} VALUES (1, named_struct('x', 1)), (2, NULL)", [2]),
    "delta,   INSERT SELECT CAST": ("delta", "BIGINT", "INSERT INTO {} SELECT id, CAST(s AS STRUCT<x: BIGINT>) FROM source", [2])}
wrong = False
for number, (what, (using, width, statement, wanted)) in enumerate(cases.items()):
    table(f"t{number}", using, width)
    spark.sql(statement.format(f"t{number}"))
    seen = nulls(f"t{number}")
    print(f"{what:37} {seen}")
    wrong = wrong or seen != wanted
sys.exit("it is otherwise now" if wrong else 0)
PYTHON
