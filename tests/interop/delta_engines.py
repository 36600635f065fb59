"""What makes, changes and reads Delta tables in the matrix: Tarn and outside engines behind one interface.

A step is SQL in the engine's own dialect ({t} is the table), or a tuple that means the same to all:
("insert", rows), ("update", {column: value}, where), ("delete", where), ("merge", rows) and so on: the methods of SqlDialect and of the engines; ("lacks", what) says that there
are no words for it. An engine that offers no such thing raises NotOffered; whatever else it raises is its own refusal. Engines are asked by several threads, each
with its own tables.
"""

import base64
import collections
import datetime
import decimal
import json
import math
import pathlib
import re
import urllib.error
import urllib.request

import deltalake
import duckdb
import pyarrow


class NotOffered(Exception):
    """The engine has nothing that does this."""


class Refused(Exception):
    """Tarn's refusal, with the id of its error."""

    def __init__(self, error):
        self.id = error["id"]
        super().__init__(f"{error['id']}: {error['message']}")


class Table:
    """One table of a case: its feature, its name and its folder."""

    def __init__(self, folder, name, feature):
        self.feature, self.name, self.path = feature, name, folder / name
        self.session = name  # of Spark: what is SET holds for the case

    def move_to(self, name):
        """From now on the case is about another table."""
        self.name, self.path = name, self.path.parent / name

    def types(self, rows=()):
        """The columns that rows of so many values have: those of the feature, then those that its steps add."""
        columns = list(self.feature.columns) + [(step[1], step[2]) for step in self.feature.make if step[0] == "add_column"]
        return [(name, kind.replace(" not null", "")) for name, kind in columns][:len(rows[0]) if rows else None]


def plain(value):
    """A value as every engine says it: numbers without needless digits, times in UTC, bytes in Base64, a map as pairs of JSON."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value).replace("inf", "Infinity").replace("nan", "NaN")
    if isinstance(value, (int, float, decimal.Decimal)):
        number = decimal.Decimal(repr(value) if isinstance(value, float) else value)
        return format(number.normalize(), "f") if number else "0"
    if isinstance(value, datetime.datetime):
        return (value.astimezone(datetime.timezone.utc) if value.tzinfo else value).strftime("%Y-%m-%dT%H:%M:%S.%f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(part, tuple) and len(part) == 2 for part in value):  # a map, as Arrow gives it
            return {str(key): plain(part) for key, part in value}
        return [plain(part) for part in value]
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d*)?", str(value)):
        return plain(datetime.datetime.fromisoformat(value))
    return str(value)


def multiset(names, rows):
    """Rows in an order of their own, so that two lists of the same rows are equal."""
    return sorted(json.dumps({name: plain(value) for name, value in zip(names, row, strict=True)}, sort_keys=True)
                  for row in rows)


class SqlDialect:
    """Steps as SQL; what differs between dialects is a member."""

    types = {}
    values_of_row = "{}"

    def literal(self, kind, value):
        if value is None:
            return f"CAST(NULL AS {self.type(kind)})"
        if kind == "string":
            return self.text(value)
        if kind == "binary":
            return f"unhex('{value.hex()}')"
        if kind == "date":
            return f"DATE '{value}'"
        if kind in ("timestamp", "ntz"):
            return self.time(kind, value)
        if isinstance(value, list):
            return self.array([self.literal(kind.removesuffix("[]"), part) for part in value])
        if isinstance(value, dict):
            return self.struct({name: self.literal("int" if isinstance(part, int) else "string", part)
                                for name, part in value.items()})
        if isinstance(value, bool):
            return str(value).lower()
        return f"CAST('{value}' AS {self.type(kind)})"

    def type(self, kind):
        kind = kind.replace(" not null", "")
        if kind.endswith("[]"):
            return self.array_type(self.type(kind[:-2]))
        return self.types.get(kind, kind)

    def columns(self, table):
        return ", ".join(f"{name} {self.type(kind)}{' NOT NULL' * kind.endswith(' not null')}"
                         for name, kind in table.feature.columns)

    def select(self, table, rows):
        types = table.types(rows)
        return " UNION ALL ".join(
            "SELECT " + ", ".join(f"{self.literal(kind, value)} AS {name}"
                                  for (name, kind), value in zip(types, row, strict=True)) for row in rows)

    def insert(self, table, rows):
        self.run(table, f"INSERT INTO {{t}} {self.select(table, rows)}")

    def update(self, table, changes, where):
        kinds = dict(table.types())
        to = ", ".join(f"{name} = {self.literal(kinds[name], value)}" for name, value in changes.items())
        self.run(table, f"UPDATE {{t}} SET {to} WHERE {where}")

    def delete(self, table, where):
        self.run(table, f"DELETE FROM {{t}} WHERE {where}")

    def merge(self, table, rows):
        self.run(table, f"MERGE INTO {{t}} t USING ({self.select(table, rows)}) s ON t.id = s.id "
                        f"WHEN MATCHED THEN {self.update_all} WHEN NOT MATCHED THEN {self.insert_all}")

    def overwrite(self, table, rows):
        self.run(table, f"INSERT OVERWRITE {{t}} {self.select(table, rows)}")

    def replace_where(self, table, where, rows):
        self.run(table, f"INSERT INTO {{t}} REPLACE WHERE {self.around.format(where)} {self.select(table, rows)}")

    def add_column(self, table, name, kind):
        self.run(table, f"ALTER TABLE {{t}} ADD COLUMN {name} {self.type(kind)}")

    def rename_column(self, table, old, new):
        self.run(table, f"ALTER TABLE {{t}} RENAME COLUMN {old} TO {new}")

    def drop_column(self, table, name):
        self.run(table, f"ALTER TABLE {{t}} DROP COLUMN {name}")

    def widen(self, table, name, kind):
        self.run(table, f"ALTER TABLE {{t}} ALTER COLUMN {name} {self.set_type} {self.type(kind)}")

    def constraint(self, table, name, condition):
        self.run(table, f"ALTER TABLE {{t}} ADD CONSTRAINT {name} CHECK ({condition})")

    def step(self, table, step):
        if isinstance(step, str):
            self.run(table, step)
        elif hasattr(self, step[0]):
            getattr(self, step[0])(table, *step[1:])
        else:
            raise NotOffered(step[-1] if step[0] == "lacks" else step[0].replace("_", " "))


class Tarn(SqlDialect):
    """A `tarn up` over one data folder, asked by HTTP; tables of others are put into its folder."""

    name = "tarn"
    types = {"long": "BIGINT", "int": "INTEGER", "short": "SMALLINT", "byte": "TINYINT", "string": "TEXT", "binary": "BLOB",
             "timestamp": "TIMESTAMPTZ", "ntz": "TIMESTAMP", "struct": "STRUCT(x INTEGER, y TEXT)"}
    update_all, insert_all, set_type, around = "UPDATE", "INSERT", "SET DATA TYPE", "({})"

    def __init__(self, server, version):
        self.server, self.version = server, version
        self.folder = pathlib.Path(server.data) / "tables" / "m"
        self.folder.mkdir(parents=True, exist_ok=True)

    def post(self, path, body):
        request = urllib.request.Request(f"http://{self.server.http}/api/v1/{path}", data=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer, parse_float=decimal.Decimal)
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)["error"]) from None

    def text(self, value):
        return "'" + value.replace("'", "''") + "'"

    def time(self, kind, value):
        return f"TIMESTAMPTZ '{value}+00'" if kind == "timestamp" else f"TIMESTAMP '{value}'"

    def array(self, values):
        return f"[{', '.join(values)}]"

    def array_type(self, of):
        return f"{of}[]"

    def struct(self, values):
        return "{" + ", ".join(f"'{name}': {value}" for name, value in values.items()) + "}"

    def run(self, table, sql):
        return self.post("sql/statement", {"sql": sql.replace("{t}", f"m.{table.name}")})

    def create(self, table):
        feature = table.feature
        by = f" PARTITIONED BY ({', '.join(feature.partition_by)})" if feature.partition_by else ""
        properties = ", ".join(f"'{key}'='{value}'" for key, value in feature.properties.items())
        self.run(table, f"CREATE TABLE {{t}} ({self.columns(table)}){by}" + f" WITH ({properties})" * bool(properties))

    def properties(self, table, properties):
        self.run(table, "ALTER TABLE {t} SET (" + ", ".join(f"'{k}'='{v}'" for k, v in properties.items()) + ")")

    def care(self, table, verb, **body):
        return self.post(f"tables/m.{table.name}/{verb}", body)

    def optimize(self, table):
        self.care(table, "optimize")

    def zorder(self, table, columns):
        self.care(table, "optimize", order_by=columns)

    def vacuum(self, table):
        self.care(table, "vacuum", retain="0s", force=True)

    def restore(self, table, version):
        self.care(table, "restore", version=version)

    def clone(self, table):
        source, target = table.name, table.name + "_clone"
        self.post(f"tables/m.{source}/clone", {"target": f"m.{target}"})
        table.move_to(target)

    def look(self, sql):
        answer = self.post("sql", {"sql": sql})
        names = [column["name"] for column in answer["columns"]]
        texts = {column["name"] for column in answer["columns"] if column["type"] == "JSON"}  # others say it as text

        def value(row, name):
            return json.dumps(row[name], separators=(",", ":"), default=float) if name in texts and row[name] is not None \
                else row[name]
        return names, [[value(row, name) for name in names] for row in answer["rows"]]

    def rows(self, table, version=None):
        at = f", version := {version}" * (version is not None)
        return multiset(*self.look(f"SELECT * FROM delta_scan('{table.path}'{at})"))

    def count(self, table, where):
        return int(self.look(f"SELECT count(*) AS n FROM m.{table.name} WHERE {where}")[1][0][0])

    def validate(self, table):
        return self.care(table, "validate")["problems"]


class Spark(SqlDialect):
    name = "Spark"
    types = {"long": "BIGINT", "short": "SMALLINT", "byte": "TINYINT", "ntz": "TIMESTAMP_NTZ",
             "struct": "STRUCT<x: INT, y: STRING>"}
    update_all, insert_all, set_type, around = "UPDATE SET *", "INSERT *", "TYPE", "{}"

    def __init__(self, spark, delta):
        self.spark, self.version = spark, f"{spark.version} with Delta {delta}"

    def text(self, value):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def time(self, kind, value):
        return f"TIMESTAMP '{value}+00:00'" if kind == "timestamp" else f"TIMESTAMP_NTZ '{value}'"

    def array(self, values):
        return f"array({', '.join(values)})"

    def array_type(self, of):
        return f"ARRAY<{of}>"

    def struct(self, values):
        return "named_struct(" + ", ".join(f"'{name}', {value}" for name, value in values.items()) + ")"

    def ask(self, table, sql):
        sql = sql.replace("{t}", f"delta.`{table.path}`").replace("{path}", str(table.path))
        return self.spark.ask(sql, table.session)

    run = ask

    def create(self, table):
        feature = table.feature
        by = f" PARTITIONED BY ({', '.join(feature.partition_by)})" if feature.partition_by else ""
        properties = ", ".join(f"'{key}'='{value}'" for key, value in feature.properties.items())
        self.run(table, f"CREATE TABLE {{t}} ({self.columns(table)}) USING delta{by}"
                 + f" TBLPROPERTIES ({properties})" * bool(properties))

    def properties(self, table, properties):
        self.run(table, "ALTER TABLE {t} SET TBLPROPERTIES (" + ", ".join(f"'{k}'='{v}'" for k, v in properties.items()) + ")")

    def optimize(self, table):
        self.run(table, "OPTIMIZE {t}")

    def zorder(self, table, columns):
        self.run(table, f"OPTIMIZE {{t}} ZORDER BY ({', '.join(columns)})")

    def vacuum(self, table):
        self.run(table, "SET spark.databricks.delta.retentionDurationCheck.enabled=false")
        self.run(table, "VACUUM {t} RETAIN 0 HOURS")

    def restore(self, table, version):
        self.run(table, f"RESTORE TABLE {{t}} TO VERSION AS OF {version}")

    def clone(self, table):
        source = table.path
        table.move_to(table.name + "_clone")
        self.run(table, f"CREATE TABLE {{t}} SHALLOW CLONE delta.`{source}`")

    def rows(self, table, version=None):
        answer = self.ask(table, "SELECT * FROM {t}" + f" VERSION AS OF {version}" * (version is not None))
        return multiset([name for name, _ in answer["columns"]], answer["rows"])

    def count(self, table, where):
        return self.ask(table, f"SELECT count(*) FROM {{t}} WHERE {where}")["rows"][0][0]

    def changes(self, table):
        return dict(self.ask(table, "SELECT _change_type, count(*) FROM table_changes_by_path('{path}', 0) GROUP BY ALL")["rows"])


ARROW = {"long": pyarrow.int64(), "int": pyarrow.int32(), "short": pyarrow.int16(), "byte": pyarrow.int8(),
         "string": pyarrow.string(), "binary": pyarrow.binary(), "double": pyarrow.float64(), "float": pyarrow.float32(),
         "boolean": pyarrow.bool_(), "date": pyarrow.date32(), "timestamp": pyarrow.timestamp("us", "UTC"),
         "ntz": pyarrow.timestamp("us"), "decimal(12,3)": pyarrow.decimal128(12, 3),
         "struct": pyarrow.struct([("x", pyarrow.int32()), ("y", pyarrow.string())])}


class DeltaRs:
    """The Python package `deltalake`, by its own API. It reads twice: by its SQL and as an Arrow table."""

    name = "deltalake"
    version = deltalake.__version__

    def schema(self, columns):
        def arrow(kind):
            if kind not in ARROW and not kind.endswith("[]"):
                raise NotOffered(f"a column of type {kind}")
            return pyarrow.list_(arrow(kind[:-2])) if kind.endswith("[]") else ARROW[kind]

        return pyarrow.schema([pyarrow.field(name, arrow(kind.replace(" not null", "")), nullable=" not null" not in kind)
                               for name, kind in columns])

    def data(self, table, rows):
        def value(kind, cell):
            if kind == "timestamp" and cell:
                return datetime.datetime.fromisoformat(cell).replace(tzinfo=datetime.timezone.utc)
            if kind == "ntz" and cell:
                return datetime.datetime.fromisoformat(cell)
            if kind == "date" and cell:
                return datetime.date.fromisoformat(cell)
            if kind.startswith("decimal") and cell:
                return decimal.Decimal(cell)
            return float(cell) if kind in ("double", "float") and cell is not None else cell

        types = table.types(rows)
        schema = self.schema(types)
        return pyarrow.table([pyarrow.array([value(kind, row[at]) for row in rows], schema.field(at).type)
                              for at, (_, kind) in enumerate(types)], schema=schema)

    def open(self, table, version=None):
        return deltalake.DeltaTable(str(table.path), version=version)

    def create(self, table):
        feature = table.feature
        features = [key for key in feature.properties if key.startswith("delta.feature.")]
        properties = {key: value for key, value in feature.properties.items() if key not in features}
        made = deltalake.DeltaTable.create(str(table.path), self.schema(feature.columns), partition_by=feature.partition_by or None,
                                           configuration=properties or None)
        for key in features:
            name = key.removeprefix("delta.feature.")
            known = getattr(deltalake.TableFeatures, name[0].upper() + name[1:], None)
            if not known:
                raise NotOffered(f"TableFeatures has no {name}")
            made.alter.add_feature(known, allow_protocol_versions_increase=True)

    def insert(self, table, rows):
        deltalake.write_deltalake(str(table.path), self.data(table, rows), mode="append")

    def update(self, table, changes, where):
        self.open(table).update(new_values=changes, predicate=where)

    def delete(self, table, where):
        self.open(table).delete(where)

    def merge(self, table, rows):
        self.open(table).merge(self.data(table, rows), "t.id = s.id", source_alias="s", target_alias="t") \
            .when_matched_update_all().when_not_matched_insert_all().execute()

    def overwrite(self, table, rows):
        deltalake.write_deltalake(str(table.path), self.data(table, rows), mode="overwrite")

    def replace_where(self, table, where, rows):
        deltalake.write_deltalake(str(table.path), self.data(table, rows), mode="overwrite", predicate=where)

    def add_column(self, table, name, kind):
        field = self.schema([(name, kind)]).field(0)
        self.open(table).alter.add_columns(deltalake.Schema.from_arrow(pyarrow.schema([field])).fields)

    def properties(self, table, properties):
        self.open(table).alter.set_table_properties(properties)

    def constraint(self, table, name, condition):
        self.open(table).alter.add_constraint({name: condition})

    def checkpoint(self, table):
        self.open(table).create_checkpoint()

    def optimize(self, table):
        self.open(table).optimize.compact()

    def zorder(self, table, columns):
        self.open(table).optimize.z_order(columns)

    def vacuum(self, table):
        self.open(table).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)

    def restore(self, table, version):
        self.open(table).restore(version)

    def compact_logs(self, table, first, last):
        self.open(table).compact_logs(first, last)

    def clean_log(self, table):
        self.open(table).cleanup_metadata()

    def step(self, table, step):
        if isinstance(step, str) or not hasattr(self, step[0]):
            raise NotOffered("" if isinstance(step, str) else step[-1] if step[0] == "lacks" else step[0].replace("_", " "))
        getattr(self, step[0])(table, *step[1:])

    def ask(self, table, sql, version=None):
        answer = deltalake.QueryBuilder().register("t", self.open(table, version)).execute(sql)
        return pyarrow.table(answer.read_all() if hasattr(answer, "read_all") else answer)

    def rows(self, table, version=None):
        read = self.ask(table, "SELECT * FROM t", version)
        return multiset(read.column_names, [list(row.values()) for row in read.to_pylist()])

    def rows_as_arrow(self, table):
        read = self.open(table).to_pyarrow_table()
        return multiset(read.column_names, [list(row.values()) for row in read.to_pylist()])

    def count(self, table, where):
        return self.ask(table, f"SELECT id FROM t WHERE {where}").num_rows

    def changes(self, table):
        read = pyarrow.table(self.open(table).load_cdf(0).read_all())
        return dict(collections.Counter(read["_change_type"].to_pylist()))


class DuckDb(SqlDialect):
    """DuckDB's extension `delta`, loaded from its Python package; a table is attached for each step."""

    name = "DuckDB"
    types, update_all, insert_all = Tarn.types, Tarn.update_all, Tarn.insert_all
    text, time, array, array_type, struct = Tarn.text, Tarn.time, Tarn.array, Tarn.array_type, Tarn.struct

    def __init__(self, extension):
        self.extension = extension
        self.version = f"{duckdb.__version__}, extension delta {self.find_version()}"

    def find_version(self):
        return self.connect().execute("SELECT extension_version FROM duckdb_extensions() WHERE extension_name = 'delta'").fetchone()[0]

    def connect(self, table=None, version=None):
        con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
        con.execute(f"LOAD '{self.extension}'")
        con.execute("SET TimeZone = 'UTC'")
        if table:
            con.execute(f"ATTACH '{table.path}' AS t (TYPE delta" + f", VERSION {version}" * (version is not None) + ")")
        return con

    def create(self, table):
        with self.connect(table) as con:
            con.execute(f"CREATE TABLE t.main.made ({self.columns(table)})")

    def run(self, table, sql):
        with self.connect(table) as con:
            con.execute(sql.replace("{t}", "t"))

    def rows(self, table, version=None):
        with self.connect(table, version) as con:
            read = con.execute("SELECT * FROM t").to_arrow_table()
        return multiset(read.column_names, [list(row.values()) for row in read.to_pylist()])

    def count(self, table, where):
        with self.connect(table) as con:
            return con.execute(f"SELECT count(*) FROM t WHERE {where}").fetchone()[0]

    def step(self, table, step):
        if isinstance(step, str) or step[0] not in ("create", "insert", "update", "delete", "merge"):
            raise NotOffered("" if isinstance(step, str) else step[0].replace("_", " "))
        super().step(table, step)
