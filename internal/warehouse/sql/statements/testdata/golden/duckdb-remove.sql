-- A template, to read: :attempt, :job, :read_at and :now differ from run to run. What can be
-- executed as it stands is printed by: catchment sql --execute-ready

-- Versions as they were read.
CREATE TABLE "salesforce_incremental"."account" (
	"_catchment_attempt" VARCHAR,
	"_catchment_op" VARCHAR,
	"_catchment_job" VARCHAR,
	"_catchment_seq" BIGINT,
	"id" VARCHAR USING COMPRESSION uncompressed,
	"isdeleted" BOOLEAN,
	"masterrecordid" VARCHAR,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" VARCHAR,
	"amount__c" DECIMAL(38,2),
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_read_at" TIMESTAMPTZ
);

-- One row for each key.
CREATE TABLE "salesforce"."account" (
	"id" VARCHAR USING COMPRESSION uncompressed,
	"isdeleted" BOOLEAN,
	"masterrecordid" VARCHAR,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" VARCHAR,
	"amount__c" DECIMAL(38,2),
	"_catchment_read_at" TIMESTAMPTZ,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_synced_at" TIMESTAMPTZ,
	"_catchment_deleted_at" TIMESTAMPTZ,
	"_catchment_delete_reason" VARCHAR,
	"_catchment_rejected_at" TIMESTAMPTZ
);

-- The first reading: its keys are unique, or the statements below do it.
INSERT INTO "salesforce"."account" ("id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	v."amount__c",
	CAST(:now AS TIMESTAMPTZ),
	coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at"),
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at"), CAST(:now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ)
FROM "salesforce_incremental"."account" v
WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND v."_catchment_job" IN (CAST(:job AS VARCHAR)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND NOT coalesce(v."isdeleted", false);
ALTER TABLE "salesforce"."account" ADD PRIMARY KEY ("id");

-- Each further one: the newest version of a key, if it is newer than the row.
CREATE TEMP TABLE "_catchment_newest" AS
SELECT "id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at", true AS known, true AS live FROM "salesforce"."account" WHERE false;
INSERT INTO "_catchment_newest"
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	v."amount__c",
	CAST(:now AS TIMESTAMPTZ),
	v._catchment_version,
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(f."_catchment_deleted_at", v._catchment_version, CAST(:now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ),
	f."id" IS NOT NULL,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_read_at" DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND v."_catchment_job" IN (CAST(:job AS VARCHAR)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put')
) v
LEFT JOIN "salesforce"."account" f ON v."id" = f."id"
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('account' AS VARCHAR) AND t.record_key = CAST(v."id" AS VARCHAR)
WHERE v._catchment_rank = 1
	AND (f."id" IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01')))
	AND (t.record_key IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_read_at", TIMESTAMPTZ '0001-01-01')))
	AND NOT (coalesce(v."isdeleted", false) AND (coalesce(f."_catchment_delete_reason" IN ('archived'), false) OR CAST(v."id" AS VARCHAR) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')));
DELETE FROM "salesforce"."account" f
USING "_catchment_newest" n
WHERE n.known AND n."id" = f."id";
INSERT INTO "salesforce"."account" ("id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT n."id", n."isdeleted", n."masterrecordid", n."systemmodstamp", n."odd""name", n."amount__c", n."_catchment_synced_at", n."_catchment_at", n."_catchment_read_at", n."_catchment_deleted_at", n."_catchment_delete_reason", n."_catchment_rejected_at"
FROM "_catchment_newest" n
WHERE n."_catchment_deleted_at" IS NULL;
DELETE FROM "salesforce_incremental"."_catchment_tombstone" t
USING "_catchment_newest" n
WHERE t.table_name = 'account' AND t.record_key = CAST(n."id" AS VARCHAR);
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST('account' AS VARCHAR), CAST(n."id" AS VARCHAR), n."_catchment_at", n."_catchment_read_at", n."_catchment_delete_reason", CAST(:now AS TIMESTAMPTZ)
FROM "_catchment_newest" n
WHERE n."_catchment_deleted_at" IS NOT NULL;

-- A patch: some columns of rows that are there.
UPDATE "salesforce"."account" AS f
SET "odd""name" = v."odd""name",
	"amount__c" = v."amount__c",
	"_catchment_synced_at" = CAST(:now AS TIMESTAMPTZ)
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND v."_catchment_job" IN (CAST(:job AS VARCHAR)) AND v."_catchment_op" = 'patch' AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND r.record_key = CAST(v."id" AS VARCHAR) AND coalesce(r."_catchment_op", 'put') = 'put') AND NOT CAST(v."id" AS VARCHAR) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')
) v
WHERE v._catchment_rank = 1 AND v."id" = f."id"
	AND (f."odd""name" IS DISTINCT FROM v."odd""name"
		OR f."amount__c" IS DISTINCT FROM v."amount__c")
	AND NOT coalesce(f."_catchment_delete_reason" IN ('archived'), false)
	AND (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') >= coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01'));

-- A reading of Ids only: what it lacks.
CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."account" WHERE false;
INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(:read_at AS TIMESTAMPTZ)
FROM "salesforce"."account" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND v."_catchment_job" IN (CAST(:job AS VARCHAR)) AND v."_catchment_op" = 'seen' AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND r.record_key = CAST(f."id" AS VARCHAR) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS VARCHAR))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(:read_at AS TIMESTAMPTZ);

-- A complete reading: what it lacks.
CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."account" WHERE false;
INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(:read_at AS TIMESTAMPTZ)
FROM "salesforce"."account" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND r.record_key = CAST(f."id" AS VARCHAR) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS VARCHAR))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(:read_at AS TIMESTAMPTZ);
DELETE FROM "salesforce_incremental"."_catchment_tombstone" t
USING "_catchment_gone" n
WHERE t.table_name = 'account' AND t.record_key = CAST(n."id" AS VARCHAR);
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST('account' AS VARCHAR), CAST(n."id" AS VARCHAR), n."_catchment_at", n."_catchment_read_at", 'purged', CAST(:now AS TIMESTAMPTZ)
FROM "_catchment_gone" n
WHERE true;
DELETE FROM "salesforce"."account" f
USING "_catchment_gone" n
WHERE n."id" = f."id";

-- What was kept out, where anything was: the older rows of such records are marked.
UPDATE "salesforce"."account" AS f
SET "_catchment_rejected_at" = NULL
FROM (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR) OR r."_catchment_read_at" < v.read_at)
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."account" f ON CAST(f."id" AS VARCHAR) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('account' AS VARCHAR) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS VARCHAR) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS VARCHAR) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."id" AS VARCHAR) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete') OR v."_catchment_op" = 'seen' AND coalesce(v."isdeleted", false)) AND CAST(v."id" AS VARCHAR) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS VARCHAR)) GROUP BY 1) v ON v.record_key = r.record_key
WHERE r.flow = CAST('Account' AS VARCHAR)
) n
WHERE n.past AND CAST(f."id" AS VARCHAR) = n.record_key AND f."_catchment_rejected_at" IS NOT NULL;
DELETE FROM "salesforce_incremental"."_catchment_rejected" x
USING (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR) OR r."_catchment_read_at" < v.read_at)
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."account" f ON CAST(f."id" AS VARCHAR) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('account' AS VARCHAR) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS VARCHAR) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS VARCHAR) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."id" AS VARCHAR) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete') OR v."_catchment_op" = 'seen' AND coalesce(v."isdeleted", false)) AND CAST(v."id" AS VARCHAR) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS VARCHAR)) GROUP BY 1) v ON v.record_key = r.record_key
WHERE r.flow = CAST('Account' AS VARCHAR)
) n
WHERE n.past AND x.flow = CAST('Account' AS VARCHAR) AND x.record_key = n.record_key AND coalesce(x."_catchment_op", 'put') = n.op
	AND coalesce(x.field, '') = coalesce(n.field, '') AND coalesce(x."_catchment_attempt", '') = coalesce(n.attempt, '')
	AND coalesce(x."_catchment_job", '') = coalesce(n.job, '');
UPDATE "salesforce"."account" AS f
SET "_catchment_rejected_at" = n.rejected_at
FROM (
	SELECT record_key, max(coalesce(stamp, "_catchment_read_at")) AS rejected_at
	FROM "salesforce_incremental"."_catchment_rejected"
	WHERE flow = CAST('Account' AS VARCHAR)
	GROUP BY record_key
) n
WHERE CAST(f."id" AS VARCHAR) = n.record_key AND f."_catchment_rejected_at" IS DISTINCT FROM n.rejected_at;

-- Staging without the merged versions.
DELETE FROM "salesforce_incremental"."account" WHERE "_catchment_attempt" = :attempt;
