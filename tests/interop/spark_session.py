"""One Spark session that answers SQL: run by test_spark.py with the Python of .venv-interop.

    spark_session.py JAR…      stdin: {"sql": "…"} a line; stdout: {"columns": [[name, type]…], "rows": […]} or {"error": "…"}

The first line it writes is {"ready": version}. It ends when stdin does.
"""

import json
import os
import sys

# Spark and its JVM may write to stdout as they like; the answers go where stdout went before.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"

from pyspark.sql import SparkSession  # noqa: E402

SETTINGS = {
    "spark.jars": ",".join(sys.argv[1:]),
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # a short life: no time for the best machine code
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.session.timeZone": "UTC",
}


def say(message):
    answers.write(json.dumps(message, default=str) + "\n")
    answers.flush()


def answer(spark, request):
    try:
        frame = spark.sql(request["sql"])
        return {"columns": frame.dtypes, "rows": [list(row) for row in frame.collect()]}
    except Exception as error:  # the test says which question failed, and why
        return {"error": f"{type(error).__name__}: {error}"}


builder = SparkSession.builder.master("local[2]").appName("tarn-interop")
for name, value in SETTINGS.items():
    builder = builder.config(name, value)
session = builder.getOrCreate()
session.sparkContext.setLogLevel("ERROR")
say({"ready": session.version})
for line in sys.stdin:
    say(answer(session, json.loads(line)))
session.stop()
