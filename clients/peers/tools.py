"""The tools that are compared, each set up as its own documentation says for a copy that is kept up to date.

A tool is set up in an empty folder, and then run there twice. What it leaves is read as its user would: the rows that
it doesn't mark as deleted.
"""

import json
import os
import pathlib
import shlex
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


class Tool:
    """What all have in common. A subclass says how it's set up, its command, and where its rows are."""

    packages = ()  # what it's made of: the virtual environment of each, and its name at PyPI
    database = "copy.duckdb"
    alive = "TRUE"

    def __init__(self, venvs, catchment):
        self.venvs, self.catchment = venvs, catchment

    def set_up(self, folder, job, environment):
        """Writes what the tool wants to find in its folder, before the clock runs."""

    def command(self, second):
        """The command of a run, for a shell."""
        raise NotImplementedError

    def environment(self, job):
        return {}

    def table(self, name):
        return f"salesforce.{name.lower()}"

    def program(self, venv, name):
        return str(self.venvs / venv / "bin" / name)

    def title(self):
        """Its name and version."""
        parts = []
        for venv, package in self.packages:
            python = self.program(venv, "python")
            code = f"import importlib.metadata as m; print({package!r}, m.version({package!r}))"
            said = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout
            parts.append(said.strip())
        return ", ".join(parts)


class Catchment(Tool):
    alive = "_catchment_deleted_at IS NULL"

    def set_up(self, folder, job, environment):
        flows = ", ".join(f"{{object: {name}}}" for name in job["objects"])
        (folder / "catchment.yaml").write_text(f"""version: 1
org:
  url: {job["url"]}
  login: {{flow: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
warehouse: {{url: "duckdb:copy.duckdb"}}
stage: {{url: "dir:stage"}}
control: {{url: "sqlite:control.db"}}
flows: [{flows}]
""")

    def environment(self, job):
        return {"SF_CLIENT_ID": job["client_id"], "SF_CLIENT_SECRET": job["client_secret"]}

    def command(self, second):
        return f"{shlex.quote(self.catchment)} run"

    def title(self):
        return subprocess.run([self.catchment, "--version"], check=True, capture_output=True, text=True).stdout.strip()


class DLT(Tool):
    """The REST API source of dlt itself: cursor SystemModstamp, merge by Id, IsDeleted as its hard_delete column."""

    packages = [("dlt", "dlt")]

    def set_up(self, folder, job, environment):
        (folder / "job.json").write_text(json.dumps(job))

    def environment(self, job):
        return {"RUNTIME__DLTHUB_TELEMETRY": "false"}

    def command(self, second):
        return f"{self.program('dlt', 'python')} {HERE / 'dlt_run.py'} job.json"


class Singer(Tool):
    """tap-salesforce by REST, INCREMENTAL by SystemModstamp, with the look-back of its README's example.

    It's piped into target-duckdb. The tap's other way is Bulk API 1, which the fake org doesn't have.
    """

    packages = [("tap-salesforce", "tap-salesforce"), ("target-duckdb", "target-duckdb")]
    alive = "isdeleted IS NOT TRUE"

    def set_up(self, folder, job, environment):
        config = {"api_type": "REST", "select_fields_by_default": "true", "lookback_window": 10,
                  **{key: job[key] for key in ("client_id", "client_secret", "refresh_token", "start_date")}}
        (folder / "config.json").write_text(json.dumps(config))
        target = {"path": self.database, "default_target_schema": "salesforce"}
        (folder / "target.json").write_text(json.dumps(target))
        discover = [self.program("tap-salesforce", "tap-salesforce"), "--config", "config.json", "--discover"]
        discovered = subprocess.run(discover, cwd=folder, env=environment, check=True, capture_output=True)
        catalog = json.loads(discovered.stdout)
        for stream in catalog["streams"]:
            for about in stream["metadata"]:
                if not about["breadcrumb"]:  # that of the stream itself
                    about["metadata"] |= {"selected": stream["stream"] in job["objects"],
                                          "replication-method": "INCREMENTAL", "replication-key": "SystemModstamp"}
        (folder / "catalog.json").write_text(json.dumps(catalog))

    def command(self, second):
        state = "--state state.json" if second else ""
        tap = self.program("tap-salesforce", "tap-salesforce")
        tap = f"{tap} --config config.json --properties catalog.json {state}"
        target = f"{self.program('target-duckdb', 'target-duckdb')} --config target.json"
        return f"set -o pipefail; {tap} | {target} > states.jsonl && tail -n 1 states.jsonl > state.json"


class Airbyte(Tool):
    """Airbyte's own source, run by PyAirbyte into its cache in DuckDB, incremental by SystemModstamp, merged by Id."""

    packages = [("airbyte", "airbyte"), ("airbyte-source-salesforce", "airbyte-source-salesforce")]
    alive = "isdeleted IS NOT TRUE"

    def set_up(self, folder, job, environment):
        (folder / "job.json").write_text(json.dumps(job))

    def environment(self, job):
        return {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1"}

    def command(self, second):
        source = self.program("airbyte-source-salesforce", "source-salesforce")
        return f"{self.program('airbyte', 'python')} {HERE / 'airbyte_run.py'} job.json {source}"


ALL = {"catchment": Catchment, "dlt": DLT, "tap-salesforce": Singer, "airbyte": Airbyte}
