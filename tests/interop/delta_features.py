"""The features of the matrix (docs/delta-compatibility.md), one declaration each; delta_matrix.py runs them.

A table is created with `columns`, `partition_by` and `properties`, then come the steps of `make`: by the outside engine or by
Tarn. Then the other one goes on with the steps of `on`. What a step may be: delta_engines.py. `own` gives an engine steps of
its own in place of create and make, where its dialect has its own words for the thing.
"""

import dataclasses


@dataclasses.dataclass
class Feature:
    name: str
    columns: tuple = (("id", "long"), ("name", "string"), ("amount", "int"))
    partition_by: tuple = ()
    properties: dict = dataclasses.field(default_factory=dict)
    make: tuple = ()
    on: tuple = ()
    own: dict = dataclasses.field(default_factory=dict)  # engine: all steps that make the table
    proof: str = ""  # what must stand in the log (a regular expression), or `file:` and a glob under the table
    counts: tuple = ()  # conditions that both sides count: statistics and partition values may leave files out
    at: int | None = None  # a version that both sides read, too
    changes: dict = dataclasses.field(default_factory=dict)  # kinds of changes after `on`, by the engine's change feed
    same_rows: bool = True  # the engine's table and Tarn's have the same rows
    forbidden: tuple = ()  # steps that every writer must refuse, and that change nothing
    must: tuple = ()  # (condition, rows) that hold after `on`, whoever wrote
    instead: str = "without it"  # what stands in the cell where `proof` is not found
    alone: bool = False  # a data folder of its own: VACUUM looks at the other tables of the folder

    @property
    def deep(self):
        """With Spark only in make test-deep and make delta-matrix: others show much the same."""
        return self.name in DEEP

    @property
    def slug(self):
        return "".join(c if c.isalnum() else "_" for c in self.name.lower())


ROWS = ("insert", [(1, "one", 10), (2, "two", 20), (3, None, 30), (4, "four", None), (5, "five", 50), (6, "six", 60)])
MORE = ("insert", [(11, "eleven", 110), (12, None, None)])
DELETE = ("delete", "id = 3")
UPDATE = ("update", {"amount": 21}, "id = 2")
MERGE = ("merge", [(1, "uno", 11), (20, "twenty", 200)])
ON = (MORE, UPDATE, DELETE, MERGE)
EVERY_TYPE = (("id", "long"), ("b", "boolean"), ("i1", "byte"), ("i2", "short"), ("i4", "int"), ("f8", "double"),
              ("f4", "float"), ("t", "string"), ("d", "date"), ("ts", "timestamp"), ("n", "decimal(12,3)"), ("raw", "binary"),
              ("l", "int[]"), ("s", "struct"))
SPECIAL = ["a b", "a/b", "a=b%20c", "ä 'q' \"r\"", "back\\slash", "x:y?*#", None]
LONG = "long " * 20


def spark_table(columns, properties="", more=""):
    return f"CREATE TABLE {{t}} ({columns}) USING delta {more}" + (f" TBLPROPERTIES ({properties})" if properties else "")


def table(name, make=(ROWS,), on=ON, **more):
    return Feature(name, make=tuple(make), on=tuple(on), **more)


FEATURES = [
    table("appends"),
    Feature("types", columns=EVERY_TYPE, on=(DELETE,), make=(("insert", [
        (1, True, 127, -32768, 2147483647, 0.1, 0.5, "text", "2024-02-29", "2024-02-29 12:34:56.789012", "123456789.125", b"\x00\xff",
         [1, None, 3], {"x": 1, "y": "a"}),
        (2, False, -128, 32767, -5, -1e300, -2.25, "", "1969-12-31", "1901-01-01 00:00:00.000001", "-0.001", b"", [], {"x": 2, "y": None}),
        (3,) + (None,) * 13]),)),
    table("partitions", partition_by=("name",), counts=("name = 'two'", "name IS NULL", "id > 3")),
    Feature("partitions of date, timestamp and number", (("id", "long"), ("d", "date"), ("ts", "timestamp"), ("n", "int")),
            ("d", "ts", "n"), make=(("insert", [
                (1, "2024-02-29", "2024-02-29 12:34:56.789012", -1), (2, "1969-12-31", "1970-01-01 00:00:00", 0),
                (3, None, None, None), (4, "2024-02-29", None, 7)]),),
            on=(("insert", [(11, "2025-01-01", "2025-01-01 00:00:00.5", 8)]), DELETE, ("update", {"n": 9}, "id = 4")),
            counts=("d = DATE '2024-02-29'", "n >= 0", "ts IS NULL")),
    Feature("NULL and special partition values", (("id", "long"), ("p", "string")), ("p",),
            make=(("insert", [(n, p) for n, p in enumerate(SPECIAL)]),),
            on=(("insert", [(30, "one/two")]), ("insert", [(10 + n, p) for n, p in enumerate(SPECIAL)]), DELETE,
                ("update", {"id": 40}, "id = 4"),
                ("merge", [(1, "a/b"), (20, "100%")])),
            counts=("p = 'a b'", "p = 'a=b%20c'", "p IS NULL")),
    Feature("statistics", (("id", "long"), ("x", "double"), ("t", "string")),
            make=(("insert", [(1, 1.0, "a"), (2, float("nan"), "b")]), ("insert", [(3, -0.0, LONG + "x"), (4, None, None)])),
            on=(("insert", [(5, 7.0, LONG + "z")]), ("update", {"x": 8.0}, "id = 3")), proof="numRecords",
            counts=("id > 2", "x <= 1", "x = 0", f"t > '{LONG}'", "t IS NULL", "x > 5")),
    table("deletion vectors", instead="with files rewritten", properties={"delta.enableDeletionVectors": "true"}, make=(ROWS, ("delete", "id = 5")),
          proof='"deletionVector":{', own={"Spark": (
              spark_table("id BIGINT, name STRING, amount INT", "'delta.enableDeletionVectors'='true'"),
              "INSERT INTO {t} SELECT /*+ COALESCE(1) */ * FROM VALUES (1, 'one', 10), (2, 'two', 20), (3, NULL, 30), "
              "(4, 'four', NULL), (5, 'five', 50), (6, 'six', 60)", ("delete", "id = 5"))}),
    table("column mapping by name", properties={"delta.columnMapping.mode": "name"}, proof="delta.columnMapping.physicalName"),
    table("column mapping by id", properties={"delta.columnMapping.mode": "id"}, proof="delta.columnMapping.id"),
    table("column mapping of partitions", properties={"delta.columnMapping.mode": "name"}, partition_by=("name",),
          counts=("name = 'two'", "amount > 20")),
    table("rename column", properties={"delta.columnMapping.mode": "name"}, on=(("delete", "id = 3"),
          ("update", {"id": 40}, "id = 4")), make=(ROWS, ("rename_column", "amount", "pieces")), proof='"pieces',
          counts=("pieces >= 30",)),
    table("drop column", properties={"delta.columnMapping.mode": "name"}, make=(ROWS, ("drop_column", "amount")),
          on=(("insert", [(11, "eleven")]), DELETE, ("merge", [(1, "uno"), (20, "twenty")]))),
    table("add column", make=(ROWS, ("add_column", "more", "string")),
          on=(("insert", [(11, "eleven", 1, "x")]), UPDATE, DELETE, ("merge", [(1, "uno", 1, "y"), (20, "twenty", 2, None)]))),
    table("type widening", properties={"delta.enableTypeWidening": "true"}, make=(ROWS, ("widen", "amount", "long")),
          proof="delta.typeChanges", counts=("amount > 20",)),
    Feature("timestampNtz", (("id", "long"), ("moment", "ntz")),
            make=(("insert", [(1, "2024-02-29 12:34:56.789012"), (2, "1901-01-01 00:00:00.000001"), (3, None)]),),
            on=(("insert", [(4, "2025-03-30 02:30:00")]), DELETE, ("merge", [(1, "2025-01-01 00:00:00"), (20, None)])),
            proof='"timestampNtz"'),
    table("in-commit timestamps", properties={"delta.enableInCommitTimestamps": "true"}, proof='"inCommitTimestamp":', at=1),
    table("row tracking", properties={"delta.enableRowTracking": "true"}, proof='"baseRowId":'),
    table("change data feed", properties={"delta.enableChangeDataFeed": "true"}, proof="file:_change_data/*", make=(ROWS, UPDATE),
          on=(MORE, ("update", {"amount": 22}, "id = 2"), DELETE, MERGE),
          changes={"insert": 9, "update_preimage": 3, "update_postimage": 3, "delete": 1}),
    table("append only", properties={"delta.appendOnly": "true"}, on=(MORE,), forbidden=(DELETE, UPDATE)),
    table("NOT NULL", columns=(("id", "long not null"), ("name", "string"), ("amount", "int")),
          forbidden=(("insert", [(None, "nobody", 1)]),), proof=r'\\"nullable\\":false'),
    table("CHECK", make=(("insert", [(1, "one", 10), (2, "two", 20), (3, None, 30)]), ("constraint", "positive", "amount > 0")), forbidden=(("insert", [(7, "seven", -7)]),),
          on=(("insert", [(11, "eleven", 1)]), UPDATE, DELETE), proof="delta.constraints.positive"),
    table("defaults", own={
        "Spark": (spark_table("id BIGINT, name STRING DEFAULT 'nobody', amount INT DEFAULT 5",
                              "'delta.feature.allowColumnDefaults'='supported'"), ROWS, "INSERT INTO {t} (id) VALUES (7)"),
        "tarn": ("CREATE TABLE {t} (id BIGINT, name TEXT DEFAULT 'nobody', amount INTEGER DEFAULT 5)", ROWS,
                 "INSERT INTO {t} (id) VALUES (7)"),
        "deltalake": (("lacks", "a column's default"),)}, on=("INSERT INTO {t} (id) VALUES (8)", UPDATE, DELETE),
          must=(("id = 8 AND name = 'nobody' AND amount = 5", 1),)),
    table("generated columns", own={
        "Spark": ("CREATE TABLE made_generated (id BIGINT, name STRING, twice BIGINT GENERATED ALWAYS AS (id * 2)) USING delta "
                  "LOCATION '{path}'",
                  "INSERT INTO {t} (id, name) VALUES (1, 'one'), (2, 'two'), (3, NULL)"),
        "tarn": ("CREATE TABLE {t} (id BIGINT, name TEXT, twice BIGINT GENERATED ALWAYS AS (id * 2))",
                 "INSERT INTO {t} (id, name) VALUES (1, 'one'), (2, 'two'), (3, NULL)"),
        "deltalake": (("lacks", "generated columns"),)},
          on=("INSERT INTO {t} (id, name) VALUES (8, 'eight')", DELETE), proof="delta.generationExpression", must=(("id = 8 AND twice = 16", 1),)),
    table("identity columns", own={
        "Spark": ("CREATE TABLE made_identity (id BIGINT GENERATED BY DEFAULT AS IDENTITY, name STRING) USING delta "
                  "LOCATION '{path}'",
                  "INSERT INTO {t} (name) VALUES ('one'), ('two'), (NULL)"),
        "tarn": ("CREATE TABLE {t} (id BIGINT GENERATED BY DEFAULT AS IDENTITY, name TEXT)",
                 "INSERT INTO {t} (name) VALUES ('one'), ('two'), (NULL)"),
        "deltalake": (("lacks", "identity columns"),)},
          on=("INSERT INTO {t} (name) VALUES ('eight')", DELETE), proof="delta.identity.start", same_rows=False),
    table("classic checkpoints", properties={"delta.checkpointInterval": "2"}, proof="file:_delta_log/*.checkpoint.parquet",
          make=(ROWS, MORE), own={"deltalake": (("create",), ROWS, MORE, ("checkpoint",))}),
    table("multi-part checkpoints", properties={"delta.checkpointInterval": "2"},
          proof="file:_delta_log/*.checkpoint.*.*.parquet", make=(ROWS, MORE), instead="in one part",
          own={"Spark": ("SET spark.databricks.delta.checkpoint.partSize=2", ("create",), ROWS, MORE)}),
    table("v2 checkpoints", properties={"delta.checkpointInterval": "2", "delta.checkpointPolicy": "v2"},
          proof="file:_delta_log/*.checkpoint.*-*.*", make=(ROWS, MORE), instead="as classic checkpoints"),
    table("variant", own={
        "Spark": (spark_table("id BIGINT, v VARIANT", "'delta.enableDeletionVectors'='true'"),
                  "INSERT INTO {t} SELECT /*+ COALESCE(1) */ id, parse_json(v) FROM VALUES (1, '{\"a\": 1, \"b\": [true, 1.25]}'), "
                  "(2, '\"text\"'), (3, '[]'), (4, NULL) AS q(id, v)"),
        "tarn": ("CREATE TABLE {t} (id BIGINT, v VARIANT)",),
        "deltalake": (("lacks", "columns of type variant"),)}, on=(DELETE,)),
    table("liquid clustering", own={
        "Spark": (spark_table("id BIGINT, name STRING, amount INT", more="CLUSTER BY (id)"), ROWS, ("optimize",)),
        "tarn": ("CREATE TABLE {t} (id BIGINT, name TEXT, amount INTEGER) CLUSTER BY (id)", ROWS, ("optimize",)),
        "deltalake": (("lacks", "clustering"),)}, on=(*ON, ("optimize",)), proof='"clusteringProvider":"liquid"'),
    table("fields of structs", own={
        "Spark": (spark_table("id BIGINT, s STRUCT<x: INT, y: STRING>, l ARRAY<STRUCT<n: INT>>", "'delta.columnMapping.mode'='name'"),
                  "INSERT INTO {t} VALUES (1, named_struct('x', 1, 'y', 'a'), array(named_struct('n', 5))), "
                  "(3, named_struct('x', NULL, 'y', 'c'), array())", "INSERT INTO {t} (id) VALUES (2)",
                  "ALTER TABLE {t} ADD COLUMNS (s.z BIGINT FIRST, l.element.m STRING)", "ALTER TABLE {t} RENAME COLUMN s.x TO w",
                  "ALTER TABLE {t} DROP COLUMN s.y"),
        "tarn": ("CREATE TABLE {t} (id BIGINT, s STRUCT(x INTEGER, y TEXT), l STRUCT(n INTEGER)[])",
                 "INSERT INTO {t} VALUES (1, {'x': 1, 'y': 'a'}, [{'n': 5}]), (2, NULL, NULL), (3, {'x': NULL, 'y': 'c'}, [])",
                 "ALTER TABLE {t} ADD COLUMN s.z BIGINT FIRST", "ALTER TABLE {t} ADD COLUMN l.element.m TEXT",
                 "ALTER TABLE {t} RENAME COLUMN s.x TO w", "ALTER TABLE {t} DROP COLUMN s.y"),
        "deltalake": (("lacks", "changes of fields"),)}, on=("INSERT INTO {t} (id) VALUES (4)", DELETE, ("update", {"id": 9}, "id = 1"))),
    table("domain metadata", properties={"delta.feature.domainMetadata": "supported"}, proof='"domainMetadata"'),
    table("vacuum protocol check", properties={"delta.feature.vacuumProtocolCheck": "supported"}, proof='"vacuumProtocolCheck"',
          make=(ROWS, DELETE), on=(MORE, UPDATE, ("vacuum",)), alone=True),
    table("Iceberg compatibility (V2)", properties={"delta.enableIcebergCompatV2": "true", "delta.columnMapping.mode": "name"},
          proof='"icebergCompatV2"'),
    table("tables that a catalogue manages", properties={"delta.feature.catalogManaged": "supported"}, proof='"catalogManaged"'),
    table("overwrite", make=(ROWS, ("overwrite", [(1, "uno", 1), (2, "due", 2)])), on=(("overwrite", [(7, "seven", 7)]), MORE)),
    table("replaceWhere", make=(ROWS, ("replace_where", "amount > 25", [(7, "seven", 70)])),
          on=(("replace_where", "amount > 55", [(8, "eight", 80)]), MORE)),
    table("MERGE", make=(ROWS, MERGE), on=(MORE, ("merge", [(1, None, None), (30, "thirty", 1)]))),
    table("OPTIMIZE", make=(ROWS, MORE, ("optimize",)), on=(("insert", [(13, "x", 1)]), ("optimize",), DELETE), proof='"OPTIMIZE"'),
    table("Z-order", make=(ROWS, MORE, ("zorder", ["amount", "name"])), on=(("insert", [(13, "x", 1)]), ("zorder", ["id"]), DELETE),
          proof='"OPTIMIZE"'),
    table("RESTORE", make=(ROWS, DELETE, MORE, ("restore", 1)), on=(("delete", "id = 1"), ("restore", 2), UPDATE), proof='"RESTORE"'),
    table("VACUUM", make=(ROWS, UPDATE, ("vacuum",)), on=(MORE, DELETE, ("vacuum",), ("update", {"amount": 51}, "id = 5")),
          alone=True),
    table("shallow clone", make=(ROWS, ("clone",)), proof='"CLONE"|"path":"file:'),
    table("time travel", make=(ROWS, DELETE, MORE), at=1),
    table("log compaction", properties={}, own={
        "Spark": ("SET spark.databricks.delta.deltaLog.minorCompaction.useForReads=true", ("create",), ROWS, MORE,
                  ("lacks", "a statement that compacts the log")),
        "deltalake": (("create",), ROWS, MORE, ("compact_logs", 0, 2)),
        "tarn": (("lacks", "a statement that compacts the log"),)}, proof="file:_delta_log/*.compacted.json"),
]

DEEP = {"partitions of date, timestamp and number", "column mapping by id", "column mapping of partitions", "drop column", "add column",
        "timestampNtz", "in-commit timestamps", "append only", "NOT NULL", "multi-part checkpoints", "domain metadata", "variant",
        "vacuum protocol check", "Iceberg compatibility (V2)", "overwrite", "Z-order", "time travel", "VACUUM", "RESTORE", "fields of structs"}

# Where an outside engine is known to be wrong, or to leave a table that it should not: why. Any other difference is a fault.
KNOWN = {
    ("statistics", "Spark"): "Spark does not find -0.0 where `x = 0` in a Parquet file whose column has a dictionary, as those of DuckDB and "
    "so of Tarn do: Parquet's Java reader looks for 0.0 in the dictionary bit by bit (it is found with "
    "`parquet.filter.dictionary.enabled=false`).",
    ("statistics", "deltalake"): "deltalake leaves NaN out of a column's greatest value, and takes a file whose greatest value is "
    "small enough for one whose rows all are: it finds the NaN row where `x <= 1`. `tarn table validate` names such a file.",
    ("column mapping of partitions", "DuckDB"): "DuckDB's extension gives NULL for a partition column whose table maps its columns.",
    ("partitions of date, timestamp and number", "DuckDB"): "as with special partition values; a timestamp is not as the protocol "
    "writes it, either.",
    ("NULL and special partition values", "DuckDB"): "DuckDB's extension names a folder `p=one%2Ftwo` and writes the same into the "
    "log, where it stands for `p=one/two`: no reader finds the file, DuckDB's own neither, and the table is unreadable until the "
    "commit is gone.",
}
