-- A template, to read: :attempt, :job, :read_at and :now differ from run to run. What can be
-- executed as it stands is printed by: catchment sql --execute-ready

-- Versions as they were read.
CREATE TABLE "salesforce_incremental"."log__b" (
	"_catchment_attempt" VARCHAR(256),
	"_catchment_op" VARCHAR(64),
	"_catchment_job" VARCHAR(256),
	"_catchment_seq" BIGINT,
	"day__c" DATE,
	"n__c" INTEGER,
	"text__c" VARCHAR(65535),
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_read_at" TIMESTAMPTZ
);

-- One row for each key.
CREATE TABLE "salesforce"."log__b" (
	"day__c" DATE,
	"n__c" INTEGER,
	"text__c" VARCHAR(65535),
	"_catchment_read_at" TIMESTAMPTZ,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_synced_at" TIMESTAMPTZ,
	"_catchment_deleted_at" TIMESTAMPTZ,
	"_catchment_delete_reason" VARCHAR(64),
	"_catchment_rejected_at" TIMESTAMPTZ
);

-- The first reading: its keys are unique, or the statements below do it.
INSERT INTO "salesforce"."log__b" ("day__c", "n__c", "text__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT
	v."day__c",
	v."n__c",
	v."text__c",
	CAST(:now AS TIMESTAMPTZ),
	coalesce(v."_catchment_at", v."_catchment_read_at"),
	v."_catchment_read_at",
	CASE WHEN false THEN coalesce(coalesce(v."_catchment_at", v."_catchment_read_at"), CAST(:now AS TIMESTAMPTZ)) END,
	CASE WHEN false THEN 'soft' END,
	CAST(NULL AS TIMESTAMPTZ)
FROM "salesforce_incremental"."log__b" v
WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND v."_catchment_job" IN (CAST(:job AS VARCHAR(65535))) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put');

-- Each further one: the newest version of a key, if it is newer than the row.
CREATE TEMP TABLE "_catchment_newest" AS
SELECT "day__c", "n__c", "text__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at", true AS known, true AS live FROM "salesforce"."log__b" WHERE false;
INSERT INTO "_catchment_newest"
SELECT
	v."day__c",
	v."n__c",
	v."text__c",
	CAST(:now AS TIMESTAMPTZ),
	v._catchment_version,
	v."_catchment_read_at",
	CASE WHEN false THEN coalesce(f."_catchment_deleted_at", v._catchment_version, CAST(:now AS TIMESTAMPTZ)) END,
	CASE WHEN false THEN 'soft' END,
	CAST(NULL AS TIMESTAMPTZ),
	f."day__c" IS NOT NULL,
	f."day__c" IS NOT NULL AND f."_catchment_deleted_at" IS NULL
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."day__c", v."n__c"
		ORDER BY coalesce(v."_catchment_at", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_read_at" DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."log__b" v
	WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND v."_catchment_job" IN (CAST(:job AS VARCHAR(65535))) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put')
) v
LEFT JOIN "salesforce"."log__b" f ON v."day__c" = f."day__c" AND v."n__c" = f."n__c"
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('log__b' AS VARCHAR(65535)) AND t.record_key = CAST(v."day__c" AS VARCHAR(65535)) || chr(31) || CAST(v."n__c" AS VARCHAR(65535))
WHERE v._catchment_rank = 1
	AND (f."day__c" IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01')))
	AND (t.record_key IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_read_at", TIMESTAMPTZ '0001-01-01')));
DELETE FROM "salesforce"."log__b"
USING "_catchment_newest" n
WHERE n.known AND n."day__c" = "log__b"."day__c" AND n."n__c" = "log__b"."n__c";
INSERT INTO "salesforce"."log__b" ("day__c", "n__c", "text__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT n."day__c", n."n__c", n."text__c", n."_catchment_synced_at", n."_catchment_at", n."_catchment_read_at", n."_catchment_deleted_at", n."_catchment_delete_reason", n."_catchment_rejected_at"
FROM "_catchment_newest" n;
DELETE FROM "salesforce_incremental"."_catchment_tombstone"
USING "_catchment_newest" n
WHERE "_catchment_tombstone".table_name = 'log__b' AND "_catchment_tombstone".record_key = CAST(n."day__c" AS VARCHAR(65535)) || chr(31) || CAST(n."n__c" AS VARCHAR(65535));

-- A patch: some columns of rows that are there.
UPDATE "salesforce"."log__b" AS f
SET "text__c" = v."text__c",
	"_catchment_synced_at" = CAST(:now AS TIMESTAMPTZ)
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."day__c", v."n__c"
		ORDER BY coalesce(v."_catchment_at", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."log__b" v
	WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND v."_catchment_job" IN (CAST(:job AS VARCHAR(65535))) AND v."_catchment_op" = 'patch' AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND r.record_key = CAST(v."day__c" AS VARCHAR(65535)) || chr(31) || CAST(v."n__c" AS VARCHAR(65535)) AND coalesce(r."_catchment_op", 'put') = 'put') AND NOT CAST(v."day__c" AS VARCHAR(65535)) || chr(31) || CAST(v."n__c" AS VARCHAR(65535)) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Log__b' AND a.state = 'posted')
) v
WHERE v._catchment_rank = 1 AND v."day__c" = f."day__c" AND v."n__c" = f."n__c"
	AND (NOT coalesce((f."text__c" = v."text__c" OR f."text__c" IS NULL AND v."text__c" IS NULL), false))
	AND NOT coalesce(f."_catchment_delete_reason" IN ('archived'), false)
	AND (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') >= coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01'));

-- A reading of Ids only: what it lacks.
CREATE TEMP TABLE "_catchment_gone" AS
SELECT "day__c", "n__c", "_catchment_at", "_catchment_read_at" FROM "salesforce"."log__b" WHERE false;
INSERT INTO "_catchment_gone"
SELECT f."day__c", f."n__c", f."_catchment_at", CAST(:read_at AS TIMESTAMPTZ)
FROM "salesforce"."log__b" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."log__b" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND v."_catchment_job" IN (CAST(:job AS VARCHAR(65535))) AND v."_catchment_op" = 'seen' AND v."day__c" = f."day__c" AND v."n__c" = f."n__c")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND r.record_key = CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Log__b' AND a.state = 'posted' AND a.record_id = CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(:read_at AS TIMESTAMPTZ);

-- A complete reading: what it lacks.
CREATE TEMP TABLE "_catchment_gone" AS
SELECT "day__c", "n__c", "_catchment_at", "_catchment_read_at" FROM "salesforce"."log__b" WHERE false;
INSERT INTO "_catchment_gone"
SELECT f."day__c", f."n__c", f."_catchment_at", CAST(:read_at AS TIMESTAMPTZ)
FROM "salesforce"."log__b" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."log__b" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."day__c" = f."day__c" AND v."n__c" = f."n__c")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND r.record_key = CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Log__b' AND a.state = 'posted' AND a.record_id = CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(:read_at AS TIMESTAMPTZ);
UPDATE "salesforce"."log__b" AS f
SET "_catchment_deleted_at" = CAST(:now AS TIMESTAMPTZ), "_catchment_delete_reason" = CAST('purged' AS VARCHAR(65535)), "_catchment_synced_at" = CAST(:now AS TIMESTAMPTZ), "_catchment_read_at" = n."_catchment_read_at"
FROM "_catchment_gone" n
WHERE n."day__c" = f."day__c" AND n."n__c" = f."n__c";

-- What was kept out, where anything was: the older rows of such records are marked.
UPDATE "salesforce"."log__b" AS f
SET "_catchment_rejected_at" = NULL
FROM (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."day__c" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR(65535)) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR(65535)) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR(65535)) OR r."_catchment_read_at" < v.read_at)
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."log__b" f ON CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('log__b' AS VARCHAR(65535)) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Log__b' AS VARCHAR(65535)) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Log__b' AS VARCHAR(65535)) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."day__c" AS VARCHAR(65535)) || chr(31) || CAST(v."n__c" AS VARCHAR(65535)) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."log__b" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete')) AND CAST(v."day__c" AS VARCHAR(65535)) || chr(31) || CAST(v."n__c" AS VARCHAR(65535)) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Log__b' AS VARCHAR(65535))) GROUP BY 1) v ON v.record_key = r.record_key
WHERE r.flow = CAST('Log__b' AS VARCHAR(65535))
) n
WHERE n.past AND CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)) = n.record_key AND f."_catchment_rejected_at" IS NOT NULL;
DELETE FROM "salesforce_incremental"."_catchment_rejected"
USING (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."day__c" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR(65535)) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR(65535)) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(:attempt AS VARCHAR(65535)) OR r."_catchment_read_at" < v.read_at)
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."log__b" f ON CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('log__b' AS VARCHAR(65535)) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Log__b' AS VARCHAR(65535)) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Log__b' AS VARCHAR(65535)) AND "_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."day__c" AS VARCHAR(65535)) || chr(31) || CAST(v."n__c" AS VARCHAR(65535)) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."log__b" v WHERE v."_catchment_attempt" = CAST(:attempt AS VARCHAR(65535)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete')) AND CAST(v."day__c" AS VARCHAR(65535)) || chr(31) || CAST(v."n__c" AS VARCHAR(65535)) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Log__b' AS VARCHAR(65535))) GROUP BY 1) v ON v.record_key = r.record_key
WHERE r.flow = CAST('Log__b' AS VARCHAR(65535))
) n
WHERE n.past AND "_catchment_rejected".flow = CAST('Log__b' AS VARCHAR(65535)) AND "_catchment_rejected".record_key = n.record_key AND coalesce("_catchment_rejected"."_catchment_op", 'put') = n.op
	AND coalesce("_catchment_rejected".field, '') = coalesce(n.field, '') AND coalesce("_catchment_rejected"."_catchment_attempt", '') = coalesce(n.attempt, '')
	AND coalesce("_catchment_rejected"."_catchment_job", '') = coalesce(n.job, '');
UPDATE "salesforce"."log__b" AS f
SET "_catchment_rejected_at" = n.rejected_at
FROM (
	SELECT record_key, max(coalesce(stamp, "_catchment_read_at")) AS rejected_at
	FROM "salesforce_incremental"."_catchment_rejected"
	WHERE flow = CAST('Log__b' AS VARCHAR(65535))
	GROUP BY record_key
) n
WHERE CAST(f."day__c" AS VARCHAR(65535)) || chr(31) || CAST(f."n__c" AS VARCHAR(65535)) = n.record_key AND NOT coalesce((f."_catchment_rejected_at" = n.rejected_at OR f."_catchment_rejected_at" IS NULL AND n.rejected_at IS NULL), false);

-- Staging without the merged versions.
DELETE FROM "salesforce_incremental"."log__b" WHERE "_catchment_attempt" = :attempt;
