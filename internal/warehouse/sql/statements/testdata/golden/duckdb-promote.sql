INSERT INTO "salesforce_incremental"."account" ("id", "isdeleted")
SELECT "id", "isdeleted"
FROM "salesforce"."_catchment_first_account";
DROP TABLE "salesforce"."_catchment_first_account";
SELECT count(*), count(CASE WHEN v."_catchment_attempt" = CAST($1 AS VARCHAR) AND v."_catchment_job" IN (CAST($2 AS VARCHAR)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."_catchment_at" IS NOT DISTINCT FROM coalesce(v."systemmodstamp", v."_catchment_read_at") THEN 1 END),
	count(CASE WHEN coalesce(v."isdeleted", false) THEN 1 END)
FROM "salesforce"."_catchment_first_account" v;
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_attempt";
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_op";
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_job";
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_seq";
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_synced_at" TIMESTAMPTZ DEFAULT '2026-03-01T00:00:00Z';
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_deleted_at" TIMESTAMPTZ;
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_delete_reason" VARCHAR;
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_rejected_at" TIMESTAMPTZ;
ALTER TABLE "salesforce"."_catchment_first_account" ALTER COLUMN "_catchment_synced_at" DROP DEFAULT;
DROP TABLE "salesforce"."account";
ALTER TABLE "salesforce"."_catchment_first_account" RENAME TO "account";
UPDATE "salesforce"."account" AS v
SET "_catchment_deleted_at" = coalesce(v."_catchment_at", CAST($1 AS TIMESTAMPTZ)), "_catchment_delete_reason" = CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END
WHERE coalesce(v."isdeleted", false);

INSERT INTO "salesforce_incremental"."account" ("id", "isdeleted")
SELECT "id", "isdeleted"
FROM "salesforce"."_catchment_first_account";
DROP TABLE "salesforce"."_catchment_first_account";
SELECT count(*), count(CASE WHEN v."_catchment_attempt" = CAST($1 AS VARCHAR) AND v."_catchment_job" IN (CAST($2 AS VARCHAR)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."_catchment_at" IS NOT DISTINCT FROM coalesce(v."systemmodstamp", v."_catchment_read_at") THEN 1 END),
	count(CASE WHEN coalesce(v."isdeleted", false) THEN 1 END)
FROM "salesforce"."_catchment_first_account" v;
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_attempt";
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_op";
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_job";
ALTER TABLE "salesforce"."_catchment_first_account" DROP COLUMN "_catchment_seq";
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_synced_at" TIMESTAMPTZ DEFAULT '2026-03-01T00:00:00Z';
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_deleted_at" TIMESTAMPTZ;
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_delete_reason" VARCHAR;
ALTER TABLE "salesforce"."_catchment_first_account" ADD COLUMN "_catchment_rejected_at" TIMESTAMPTZ;
ALTER TABLE "salesforce"."_catchment_first_account" ALTER COLUMN "_catchment_synced_at" DROP DEFAULT;
DROP TABLE "salesforce"."account";
ALTER TABLE "salesforce"."_catchment_first_account" RENAME TO "account";
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST($1 AS VARCHAR), CAST(v."id" AS VARCHAR), v."_catchment_at", v."_catchment_read_at", CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END, CAST($2 AS TIMESTAMPTZ)
FROM "salesforce"."account" v
WHERE coalesce(v."isdeleted", false);
DELETE FROM "salesforce"."account" AS v WHERE coalesce(v."isdeleted", false);

