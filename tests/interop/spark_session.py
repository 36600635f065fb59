"""One Spark session that answers SQL: run by spark.py with the Python of .venv-interop.

    spark_session.py [--as-shipped] JAR…
                               stdin: {"id": n, "session": "name", "sql": "…"} a line
                               stdout: {"id": n, "columns": [[name, type]…], "rows": […]} or {"id": n, "error": "…"}

Requests of different sessions run side by side, each in a Spark session of its own (its SET is its own); those of one
session run in their order. The first line it writes is {"ready": version}. It ends when stdin does.
"""

import base64
import concurrent.futures
import datetime
import decimal
import json
import os
import sys
import threading

# Spark and its JVM may write to stdout as they like; the answers go where stdout went before.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
os.environ["TZ"] = "UTC"

from pyspark.sql import Row, SparkSession  # noqa: E402

AS_SHIPPED = "--as-shipped" in sys.argv  # for a benchmark: nothing turned off that makes long work quick
SETTINGS = {
    "spark.jars": ",".join(each for each in sys.argv[1:] if each != "--as-shipped"),
    "spark.driver.memory": "4g" if AS_SHIPPED else "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.shuffle.partitions": "2" if AS_SHIPPED else "1",
    "spark.databricks.delta.snapshotPartitions": "2" if AS_SHIPPED else "1",
    "spark.sql.session.timeZone": "UTC",
}
FOR_SMALL_QUESTIONS = {
    # A short life: no time for the best machine code. Many small questions, each once: they cost more to compile than to
    # interpret.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
SIDE_BY_SIDE = 4

writing = threading.Lock()
sessions = {}


def say(message):
    with writing:
        answers.write(json.dumps(message) + "\n")
        answers.flush()


def plain(value):
    """A value as JSON has it: bytes in Base64, times in ISO 8601, a decimal as text."""
    if isinstance(value, Row):
        return {name: plain(part) for name, part in value.asDict().items()}
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def answer(request, before):
    if before:
        before.exception()  # waits for it; its own asker hears of what went wrong
    try:
        frame = sessions[request["session"]].sql(request["sql"])
        rows = [[plain(value) for value in row] for row in frame.collect()]
        say({"id": request["id"], "columns": frame.dtypes, "rows": rows})
    except Exception as error:  # the test says which question failed, and why
        say({"id": request["id"], "error": f"{type(error).__name__}: {error}"})


builder = SparkSession.builder.master("local[2]").appName("tarn-interop")
for name, value in (SETTINGS | ({} if AS_SHIPPED else FOR_SMALL_QUESTIONS)).items():
    builder = builder.config(name, value)
first = builder.getOrCreate()
first.sparkContext.setLogLevel("ERROR")
say({"ready": first.version})
last = {}
# A request waits in its thread for the one before it in its session, which a thread has already: none waits for ever.
with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
    for line in sys.stdin:
        asked = json.loads(line)
        of = asked["session"]
        if of not in sessions:
            sessions[of] = first.newSession()
        last[of] = pool.submit(answer, asked, last.get(of))
first.stop()
