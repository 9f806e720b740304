"""Have PyIceberg merge changed records into a table of a lake, and tell how long that takes.

    upsert.py CATALOG NAMESPACE.TABLE PAGE

CATALOG is how PyIceberg opens the lake's catalog: its properties, as JSON. PAGE is CSV as Salesforce sends it. A line of
JSON comes out: the seconds of the upsert alone, without reading the page, how many rows it has updated, and the most
memory that this process took, in KiB.
"""

import json
import resource
import sys
import time

import pyarrow as pa
import pyarrow.csv
from pyiceberg.catalog import load_catalog


def rows(path, schema):
    """The records of a page as rows of a table. Our own columns say what a merge of ours says, as far as it goes."""
    over_lines = pyarrow.csv.ParseOptions(newlines_in_values=True)  # a street may be two
    texts = pyarrow.csv.read_csv(path, parse_options=over_lines, convert_options=pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(header(path), pa.string()), strings_can_be_null=True, quoted_strings_can_be_null=True,
        null_values=[""]))
    by_name = {name.lower(): texts.column(name) for name in texts.column_names}
    made = []
    for field in schema:
        if field.name in by_name:
            made.append(by_name[field.name].cast(field.type))
        elif field.name in ("_catchment_at", "_catchment_read_at", "_catchment_synced_at"):
            made.append(by_name["systemmodstamp"].cast(field.type))
        else:
            made.append(pa.nulls(len(texts), field.type))
    return pa.table(made, schema=schema)


def header(path):
    with open(path, encoding="utf-8") as page:
        return json.loads("[" + page.readline() + "]")


def main(catalog, name, page):
    table = load_catalog("lake", **json.loads(catalog)).load_table(name)
    changed = rows(page, table.schema().as_arrow())
    start = time.monotonic()
    done = table.upsert(changed, join_cols=["id"])
    print(json.dumps({
        "seconds": time.monotonic() - start,
        "updated": done.rows_updated,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
