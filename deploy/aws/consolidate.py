"""The Glue job of template.yaml: CALL consolidated_of_tables() in Redshift.

It asks the Redshift Data API to do the CALL, with the user that Secrets Manager
holds, and waits for its end. The procedure consolidates every table that has
staged rows; a table that fails leaves the others alone and stands in the log
table, so look at salesforce_incremental._catchment_log too.
"""

import sys
import time

import boto3


def argument(name, default=""):
    """The value that stands behind --name."""
    flag = "--" + name
    return sys.argv[sys.argv.index(flag) + 1] if flag in sys.argv[:-1] else default


def main():
    schema, workgroup, cluster = argument("schema", "salesforce_incremental"), argument("workgroup"), argument("cluster")
    if bool(workgroup) == bool(cluster):
        raise SystemExit("give one of --workgroup and --cluster")
    where = {"WorkgroupName": workgroup} if workgroup else {"ClusterIdentifier": cluster}
    if argument("secret"):
        where["SecretArn"] = argument("secret")
    api = boto3.client("redshift-data")
    quoted = '"' + schema.replace('"', '""') + '"'
    call = api.execute_statement(
        Database=argument("database", "dev"), Sql=f"CALL {quoted}.consolidated_of_tables()", StatementName="catchment consolidate", **where
    )
    pause = 1
    while True:
        state = api.describe_statement(Id=call["Id"])
        if state["Status"] == "FINISHED":
            print("consolidated", call["Id"])
            return
        if state["Status"] in ("FAILED", "ABORTED"):
            raise SystemExit(f"{state['Status']}: {state.get('Error', 'no reason was given')}")
        time.sleep(pause)
        pause = min(pause * 2, 30)


if __name__ == "__main__":
    main()
