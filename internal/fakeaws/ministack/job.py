"""What Glue does around a Python-shell job, with the rights of the job's role.

ministack runs a job as `python3 SCRIPT`, with its arguments in the environment and as the administrator; this is the python3
that it finds. The script is fetched as the role, gets its arguments on the command line, and what it prints goes to its log.
"""

import os
import subprocess
import sys
import time

import boto3

path = sys.argv[1]
jobs = boto3.client("glue").get_jobs()["Jobs"]
job = next(j for j in jobs if path.endswith(j["Command"]["ScriptLocation"].removeprefix("s3:/")))
session = boto3.client("sts").assume_role(RoleArn=job["Role"], RoleSessionName="GlueJobRunnerSession")["Credentials"]
os.environ.update(
    AWS_ACCESS_KEY_ID=session["AccessKeyId"], AWS_SECRET_ACCESS_KEY=session["SecretAccessKey"], AWS_SESSION_TOKEN=session["SessionToken"]
)

bucket, key = job["Command"]["ScriptLocation"].removeprefix("s3://").split("/", 1)
script = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
arguments = [part for name, value in job["DefaultArguments"].items() for part in (name, os.environ.get(name.lstrip("-"), value))]
done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
sys.stdout.write(done.stdout)
sys.stderr.write(done.stderr)

logs, stream = boto3.client("logs"), f"{time.time_ns()}"
for group, text in (("/aws-glue/python-jobs/output", done.stdout), ("/aws-glue/python-jobs/error", done.stderr)):
    try:
        logs.create_log_group(logGroupName=group)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    if text:
        logs.put_log_events(
            logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": text}]
        )
sys.exit(done.returncode)
