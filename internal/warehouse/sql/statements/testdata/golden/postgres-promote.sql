ALTER TABLE "salesforce_incremental"."account" ADD COLUMN "_catchment_stamp" TIMESTAMPTZ GENERATED ALWAYS AS (coalesce("_catchment_at", "systemmodstamp", "_catchment_read_at")) STORED;
LOCK TABLE "salesforce"."account" IN ACCESS EXCLUSIVE MODE;
SELECT count(*), count(CASE WHEN v."_catchment_attempt" = CAST($1 AS TEXT) AND v."_catchment_job" IN (CAST($2 AS TEXT)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."_catchment_stamp" IS NOT DISTINCT FROM coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") THEN 1 END),
	count(CASE WHEN coalesce(v."isdeleted", false) THEN 1 END)
FROM "salesforce_incremental"."account" v;
ALTER TABLE "salesforce"."account" RENAME TO "_catchment_aside_account";
ALTER TABLE "salesforce_incremental"."account" ALTER COLUMN "_catchment_stamp" DROP EXPRESSION;
ALTER TABLE "salesforce_incremental"."account" DROP COLUMN "_catchment_attempt", DROP COLUMN "_catchment_op", DROP COLUMN "_catchment_job", DROP COLUMN "_catchment_seq", DROP COLUMN "_catchment_at";
ALTER TABLE "salesforce_incremental"."account" RENAME COLUMN "_catchment_stamp" TO "_catchment_at";
ALTER TABLE "salesforce_incremental"."account" ADD COLUMN "_catchment_synced_at" TIMESTAMPTZ DEFAULT CAST('2026-03-01T00:00:00Z' AS TIMESTAMPTZ), ADD COLUMN "_catchment_deleted_at" TIMESTAMPTZ, ADD COLUMN "_catchment_delete_reason" TEXT, ADD COLUMN "_catchment_rejected_at" TIMESTAMPTZ;
ALTER TABLE "salesforce_incremental"."account" ALTER COLUMN "_catchment_synced_at" DROP DEFAULT;
ALTER TABLE "salesforce_incremental"."account" SET SCHEMA "salesforce";
CREATE TABLE "salesforce_incremental"."account" (
	"_catchment_attempt" TEXT,
	"_catchment_op" TEXT,
	"_catchment_job" TEXT,
	"_catchment_seq" BIGINT,
	"id" TEXT,
	"isdeleted" BOOLEAN,
	"masterrecordid" TEXT,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" TEXT,
	"amount__c" NUMERIC,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_read_at" TIMESTAMPTZ
);
DO $$
DECLARE
	one RECORD;
BEGIN
	FOR one IN SELECT DISTINCT grantee FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce_incremental"."account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON ' || '"salesforce_incremental"."account"' || ' FROM ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END;
	END LOOP;
	FOR one IN SELECT privilege_type, grantee, is_grantable FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce"."account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'GRANT ' || one.privilege_type || ' ON ' || '"salesforce_incremental"."account"' || ' TO ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END ||
			CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
	END LOOP;
END $$;
DO $$
DECLARE
	one RECORD;
BEGIN
	FOR one IN SELECT DISTINCT grantee FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce"."account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON ' || '"salesforce"."account"' || ' FROM ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END;
	END LOOP;
	FOR one IN SELECT privilege_type, grantee, is_grantable FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce"."_catchment_aside_account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'GRANT ' || one.privilege_type || ' ON ' || '"salesforce"."account"' || ' TO ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END ||
			CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
	END LOOP;
END $$;
DROP TABLE "salesforce"."_catchment_aside_account";
UPDATE "salesforce"."account" AS v
SET "_catchment_deleted_at" = coalesce(v."_catchment_at", CAST($1 AS TIMESTAMPTZ)), "_catchment_delete_reason" = CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END
WHERE coalesce(v."isdeleted", false);

ALTER TABLE "salesforce_incremental"."account" ADD COLUMN "_catchment_stamp" TIMESTAMPTZ GENERATED ALWAYS AS (coalesce("_catchment_at", "systemmodstamp", "_catchment_read_at")) STORED;
LOCK TABLE "salesforce"."account" IN ACCESS EXCLUSIVE MODE;
SELECT count(*), count(CASE WHEN v."_catchment_attempt" = CAST($1 AS TEXT) AND v."_catchment_job" IN (CAST($2 AS TEXT)) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."_catchment_stamp" IS NOT DISTINCT FROM coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") THEN 1 END),
	count(CASE WHEN coalesce(v."isdeleted", false) THEN 1 END)
FROM "salesforce_incremental"."account" v;
ALTER TABLE "salesforce"."account" RENAME TO "_catchment_aside_account";
ALTER TABLE "salesforce_incremental"."account" ALTER COLUMN "_catchment_stamp" DROP EXPRESSION;
ALTER TABLE "salesforce_incremental"."account" DROP COLUMN "_catchment_attempt", DROP COLUMN "_catchment_op", DROP COLUMN "_catchment_job", DROP COLUMN "_catchment_seq", DROP COLUMN "_catchment_at";
ALTER TABLE "salesforce_incremental"."account" RENAME COLUMN "_catchment_stamp" TO "_catchment_at";
ALTER TABLE "salesforce_incremental"."account" ADD COLUMN "_catchment_synced_at" TIMESTAMPTZ DEFAULT CAST('2026-03-01T00:00:00Z' AS TIMESTAMPTZ), ADD COLUMN "_catchment_deleted_at" TIMESTAMPTZ, ADD COLUMN "_catchment_delete_reason" TEXT, ADD COLUMN "_catchment_rejected_at" TIMESTAMPTZ;
ALTER TABLE "salesforce_incremental"."account" ALTER COLUMN "_catchment_synced_at" DROP DEFAULT;
ALTER TABLE "salesforce_incremental"."account" SET SCHEMA "salesforce";
CREATE TABLE "salesforce_incremental"."account" (
	"_catchment_attempt" TEXT,
	"_catchment_op" TEXT,
	"_catchment_job" TEXT,
	"_catchment_seq" BIGINT,
	"id" TEXT,
	"isdeleted" BOOLEAN,
	"masterrecordid" TEXT,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" TEXT,
	"amount__c" NUMERIC,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_read_at" TIMESTAMPTZ
);
DO $$
DECLARE
	one RECORD;
BEGIN
	FOR one IN SELECT DISTINCT grantee FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce_incremental"."account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON ' || '"salesforce_incremental"."account"' || ' FROM ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END;
	END LOOP;
	FOR one IN SELECT privilege_type, grantee, is_grantable FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce"."account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'GRANT ' || one.privilege_type || ' ON ' || '"salesforce_incremental"."account"' || ' TO ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END ||
			CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
	END LOOP;
END $$;
DO $$
DECLARE
	one RECORD;
BEGIN
	FOR one IN SELECT DISTINCT grantee FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce"."account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON ' || '"salesforce"."account"' || ' FROM ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END;
	END LOOP;
	FOR one IN SELECT privilege_type, grantee, is_grantable FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce"."_catchment_aside_account"' AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'GRANT ' || one.privilege_type || ' ON ' || '"salesforce"."account"' || ' TO ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END ||
			CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
	END LOOP;
END $$;
DROP TABLE "salesforce"."_catchment_aside_account";
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST($1 AS TEXT), CAST(v."id" AS TEXT), v."_catchment_at", v."_catchment_read_at", CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END, CAST($2 AS TIMESTAMPTZ)
FROM "salesforce"."account" v
WHERE coalesce(v."isdeleted", false);
DELETE FROM "salesforce"."account" AS v WHERE coalesce(v."isdeleted", false);

