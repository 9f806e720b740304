"""Merges what an attempt has staged in a lake, by Spark, into a branch of the final table.

    spark-submit merge.py REQUEST ANSWER

Catchment writes REQUEST and reads ANSWER, both JSON. Nothing that readers see changes here: Catchment moves the table's
main branch to what is on the branch, with the flow's mark, once it has looked at it. So a job that dies, runs twice or
comes late leaves nothing but files that no reader is told of.

What becomes of a record is decided as Catchment decides it by itself, by its stamps: whole versions, then patches, then
what is gone, each by the newest version of its part. A moment is a number of microseconds, NONE where nobody knows it.
"""

import json
import os
import sys
import traceback

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

VERSION = 1  # of what is asked and answered
NONE = -(1 << 63)
COUNTS = ("staged", "inserted", "updated", "patched", "deleted", "applied", "sudden", "grown", "written", "living")


class Refused(Exception):
    """Says what can't be merged here; its words hold no value of a record."""


def session(request):
    """The Spark that merges, with the catalog of the request."""
    builder = SparkSession.builder.appName("catchment merge").config(
        "spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    )
    name = "spark.sql.catalog." + request["catalog"]["name"]
    builder = builder.config(name, "org.apache.iceberg.spark.SparkCatalog")
    for key, value in request["catalog"]["properties"].items():
        builder = builder.config(f"{name}.{key}", value)
    return builder.getOrCreate()


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def micros(column):
    return F.coalesce(F.unix_micros(F.col(quoted(column))), F.lit(NONE))


def known(*moments):
    """The first of some moments that somebody knows."""
    return F.coalesce(*[F.when(m != NONE, m) for m in moments], F.lit(NONE))


def moment(micros_):
    return F.when(micros_ != NONE, F.timestamp_micros(micros_))


class Merge:
    """One merge: what is staged, what is there, and what is to become of it."""

    def __init__(self, spark, request):
        self.spark, self.rq = spark, request
        self.catalog = request["catalog"]["name"]
        self.key = request["key"]
        self.parts = request["parts"]
        self.now = F.lit(request["now"])
        self.final = self.table(request["final"])
        self.types = dict(self.final.dtypes)
        carried = {c for p in self.parts if p["op"] in ("put", "patch") for c in p["columns"]}
        told = [request["deleted"]] if request["deleted"] else []
        moved = carried | set(told) | set(request["retired"])
        self.moved = [c for c in request["columns"] if c in moved and c in self.types and c not in self.key]

    def name(self, table, branch=""):
        names = [self.catalog, table["namespace"], table["table"]]
        if branch:
            names.append("branch_" + branch)
        return ".".join(quoted(n) for n in names)

    def table(self, table):
        return self.spark.sql(f"SELECT * FROM {self.name(table)} VERSION AS OF {int(table['snapshot'])}")

    def sweeps(self):
        return self.rq["policy"] != "ignore" and (self.rq["complete"] or any(p["op"] == "seen" for p in self.parts))

    def staged(self):
        """One line for each key that is staged: the newest version of each part, and how many versions there are."""
        rq, rows = self.rq, self.table(self.rq["stage"])
        jobs = [job for p in self.parts for job in p["jobs"]]
        rows = rows.where((F.col("_catchment_attempt") == rq["attempt"]) & F.col("_catchment_job").isin(jobs))
        deleted = F.coalesce(F.col(quoted(rq["deleted"])), F.lit(False)) if rq["deleted"] else F.lit(False)
        merged = F.col(quoted(rq["master"])).isNotNull() if rq["master"] else F.lit(False)
        stamp = micros(rq["stamp"]) if rq["stamp"] else F.lit(NONE)
        read = micros("_catchment_read_at")
        seq = F.coalesce(F.col("_catchment_seq"), F.lit(0).cast("bigint"))
        wanted = []
        for i, p in enumerate(self.parts):
            mine = F.col("_catchment_job").isin(p["jobs"])
            at = [micros("_catchment_at"), stamp] + ([] if p["op"] == "delete" else [read])
            at = known(*at)
            wanted.append(F.coalesce(F.max(F.when(mine, F.lit(True))), F.lit(False)).alias(f"p{i}"))
            if p["op"] == "seen":
                continue
            if p["op"] == "delete":
                wanted.append(F.max(F.when(mine, at)).alias(f"p{i}_at"))
                wanted.append(F.max(F.when(mine, read)).alias(f"p{i}_read"))
                continue
            if p["op"] == "put" and rq["policy"] == "ignore":
                mine = mine & ~deleted
            values = [F.col(quoted(c)).cast(self.types[c]).alias(c) for c in p["columns"] if c in self.moved]
            version = F.struct(at.alias("_at"), read.alias("_read"), deleted.alias("_deleted"), merged.alias("_merged"), *values)
            newest = F.when(mine, F.struct(at, read, seq))
            wanted.append(F.max_by(version, newest).alias(f"p{i}_v"))
        counted = [job for p in self.parts if p["op"] != "seen" for job in p["jobs"]]
        n = F.sum(F.when(F.col("_catchment_job").isin(counted), 1).otherwise(0))
        return rows.groupBy(*[quoted(k) for k in self.key]).agg(n.alias("n"), *wanted)

    def rows(self):
        """What the final table says of its records: stamps, and the columns that a row may keep."""
        columns = [F.col(quoted(k)) for k in self.key]
        columns += [F.lit(True).alias("s_has"), micros("_catchment_at").alias("s_at"), micros("_catchment_read_at").alias("s_read")]
        columns += [micros("_catchment_deleted_at").alias("s_del"), F.col("_catchment_delete_reason").alias("s_reason")]
        columns += [F.col(quoted(c)).alias("c_" + c) for c in self.moved]
        return self.final.select(*columns)

    def fates(self):
        """What becomes of each record that may change."""
        how = "full_outer" if self.sweeps() else "left"
        d = self.staged().join(self.rows(), on=self.key, how=how)
        d = d.withColumns({
            "s_has": F.coalesce("s_has", F.lit(False)), "n": F.coalesce("n", F.lit(0)),
            **{f"s_{m}": F.coalesce(f"s_{m}", F.lit(NONE)) for m in ("at", "read", "del")},
            **{f"p{i}": F.coalesce(f"p{i}", F.lit(False)) for i in range(len(self.parts))},
        })
        zeros = ("inserted", "updated", "patched", "deleted", "applied", "sudden")
        d = d.withColumns({**{"n_" + z: F.lit(0) for z in zeros}, "s_written": F.lit(False), "s_put": F.lit(False),
                           "had": F.col("s_has"), "was": F.col("s_has") & (F.col("s_del") == NONE)})
        for i, p in enumerate(self.parts):
            d = {"put": self.put, "patch": self.patch, "delete": self.lost, "seen": self.seen}[p["op"]](d, i, p)
        if self.rq["complete"]:
            whole = [F.col(f"p{i}") for i, p in enumerate(self.parts) if p["op"] == "put"]
            there = F.lit(False)
            for has in whole:
                there = there | has
            rq = self.rq
            d = self.absent(d, there, rq["absent"], F.lit(rq["read_at"]), rq["override"])
        return d

    def kept(self):
        return F.coalesce(F.col("s_reason").isin(self.rq["kept"]), F.lit(False)) if self.rq["kept"] else F.lit(False)

    @staticmethod
    def wins(override, at, read, over_at, over_read):
        if override:
            return (read == NONE) | (over_read == NONE) | (read >= over_read)
        return (at > over_at) | ((at == over_at) & (read > over_read))

    def put(self, d, i, p):
        v = F.col(f"p{i}_v")
        at, read, gone = v["_at"], v["_read"], v["_deleted"]
        has, dead = F.col("s_has"), F.col("s_del") != NONE
        wins = self.wins(p["override"], at, read, F.col("s_at"), F.col("s_read"))
        d = d.withColumn("w", F.coalesce(v.isNotNull() & (~has | (~(gone & self.kept()) & wins)), F.lit(False)))
        w = F.col("w")
        goes = w & has & ~dead & gone
        plus = {"deleted": goes, "sudden": goes, "inserted": w & ~has, "updated": w & has & ~goes, "applied": w}
        new = self.counted(plus)
        for c in self.moved:
            to, was = F.lit(None).cast(self.types[c]), F.when(has, F.col("c_" + c))
            if c in p["columns"]:
                to = v[c]
            elif c not in self.rq["retired"]:
                to = was
            if c == self.rq["deleted"] and c not in p["columns"]:
                to = F.when(has & dead, F.lit(False)).otherwise(to)
            new["c_" + c] = F.when(w, to).otherwise(F.col("c_" + c))
        since = known(F.col("s_del"), at, self.now)
        new["s_del"] = F.when(w & gone, F.when(has, since).otherwise(known(at, self.now))).when(w, F.lit(NONE)).otherwise(F.col("s_del"))
        reason = F.when(gone, F.when(v["_merged"], F.lit("merged")).otherwise(F.lit("soft")))
        new["s_reason"] = F.when(w, reason).otherwise(F.col("s_reason"))
        new["s_at"], new["s_read"] = F.when(w, at).otherwise(F.col("s_at")), F.when(w, read).otherwise(F.col("s_read"))
        for flag in ("s_has", "s_written", "s_put"):
            new[flag] = w | F.col(flag)
        return d.withColumns(new)

    def patch(self, d, i, p):
        v = F.col(f"p{i}_v")
        at, read = v["_at"], v["_read"]
        late = (at < F.col("s_at")) | ((at == F.col("s_at")) & (read < F.col("s_read")))
        fixed = {self.rq["deleted"], self.rq["stamp"], self.rq["master"]}
        mine = [c for c in self.moved if c in p["columns"] and c not in fixed]
        differs = F.lit(False)
        for c in mine:
            differs = differs | ~v[c].eqNullSafe(F.col("c_" + c))
        w = v.isNotNull() & F.col("s_has") & ~self.kept() & differs
        if not p["override"]:
            w = w & ~late
        d = d.withColumn("w", F.coalesce(w, F.lit(False)))
        w = F.col("w")
        new = self.counted({"updated": w, "patched": w, "applied": w})
        for c in mine:
            new["c_" + c] = F.when(w, v[c]).otherwise(F.col("c_" + c))
        new["s_written"] = w | F.col("s_written")
        return d.withColumns(new)

    def lost(self, d, i, p):
        at, read = F.coalesce(f"p{i}_at", F.lit(NONE)), F.coalesce(f"p{i}_read", F.lit(NONE))
        if p["override"]:
            newer = self.wins(True, at, read, F.col("s_at"), F.col("s_read"))
        else:
            newer = ((at == NONE) | (at >= F.col("s_at"))) & (read > F.col("s_read"))
        w = F.col(f"p{i}") & newer
        return self.goes(d, w, p["reason"], read, True)

    def seen(self, d, i, p):
        return self.absent(d, F.col(f"p{i}"), p["reason"], F.lit(p["read_at"]), False)

    def absent(self, d, there, reason, read_at, override):
        earlier = F.col("s_read") < read_at
        if override:
            earlier = earlier | self.wins(True, F.lit(NONE), read_at, F.col("s_at"), F.col("s_read"))
        return self.goes(d, ~there & earlier, reason, read_at, False)

    def goes(self, d, w, reason, read_at, applies):
        """Flags live rows as gone."""
        if self.rq["policy"] == "ignore":
            return d
        d = d.withColumn("w", F.coalesce(w & F.col("s_has") & (F.col("s_del") == NONE), F.lit(False)))
        w = F.col("w")
        plus = {"deleted": w}
        if reason not in self.rq["approved"]:
            plus["sudden"] = w
        if applies:
            plus["applied"] = w
        new = self.counted(plus)
        new["s_del"] = F.when(w, self.now).otherwise(F.col("s_del"))
        new["s_reason"] = F.when(w, F.lit(reason)).otherwise(F.col("s_reason"))
        new["s_read"] = F.when(w, read_at).otherwise(F.col("s_read"))
        new["s_written"] = w | F.col("s_written")
        if self.rq["deleted"]:
            c = "c_" + self.rq["deleted"]
            new[c] = F.when(w, F.lit(True)).otherwise(F.col(c))
        return d.withColumns(new)

    @staticmethod
    def counted(plus):
        return {"n_" + what: F.col("n_" + what) + F.when(is_, 1).otherwise(0) for what, is_ in plus.items()}

    def count(self, d):
        """What the merge does, as numbers."""
        is_ = F.col("s_has") & (F.col("s_del") == NONE)
        keyless = F.lit(False)
        for k in self.key:
            keyless = keyless | F.col(quoted(k)).isNull() | (F.col(quoted(k)) == "")
        sums = {what: F.sum("n_" + what) for what in ("inserted", "updated", "patched", "deleted", "applied", "sudden")}
        sums["staged"] = F.sum("n")
        sums["written"] = F.sum(F.col("s_written").cast("int"))
        sums["grown"] = F.sum(F.col("s_has").cast("int") - F.col("had").cast("int"))
        sums["living"] = F.sum(is_.cast("int") - F.col("was").cast("int"))
        sums["keyless"] = F.sum((keyless & (F.col("n") > 0)).cast("int"))
        row = d.agg(*[F.coalesce(v, F.lit(0)).alias(k) for k, v in sums.items()]).collect()[0].asDict()
        if row.pop("keyless"):
            raise Refused("a staged row has no key")
        return {what: int(row[what]) for what in COUNTS}

    def write(self, d):
        """Brings the records that change onto the branch."""
        own = {
            "_catchment_read_at": moment(F.col("s_read")), "_catchment_at": moment(F.col("s_at")),
            "_catchment_synced_at": moment(self.now), "_catchment_deleted_at": moment(F.col("s_del")),
            "_catchment_delete_reason": F.col("s_reason"),
        }
        source = d.where("s_written").select(*[F.col(quoted(k)) for k in self.key], *[F.col("c_" + c) for c in self.moved],
                                             F.col("s_put"), *[v.alias(k) for k, v in own.items()])
        source.createOrReplaceTempView("catchment_changes")
        sets = {quoted(c): "s." + quoted("c_" + c) for c in self.moved}
        sets.update({quoted(c): "s." + quoted(c) for c in own})
        new = {**{quoted(k): "s." + quoted(k) for k in self.key}, **sets}
        rejected = "CASE WHEN s.s_put THEN NULL ELSE t._catchment_rejected_at END"
        self.spark.sql(
            f"MERGE INTO {self.name(self.rq['final'], self.rq['final']['branch'])} t USING catchment_changes s"
            f" ON {' AND '.join(f't.{quoted(k)} = s.{quoted(k)}' for k in self.key)}"
            f" WHEN MATCHED THEN UPDATE SET {', '.join(f't.{c} = {v}' for c, v in sets.items())},"
            f" t._catchment_rejected_at = {rejected}"
            f" WHEN NOT MATCHED THEN INSERT ({', '.join(new)}) VALUES ({', '.join(new.values())})"
        )


def on_branch(spark, request):
    """The snapshot that the branch is at."""
    f = request["final"]
    refs = ".".join(quoted(n) for n in (request["catalog"]["name"], f["namespace"], f["table"], "refs"))
    found = spark.sql(f"SELECT snapshot_id FROM {refs} WHERE name = '{f['branch']}'").collect()
    if not found:
        raise Refused("the branch of the request isn't there")
    return found[0][0]


def merge(spark, request):
    """Does what a request asks, and tells what was done."""
    settings = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true", "spark.sql.caseSensitive": "true"}
    for key, value in settings.items():
        spark.conf.set(key, value)
    base = int(request["final"]["snapshot"])
    if on_branch(spark, request) != base: # somebody has done it, or does
        return {"state": "done"}
    m = Merge(spark, request)
    fates = m.fates().persist()
    try:
        counts = m.count(fates)
        if counts["written"]:
            says = spark._jvm.org.apache.iceberg.EnvironmentContext
            says.put("catchment.commit", request["final"]["branch"])
            says.put("catchment.merge", json.dumps({"version": VERSION, "digest": request["digest"], "now": request["now"], "counts": counts}))
            try:
                m.write(fates)
            finally:
                says.remove("catchment.commit")
                says.remove("catchment.merge")
    finally:
        fates.unpersist()
    return {"state": "done", "counts": counts}


def read(path):
    """The request in a file."""
    with open(path, encoding="utf-8") as file:
        request = json.load(file)
    if request.get("version") != VERSION:
        raise Refused(f"the request has version {request.get('version')}, and this script is for {VERSION}")
    return request


def answer(path, says):
    """Writes an answer, which is there as a whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({"version": VERSION, **says}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def reason(error):
    """What kind of error it is. What it says may hold values of records, and is left out."""
    kinds = [type(error).__name__]
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    while java is not None and len(kinds) < 6:
        kinds.append(java.getClass().getName())
        java = java.getCause()
    where = traceback.extract_tb(error.__traceback__)[-1]
    return " <- ".join(kinds) + f" at line {where.lineno}"


def serve(request_path, answer_path, spark=None):
    """Does one request. The exit code says whether it was done."""
    try:
        request = read(request_path)
        says = merge(spark or session(request), request)
    except Refused as error:
        says = {"state": "refused", "why": str(error)}
    except Exception as error:  # whatever it is, Catchment is to know that there is nothing to wait for
        says = {"state": "failed", "why": reason(error)}
    answer(answer_path, says)
    return 0 if says["state"] == "done" else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: merge.py REQUEST ANSWER")
    sys.exit(serve(sys.argv[1], sys.argv[2]))
