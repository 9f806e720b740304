"""Copies one fake org with Catchment and with tools that others wrote, and prints tables: README.md has the rest."""

import argparse
import collections
import datetime
import json
import os
import pathlib
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import compare
import tools
from login import Login
from org import VERSION, Changes, Org


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="peers-"))
    org = Org(options.catchment, options.records, folder)
    login = Login(org.url, folder)
    try:
        bench = Bench(options, folder, org, login)
        bench.run()
        print(report(bench))
        if login.refused:
            say(f"the stand-in for the login host refused: {', '.join(sorted(login.refused))}")
    finally:
        login.stop()
        org.stop()
        if options.keep:
            say(f"all that they left is in {folder}")
        else:
            shutil.rmtree(folder)
    if bench.failed:
        raise SystemExit(1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catchment", required=True, help="the binary")
    parser.add_argument("--venvs", required=True, type=pathlib.Path, help="where the virtual environments are")
    parser.add_argument("--records", type=int, default=500_000, help="of the org; a fifth of them are Accounts")
    parser.add_argument("--objects", default="Account", help="which to copy, such as Account,Contact,Opportunity")
    parser.add_argument("--tools", default=",".join(tools.ALL), help="which to run; Catchment is always among them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wait", type=int, default=65, help="seconds between the changes and the second run")
    parser.add_argument("--under", default="", help="a command that runs each measured run, such as taskset -c 0")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all that the tools wrote")
    options = parser.parse_args()
    options.catchment = os.path.abspath(options.catchment)
    options.venvs = options.venvs.absolute()
    return options


def say(what):
    print(what, file=sys.stderr, flush=True)


class Bench:
    """One org, and each tool in a folder of its own: all first runs, then the changes, then all second runs."""

    def __init__(self, options, folder, org, login):
        self.options, self.folder, self.org = options, folder, org
        chosen = dict.fromkeys(["catchment", *options.tools.split(",")])
        self.tools = {name: tools.ALL[name](options.venvs, options.catchment) for name in chosen}
        self.fields = {name: org.fields(name) for name in options.objects.split(",")}
        self.records = {name: org.count(name) for name in self.fields}
        self.environment = {**os.environ, **login.environment(), "PYTHONDONTWRITEBYTECODE": "1"}
        self.changes = Changes(org)
        self.measured = {}  # what each run took, by tool and "first" or "second"
        self.wrong = {}     # the Ids of what was wrong after it, likewise
        self.failed = []    # the tools of which a run failed

    def run(self):
        job = self.job()
        for number in range(self.options.rounds):
            if number == self.options.rounds - 1:
                self.changes.before_first_run()  # the copies of this round are those that are judged, and go on
            for name in self.working():
                self.set_up(name, job)
                self.measure(name, "first", job)
        self.judge("first")
        self.changes.between_runs()
        time.sleep(self.options.wait)
        for name in self.working():
            shutil.copytree(self.place(name), self.place(name, "after first"), symlinks=True)
        for _ in range(self.options.rounds):
            for name in self.working():
                shutil.rmtree(self.place(name))
                shutil.copytree(self.place(name, "after first"), self.place(name), symlinks=True)
                self.measure(name, "second", job)
        self.judge("second")

    def job(self):
        """What a tool has to know of the org."""
        oldest = min(next(self.org.query(f"SELECT MIN(SystemModstamp) m FROM {name}"))["m"] for name in self.fields)
        secrets = ("access_token", "client_id", "client_secret", "refresh_token")
        return {"url": self.org.url, "version": VERSION, "start_date": oldest[:10] + "T00:00:00Z",
                "objects": {name: list(fields) for name, fields in self.fields.items()},
                **{name: self.org.about[name] for name in secrets}}

    def working(self):
        return [name for name in self.tools if name not in self.failed]

    def place(self, name, which="now"):
        return self.folder / name / which

    def set_up(self, name, job):
        place = self.place(name)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.tools[name].set_up(place, job, self.environment)

    def measure(self, name, which, job):
        tool, result = self.tools[name], self.folder / "result.json"
        command = [*shlex.split(self.options.under), sys.executable, str(tools.HERE / "watch.py"), str(result),
                   "bash", "-c", tool.command(which == "second")]
        result.unlink(missing_ok=True)
        self.org.begin_counting()
        with open(self.place(name) / "out.log", "ab") as log:
            subprocess.run(command, cwd=self.place(name), env={**self.environment, **tool.environment(job)},
                           stdout=log, stderr=subprocess.STDOUT)
        calls, kinds = self.org.calls()
        took = json.loads(result.read_text()) if result.exists() else {"exit": "nothing measured"}
        if took["exit"]:
            said = (self.place(name) / "out.log").read_text(errors="replace")
            say(f"{name}: its {which} run failed: {took['exit']}\n{said[-2000:]}")
            self.failed.append(name)
            return
        self.measured.setdefault((name, which), []).append({**took, "calls": calls})
        say(f"{name}, {which} run: {took['seconds']:.1f} s, {took['mib']:.0f} MiB, {calls} calls {kinds}")

    def judge(self, which):
        """Compares what each tool left with the org."""
        true = {name: compare.truth(self.org, name) for name in self.fields}
        for name in self.working():
            tool, wrong = self.tools[name], collections.defaultdict(set)
            for table, fields in self.fields.items():
                database = self.place(name) / tool.database
                found = compare.copied(database, tool.table(table), tool.alive, fields)
                where = collections.Counter()
                for what, ids in compare.differences(fields, true[table], found).items():
                    wrong[what] |= ids
                    if what in ("other", "inexact"):
                        for i in ids:
                            where.update(compare.differing(fields, true[table][i], found[i][0]))
                say(f"{name}, after the {which} run: values of {table} that differ: {dict(where)}")
            self.wrong[name, which] = wrong


def report(bench):
    """Two tables: what each run took and left wrong, and which of the changes each tool got right."""
    counts = ", ".join(f"{name} {count:,}" for name, count in bench.records.items())
    lines = [f"{counts}; median of {bench.options.rounds} rounds, {datetime.date.today()}", "",
             "| tool | run | time | CPU | memory | API calls | missing | other value | inexact | extra | twice |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]
    for name in bench.working():
        title = bench.tools[name].title()
        for which in ("first", "second"):
            runs = bench.measured[name, which]
            took = {of: statistics.median(run[of] for run in runs) for of in ("seconds", "cpu", "mib", "calls")}
            wrong = " | ".join(f"{len(ids):,}" for ids in bench.wrong[name, which].values())
            lines.append(f"| {title} | {which} | {took['seconds']:.1f} s | {took['cpu']:.1f} s "
                         f"| {took['mib']:,.0f} MiB | {took['calls']:,.0f} | {wrong} |")
    kinds = bench.changes.ids
    heads = " | ".join(f"{kind}, {len(ids):,}" for kind, ids in kinds.items())
    lines += ["", "Of the Accounts that changed, right after the second run (an inexact number counts as right):", "",
              f"| tool | {heads} |", "|---|" + "---|" * len(kinds)]
    for name in bench.working():
        wrong = set().union(*(ids for what, ids in bench.wrong[name, "second"].items() if what != "inexact"))
        right = [f"{len(set(ids) - wrong):,}" for ids in kinds.values()]
        lines.append(f"| {bench.tools[name].title()} | {' | '.join(right)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
