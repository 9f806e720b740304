"""What a user of PyAirbyte writes to copy objects of Salesforce: python airbyte_run.py JOB.json SOURCE.

As its documentation has it: the source, and a cache in DuckDB, which keeps the state and merges by the primary key.
"""

import json
import pathlib
import sys

import airbyte
from airbyte.caches import DuckDBCache


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    source = airbyte.get_source("source-salesforce", config={
        "client_id": job["client_id"], "client_secret": job["client_secret"], "refresh_token": job["refresh_token"],
        "start_date": job["start_date"], "preserve_na_values": True,
        "streams_criteria": [{"criteria": "exacts", "value": name} for name in job["objects"]],
    }, local_executable=pathlib.Path(sys.argv[2]))
    source.select_streams(list(job["objects"]))
    source.read(cache=DuckDBCache(db_path="copy.duckdb", schema_name="salesforce"))


if __name__ == "__main__":
    main()
