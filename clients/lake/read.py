"""Read tables of a lake by engines that others wrote, and tell what each sees of each table.

    read.py CATALOG NAMESPACE OURS

CATALOG is how PyIceberg opens the lake's catalog: its properties, as JSON. OURS has a file TABLE.jsonl for each table: what `catchment query --json` says of it. A line of
JSON comes out for each table: rows, different keys, and a digest of all values, by each engine and by Catchment.
"""

import datetime
import decimal
import glob
import hashlib
import importlib
import json
import os
import sys

import duckdb
from pyiceberg.catalog import load_catalog

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def plain(value, kind):
    """A value, as all engines mean it: moments in microseconds, numbers without trailing zeros."""
    if value is None:
        return None
    if kind == "timestamptz":
        if isinstance(value, str):
            value = datetime.datetime.fromisoformat(value)
        return round((value - EPOCH) / datetime.timedelta(microseconds=1))
    if kind.startswith("decimal") or kind in ("int", "long", "double", "float"):
        return format(decimal.Decimal(str(value)).normalize(), "f")
    if kind == "boolean":
        return value if isinstance(value, bool) else value == "true"
    return str(value)


def digest(rows, kinds):
    """Rows, different keys, and one number for all values, in whatever order they come."""
    lines = sorted(json.dumps([plain(v, k) for v, k in zip(row, kinds)]) for row in rows)
    whole = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {"rows": len(lines), "keys": len({json.loads(line)[0] for line in lines}), "digest": whole}


def by_duckdb(s3):
    """DuckDB with the extensions that came with it: it can download none here. s3 is how PyIceberg reaches an S3."""
    db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("avro", "httpfs", "iceberg"):
        folder = os.path.dirname(importlib.import_module("duckdb_extension_" + name).__file__)
        (extension,) = glob.glob(folder + "/**/*.duckdb_extension", recursive=True)
        db.execute(f"LOAD '{extension}'")
    db.execute("SET TimeZone = 'UTC'")
    if "s3.endpoint" in s3:
        db.execute(f"""CREATE SECRET (TYPE s3, KEY_ID '{s3["s3.access-key-id"]}', SECRET '{s3["s3.secret-access-key"]}',
            REGION '{s3["s3.region"]}', ENDPOINT '{s3["s3.endpoint"].removeprefix("http://")}', URL_STYLE 'path',
            USE_SSL false)""")
    return db


def main(catalog, namespace, ours):
    properties = json.loads(catalog)
    catalog = load_catalog("lake", **properties)
    db = by_duckdb(properties)
    for path in sorted(glob.glob(ours + "/*.jsonl")):
        name = os.path.basename(path).removesuffix(".jsonl")
        table = catalog.load_table((namespace, name))
        fields = sorted(table.schema().fields, key=lambda f: (f.name != "id", f.name))
        names, kinds = [f.name for f in fields], [str(f.field_type) for f in fields]
        arrow = table.scan().to_arrow()
        columns = ", ".join('"' + name + '"' for name in names)
        with open(path, encoding="utf-8") as lines:
            said = [json.loads(line, parse_float=decimal.Decimal) for line in lines if line.startswith('{"row":')]
        print(json.dumps({
            "table": name,
            "ours": digest(([line["row"][n] for n in names] for line in said), kinds),
            "pyiceberg": digest(zip(*(arrow.column(n).to_pylist() for n in names)), kinds),
            "duckdb": digest(
                db.execute(f"SELECT {columns} FROM iceberg_scan('{table.metadata_location}')").fetchall(), kinds),
        }))


if __name__ == "__main__":
    main(*sys.argv[1:])
