"""Keeps one Spark for many merges, so that tests need not start one for each: host.py FOLDER JARS

Whoever wants one puts a file NAME.todo into FOLDER, with the paths of script, request and answer on a line each, and
waits for NAME.done, which has the exit code. The merges are done one after the other, each in a session of its own, by
the very script. The host ends when FOLDER goes, or has a file "end".
"""

import glob
import importlib.util
import json
import os
import sys
import time

from pyspark.sql import SparkSession


def begin(jars):
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for key, value in {
        "spark.jars": ",".join(sorted(glob.glob(os.path.join(jars, "*.jar")))),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.codegen.wholeStage": "false",  # a merge of a few rows takes less time to do than to compile
        "spark.sql.shuffle.partitions": "2",
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def script(path):
    spec = importlib.util.spec_from_file_location("merge", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def serve(spark, todo):
    with open(todo, encoding="utf-8") as file:
        merge, request, answer = file.read().splitlines()
    session = spark.newSession()
    try:
        with open(request, encoding="utf-8") as file:
            catalog = json.load(file)["catalog"]
        name = "spark.sql.catalog." + catalog["name"]
        session.conf.set(name, "org.apache.iceberg.spark.SparkCatalog")
        for key, value in catalog["properties"].items():
            session.conf.set(f"{name}.{key}", value)
        began = time.time()
        code = script(merge).serve(request, answer, session)
        print(f"merged in {time.time() - began:.1f} s, {code}", file=sys.stderr)
    except FileNotFoundError:  # who asked has gone
        code = 1
    done = todo.removesuffix(".todo") + ".done"
    with open(done + ".new", "w", encoding="utf-8") as file:
        file.write(str(code))
    os.replace(done + ".new", done)


def main():
    folder, jars = sys.argv[1:]
    spark = begin(jars)
    spark.sparkContext.setLogLevel("ERROR")
    with open(os.path.join(folder, "ready"), "w", encoding="utf-8"):
        pass
    while os.path.isdir(folder) and not os.path.exists(os.path.join(folder, "end")):
        for todo in sorted(glob.glob(os.path.join(folder, "*.todo"))):
            try:
                serve(spark, todo)
            finally:
                os.remove(todo)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
