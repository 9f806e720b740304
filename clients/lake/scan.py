"""Have DuckDB read a table of a lake as a whole, and tell how long that takes.

    scan.py METADATA

METADATA is the table's newest metadata file. A line of JSON comes out: rows, different keys, and the seconds of the
fastest read: what else goes on makes the others slower.
"""

import json
import sys
import time

from read import by_duckdb

READS = 7


def main(metadata):
    db = by_duckdb({})
    took = []
    for _ in range(READS + 1):  # the first one warms up
        began = time.monotonic()
        rows, keys, _ = db.execute(
            f"SELECT count(*), count(DISTINCT id), sum(length(name)) FROM iceberg_scan('{metadata}')").fetchone()
        took.append(time.monotonic() - began)
    print(json.dumps({"rows": rows, "keys": keys, "seconds": min(took[1:])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
