"""What Glue does around a Python-shell job, with the rights of the job's role.

ministack runs a job as `python3 SCRIPT`, with its arguments in the environment and as the administrator; this is the python3
that it finds. The script is fetched as the role, gets its arguments on the command line, and what it prints goes to its log.
"""

import contextlib
import io
import os
import sys
import time
import traceback

import boto3

name = os.path.basename(sys.argv[1])
jobs = boto3.client("glue").get_jobs()["Jobs"]
job = next(j for j in jobs if j["Command"]["ScriptLocation"].endswith("/" + name))
session = boto3.client("sts").assume_role(RoleArn=job["Role"], RoleSessionName="GlueJobRunnerSession")["Credentials"]
os.environ.update(
    AWS_ACCESS_KEY_ID=session["AccessKeyId"], AWS_SECRET_ACCESS_KEY=session["SecretAccessKey"], AWS_SESSION_TOKEN=session["SessionToken"]
)
boto3.setup_default_session()  # the one before would go on as the administrator

bucket, key = job["Command"]["ScriptLocation"].removeprefix("s3://").split("/", 1)
script = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
sys.argv = [name]
for flag, value in job["DefaultArguments"].items():
    sys.argv += [flag, os.environ.get(flag.lstrip("-"), value)]
printed, failed = io.StringIO(), ""
try:
    with contextlib.redirect_stdout(printed):
        exec(compile(script, name, "exec"), {"__name__": "__main__"})
except SystemExit as ended:
    failed = str(ended.code or "")
except Exception:
    failed = traceback.format_exc()

logs, stream = boto3.client("logs"), f"{time.time_ns()}"
for group, text in (("/aws-glue/python-jobs/output", printed.getvalue()), ("/aws-glue/python-jobs/error", failed)):
    try:
        logs.create_log_group(logGroupName=group)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    if text:
        logs.put_log_events(
            logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": text}]
        )
sys.exit(failed)
