"""ministack, with a witness of who was allowed what.

ministack.go runs this in ministack's place. It adds to ministack what a test of rights needs and changes nothing of how
ministack decides:

- every decision about a role is a line of JSON in the file that $WITNESS names: role, action, resource, allowed
- /_witness/may lets the stand-ins beside ministack ask whether a caller may do something, decided by ministack
- what services do with a role and ministack does without asking (Step Functions that invokes a function or starts the
  children of a Distributed Map, Lambda that writes a function's log, Glue that runs a job) is asked too
- a call of the function that the file $HOLD names waits until that file is gone

and mends what differs from AWS: Ref of a secret is its ARN; the connection, which stays on this machine, counts as one over
TLS, as a bucket policy may demand; an execution that is stopped does no further task; S3 denies what isn't there to a role
that may not list the bucket (GetObject and HeadObject, in S3's reference); and the Iceberg catalog of S3 Tables keeps the
properties and the sort order that a table is made with, and says nothing of row ids, which format 2 doesn't know.
"""

import base64
import contextvars
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qs

from ministack import app as server
from ministack.core import iam_evaluator as iam
from ministack.core import responses
from ministack.services import glue, lambda_svc, s3tables, stepfunctions, sts
from ministack.services.cloudformation import provisioners

log = open(os.environ["WITNESS"], "a", buffering=1)
lock = threading.Lock()


def note(principal, action, resource, allowed):
    """Write down what a role was told; the administrator may do everything."""
    if ":assumed-role/" not in principal:
        return
    with lock:
        log.write(json.dumps({"principal": principal, "action": action, "resource": resource, "allowed": allowed}) + "\n")


decide = iam.enforce


def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    said = decide(access_key_id, iam_action, service, region, resource_arn=resource_arn, service_context=service_context)
    if said is None or isinstance(said, iam.EvalResult):
        caller = iam.resolve_caller_identity(access_key_id) or {}
        note(caller.get("userArn", ""), iam_action, resource_arn, said is None)
    return said


iam.enforce = enforce


def allows(principal, action, resource):
    """Whether the policies of a role's session allow something."""
    account, name = principal.split(":")[4], principal.split("/")[1]
    ctx = iam.EvalContext(principal, "AssumedRole", account, action, resource, responses.get_region(), secure_transport=True)
    return iam.evaluate(ctx, iam._gather_role_policies(name, account)).decision == "Allow"


def may(role_arn, session, action, resource):
    """Ask for what a service does with a role: "" or what is denied."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    principal = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    allowed = allows(principal, action, resource)
    note(principal, action, resource, allowed)
    if allowed:
        return ""
    why = f"because no identity-based policy allows the {action} action"
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"


# Step Functions works with the role of the machine.

working_for = contextvars.ContextVar("working_for", default=None)  # the role of the machine, and the execution's name
run_task, call, run_map = stepfunctions._execute_task, stepfunctions._call_lambda, stepfunctions._run_distributed_map


def role_of(execution):
    machine = execution["stateMachineArn"].split("/")[0]  # children of a Distributed Map have a label behind it
    return stepfunctions._state_machines[machine]["roleArn"], machine


class Stopped(BaseException):
    """Nothing catches it: the execution's thread ends."""


def execute_task(state_def, raw_input, execution, ctx):
    of_map = stepfunctions._map_runs.get(execution.get("mapRunArn"), {})
    if stepfunctions._executions.get(of_map.get("executionArn"), execution)["status"] == "ABORTED":
        raise Stopped
    working_for.set((role_of(execution)[0], execution["name"]))
    return run_task(state_def, raw_input, execution, ctx)


def call_lambda(func_ref, event):
    _, config, _ = lambda_svc._get_func_record_for_ref(func_ref)
    if config:
        no = may(*working_for.get(), "lambda:InvokeFunction", config["FunctionArn"])
        if no:
            raise stepfunctions._ExecutionError("Lambda.AWSLambdaException", no)
        while held(config["FunctionName"]):
            time.sleep(0.01)
    return call(func_ref, event)


def held(function):
    try:
        with open(os.environ["HOLD"]) as hold:
            return hold.read() == function
    except FileNotFoundError:
        return False


def run_distributed_map(state_def, raw_input, effective, iterator, execution, ctx):
    role, machine = role_of(execution)
    no = may(role, execution["name"], "states:StartExecution", machine)
    if no:
        raise stepfunctions._ExecutionError("States.Runtime", no)
    return run_map(state_def, raw_input, effective, iterator, execution, ctx)


stepfunctions._execute_task = execute_task
stepfunctions._call_lambda = call_lambda
stepfunctions._run_distributed_map = run_distributed_map


# Lambda writes a function's log with the role of the function.

emit = lambda_svc._emit_lambda_logs


def emit_logs(func, request_id, log_text, error, duration_ms, *, log_source=None):
    config = func.get("config") or func
    region, account = config["FunctionArn"].split(":")[3:5]
    stream = f"arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{config['FunctionName']}:log-stream:{request_id}"
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    if not any([may(config["Role"], config["FunctionName"], action, stream) for action in actions]):
        emit(func, request_id, log_text, error, duration_ms, log_source=log_source)


lambda_svc._emit_lambda_logs = emit_logs


# Glue fetches the script of a Python-shell job, runs it and writes its log with the role of the job, and gives it its
# arguments on the command line.


def session_of(role, name):
    """What a program works with that has a role."""
    account = role.split(":")[4]
    secret, token = (hashlib.sha256(f"{kind} {role}".encode()).hexdigest() for kind in ("secret", "token"))
    key = "ASIA" + secret[:16].upper()
    arn = f"arn:aws:sts::{account}:assumed-role/{role.rsplit('/', 1)[-1]}/{name}"
    sts.register_session(key, {"Arn": arn, "UserId": name, "SecretAccessKey": secret, "SessionToken": token})
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def run_job(run, job, args, resolved):
    name, account = "GlueJobRunnerSession", job["Role"].split(":")[4]
    group = f"arn:aws:logs:{responses.get_region()}:{account}:log-group:/aws-glue/python-jobs/output"
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::" + job["Command"]["ScriptLocation"].removeprefix("s3://")),
        ("logs:CreateLogGroup", group),
        ("logs:CreateLogStream", group + ":log-stream:" + run["Id"]),
        ("logs:PutLogEvents", group + ":log-stream:" + run["Id"]),
    ):
        no = may(job["Role"], name, action, resource)
        if no:
            run.update(JobRunState="FAILED", ErrorMessage=no)
            return
    command = [sys.executable, resolved] + [str(part) for flag in args.items() for part in flag]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, **session_of(job["Role"], name)))
    run.update(JobRunState="FAILED" if done.returncode else "SUCCEEDED")
    if done.returncode:
        run["ErrorMessage"] = done.stderr[-2000:]


glue._execute_subprocess = run_job


# What is otherwise on AWS.

secrets = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
make, change, remove = secrets["create"], secrets["update"], secrets["delete"]


def named(arn):
    return arn.split(":secret:", 1)[-1].rsplit("-", 1)[0]


def make_secret(logical_id, props, stack_name):
    _, attributes = make(logical_id, props, stack_name)
    return attributes["Arn"], attributes


def change_secret(physical_id, *args, **more):
    changed = change(named(physical_id), *args, **more)
    if isinstance(changed, tuple) and len(changed) == 2:
        return changed[1].get("Arn", physical_id), changed[1]
    return changed


secrets["create"], secrets["update"] = make_secret, change_secret
secrets["delete"] = lambda physical_id, props: remove(named(physical_id), props)

origin = iam.pin_request_origin
server.pin_request_origin = iam.pin_request_origin = lambda source_ip, secure: origin(source_ip, True)


# What the other stand-ins ask.

def answer(question):
    """Check the signature of a request, then ask for each action; without a request, the caller was checked before."""
    request, key = question.get("request"), question["key"]
    responses.set_request_account_id(server._request_account_scope(key))
    responses.set_request_region(os.environ["MINISTACK_REGION"])
    origin("127.0.0.1", True)
    if request:
        headers = [(name.lower().encode(), value.encode()) for name, value in request["headers"]]
        iam.pin_signed_request(request["method"], request["path"], parse_qs(request["query"], keep_blank_values=True), headers)
        iam.pin_signed_body(base64.b64decode(request["body"]))
        said = iam.check_credentials(key)
        if said is not None:
            return {"code": said.code, "message": said.message}
    denied = []
    for ask in question["asks"]:
        action = ask["action"]
        said = enforce(key, action, action.split(":")[0], os.environ["MINISTACK_REGION"], resource_arn=ask["resource"])
        if isinstance(said, iam.AuthError):
            return {"code": said.code, "message": said.message}
        if said is not None:
            denied.append(ask)
    caller = iam.resolve_caller_identity(key) or {}
    return {"principal": caller.get("userArn", ""), "denied": denied}


plain = server.app


def hiding(scope, send):
    """Send a denial in place of S3's word that an object isn't there, to whom it may not be told."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    key = headers.get(b"authorization", "").partition("Credential=")[2].partition("/")
    bucket, _, name = scope["path"].strip("/").partition("/")
    if scope["method"] not in ("GET", "HEAD") or "/s3/" not in key[2] or not name:
        return send
    hidden = False

    async def tell(message):
        nonlocal hidden
        if message["type"] == "http.response.start" and message["status"] == 404:
            caller = (iam.resolve_caller_identity(key[0]) or {}).get("userArn", "")
            hidden = ":assumed-role/" in caller and not allows(caller, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
            if not hidden:
                note(caller, "s3:ListBucket", f"arn:aws:s3:::{bucket}", True)
            if hidden:
                text = "" if scope["method"] == "HEAD" else (
                    f"<Error><Code>AccessDenied</Code><Message>User: {caller} is not authorized to perform: s3:ListBucket on "
                    f'resource: "arn:aws:s3:::{bucket}" because no identity-based policy allows the s3:ListBucket action'
                    "</Message></Error>"
                )
                await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"application/xml")]})
                return await send({"type": "http.response.body", "body": text.encode()})
        if not hidden:
            await send(message)

    return tell


async def app(scope, receive, send):
    if scope["type"] != "http":
        return await plain(scope, receive, send)
    if scope["path"] != "/_witness/may":
        return await plain(scope, receive, hiding(scope, send))
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    # In a context of its own: who asks is remembered there.
    said = contextvars.copy_context().run(answer, json.loads(body))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})


server.app = app

# A table of Iceberg is what it is made as (CreateTableRequest, in the REST protocol of Iceberg).

making = contextvars.ContextVar("making", default={})  # the request
create_table, initial_metadata = s3tables._iceberg_create_table, s3tables._initial_iceberg_metadata


def create(namespace, data, *rest):
    token = making.set(data)
    try:
        return create_table(namespace, data, *rest)
    finally:
        making.reset(token)


def initial(*of):
    metadata, wanted = initial_metadata(*of), making.get()
    metadata.pop("next-row-id")
    metadata["properties"] = {k: v for k, v in wanted.get("properties", {}).items() if k != "format-version"}
    order = wanted.get("write-order")
    if order and order.get("fields"):
        metadata["sort-orders"].append(order)
        metadata["default-sort-order-id"] = order["order-id"]
    fields = wanted.get("partition-spec", {}).get("fields", []) if wanted.get("partition-spec") else []
    metadata["last-partition-id"] = max([999] + [f.get("field-id", 999) for f in fields])
    return metadata


s3tables._iceberg_create_table, s3tables._initial_iceberg_metadata = create, initial

if __name__ == "__main__":
    server.main()
