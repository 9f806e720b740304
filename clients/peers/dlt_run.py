"""What a user of dlt writes to copy objects of Salesforce: python dlt_run.py JOB.json, in the folder of the pipeline.

The REST API source that comes with dlt, as its documentation has it: a cursor field, merge by a primary key, and the
column that marks a deleted record; parquet is what it suggests for DuckDB.
"""

import json
import sys

import dlt
from dlt.sources.rest_api import rest_api_source


def resource(name, fields):
    since = "SystemModstamp >= {incremental.start_value}"  # dlt puts the value in
    soql = f"SELECT {', '.join(fields)} FROM {name} WHERE {since} ORDER BY SystemModstamp"
    return {
        "name": name,
        "primary_key": "Id",
        "write_disposition": "merge",
        "columns": {"IsDeleted": {"hard_delete": True}} if "IsDeleted" in fields else {},
        "endpoint": {
            "path": "queryAll",
            "params": {"q": soql},
            "data_selector": "records",
            "paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"},
            "incremental": {"cursor_path": "SystemModstamp", "initial_value": "1999-01-01T00:00:00.000+0000"},
        },
        "processing_steps": [{"map": without_attributes}],
    }


def without_attributes(record):
    record.pop("attributes")
    return record


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    source = rest_api_source({
        "client": {
            "base_url": f"{job['url']}/services/data/{job['version']}/",
            "auth": {"type": "bearer", "token": job["access_token"]},
        },
        "resources": [resource(name, fields) for name, fields in job["objects"].items()],
    })
    pipeline = dlt.pipeline("salesforce", destination=dlt.destinations.duckdb("copy.duckdb"), dataset_name="salesforce",
                            pipelines_dir="pipelines")
    print(pipeline.run(source, loader_file_format="parquet"))


if __name__ == "__main__":
    main()
