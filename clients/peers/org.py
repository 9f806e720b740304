"""The fake org that all tools copy: started, changed, and asked what is true."""

import decimal
import http.client
import json
import subprocess
import time
import urllib.parse

VERSION = "v66.0"
DATA = f"/services/data/{VERSION}"
LATE = 20  # seconds that a transaction takes which ends after the first run; Salesforce allows ten minutes


class Org:
    """An org of its own process. What it's asked here counts for no tool: see calls."""

    def __init__(self, catchment, records, folder):
        command = [catchment, "org", "--records", str(records)]
        with open(folder / "org.log", "w") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        about = json.loads(self.process.stdout.readline())
        self.about = about
        self.url = about["url"]
        self.connection = http.client.HTTPConnection(urllib.parse.urlparse(self.url).netloc)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def ask(self, method, path, body=None, **headers):
        headers = {"Authorization": "Bearer " + self.about["access_token"], "Content-Type": "application/json",
                   **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]}")
        return json.loads(content, parse_float=decimal.Decimal) if content else None

    def query(self, soql):
        page = self.ask("GET", DATA + "/query?q=" + urllib.parse.quote(soql))
        while True:
            yield from page["records"]
            if page["done"]:
                return
            page = self.ask("GET", page["nextRecordsUrl"])

    def count(self, name):
        return self.ask("GET", f"{DATA}/query?q=SELECT+COUNT()+FROM+{name}")["totalSize"]

    def fields(self, name):
        """The fields of an object that have a value of their own; an address is no more than its parts."""
        described = self.ask("GET", f"{DATA}/sobjects/{name}/describe")["fields"]
        return {field["name"]: field["type"] for field in described if field["type"] not in ("address", "location")}

    def begin_counting(self):
        self.ask("DELETE", "/_org/requests")
        self.remaining = self.remaining_calls()

    def calls(self):
        """The API calls since begin_counting, as the org counts them for its day's limit, and all requests by kind."""
        kinds = self.ask("GET", "/_org/requests")
        kinds.pop("admin")
        kinds["limits"] -= 1  # that of begin_counting; the one below isn't told yet
        return self.remaining - self.remaining_calls() - 1, {kind: count for kind, count in kinds.items() if count}

    def remaining_calls(self):
        return self.ask("GET", DATA + "/limits")["DailyApiRequests"]["Remaining"]

    def write(self, method, name, records, **headers):
        """Creates or changes records, 200 at a time, and returns their Ids."""
        ids = []
        for at in range(0, len(records), 200):
            part = [{"attributes": {"type": name}, **record} for record in records[at:at + 200]]
            body = {"allOrNone": False, "records": part}
            ids += done(self.ask(method, DATA + "/composite/sobjects", body, **headers))
        return ids

    def delete(self, ids):
        for at in range(0, len(ids), 200):
            done(self.ask("DELETE", f"{DATA}/composite/sobjects?ids=" + ",".join(ids[at:at + 200])))

    def purge(self, ids):
        """Empties the recycle bin of these records."""
        self.ask("POST", "/_org/records", {"do": "purge", "ids": ids})


def done(answers):
    failed = [answer for answer in answers if not answer["success"]]
    if failed:
        raise RuntimeError(f"not written: {failed[0]}")
    return [answer["id"] for answer in answers]


class Changes:
    """What happens in the org between two runs: each kind with the Ids of its Accounts.

    A late record is one whose transaction began before the first run and ends after it: it bears a stamp of before.
    """

    def __init__(self, org):
        self.org = org
        accounts = org.count("Account")
        if accounts < 2000:
            raise SystemExit(f"the org has {accounts} Accounts, and 2,000 are the fewest: give it more records")
        # Of 100,000: 1,000 changed and 1,000 new, 500 deleted, 100 purged, 50 changed late and 50 new late.
        shares = {"changed": 100, "new": 100, "deleted": 200, "purged": 1000, "late": 2000}
        self.counts = {kind: accounts // share for kind, share in shares.items()}
        limit = sum(self.counts.values())
        self.free = [record["Id"] for record in org.query(f"SELECT Id FROM Account ORDER BY Id LIMIT {limit}")]
        self.ids = {}

    def take(self, kind):
        count = self.counts[kind]
        taken, self.free = self.free[:count], self.free[count:]
        self.ids[kind] = taken
        return taken

    def before_first_run(self):
        transaction = self.transaction = self.org.ask("POST", "/_org/transactions")["id"]
        ids = self.take("late")
        self.org.write("PATCH", "Account", [{"Id": i, "Phone": "late"} for i in ids], Org_Transaction=transaction)
        new = [{"Name": f"late {n}", "Phone": "late"} for n in range(self.counts["late"])]
        ids += self.org.write("POST", "Account", new, Org_Transaction=transaction)
        # What is stamped later and seen at once moves every tool's mark beyond the late records.
        time.sleep(LATE)
        self.org.write("POST", "Account", [{"Name": f"seen {n}"} for n in range(10)])
        time.sleep(2)

    def between_runs(self):
        self.org.ask("POST", f"/_org/transactions/{self.transaction}", {"do": "commit"})
        self.org.write("PATCH", "Account", [{"Id": i, "Phone": "changed"} for i in self.take("changed")])
        new = [{"Name": f"new {n}", "Phone": "new"} for n in range(self.counts["new"])]
        self.ids["new"] = self.org.write("POST", "Account", new)
        self.org.delete(self.take("deleted"))
        self.org.delete(self.take("purged"))
        self.org.purge(self.ids["purged"])
