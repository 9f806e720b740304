DROP TABLE IF EXISTS "salesforce"."_catchment_rows_wide__c";
ALTER TABLE "salesforce"."wide__c" RENAME TO "_catchment_rows_wide__c";
ALTER TABLE "salesforce"."_catchment_rows_wide__c" ADD COLUMN "_catchment_overflow" JSONB;
UPDATE "salesforce"."_catchment_rows_wide__c"
SET "_catchment_overflow" = nullif((coalesce("_catchment_overflow", jsonb_build_object()) - CAST(ARRAY[] AS TEXT[])) || coalesce(jsonb_strip_nulls(jsonb_build_object('n', "n", 'it''s', "it's")), jsonb_build_object()), jsonb_build_object()), "n" = NULL, "it's" = NULL
WHERE "n" IS NOT NULL OR "it's" IS NOT NULL;
ALTER TABLE "salesforce"."_catchment_rows_wide__c" DROP COLUMN "n", DROP COLUMN "it's";
CREATE OR REPLACE VIEW "salesforce"."wide__c" AS SELECT
	r."id" AS "id",
	CAST((r."_catchment_overflow" ->> 'n') AS numeric) AS "n",
	(r."_catchment_overflow" ->> 'it''s') AS "it's",
	r."_catchment_at" AS "_catchment_at"
FROM "salesforce"."_catchment_rows_wide__c" r;
DO $$
DECLARE
	one RECORD;
BEGIN
	FOR one IN SELECT grantee, is_grantable FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST('"salesforce"."_catchment_rows_wide__c"' AS REGCLASS) AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'GRANT SELECT ON ' || '"salesforce"."wide__c"' || ' TO ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END ||
			CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
	END LOOP;
END $$;
ALTER TABLE "salesforce_incremental"."wide__c" ADD COLUMN IF NOT EXISTS "_catchment_overflow" JSONB;
COPY "s"."wide__c" ("id", "at", "_catchment_overflow") FROM STDIN (FORMAT csv, HEADER true, NULL '', FORCE_NULL ("id", "at", "_catchment_overflow"), ENCODING 'UTF8');
