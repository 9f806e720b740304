
-- settle
DELETE FROM "salesforce"."_catchment_archive" WHERE plan = CAST($1 AS VARCHAR(65535)) AND object = CAST($2 AS VARCHAR(65535)) AND record_id IN (CAST($3 AS VARCHAR(65535)));
INSERT INTO "salesforce"."_catchment_archive" (plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
UPDATE "salesforce"."contact"
SET "_catchment_deleted_at" = CAST($1 AS TIMESTAMPTZ), "_catchment_delete_reason" = CAST($3 AS VARCHAR(65535)), "_catchment_synced_at" = CAST($2 AS TIMESTAMPTZ),
	"_catchment_read_at" = CASE WHEN "_catchment_read_at" >= CAST($1 AS TIMESTAMPTZ) THEN "_catchment_read_at" ELSE CAST($1 AS TIMESTAMPTZ) END, "isdeleted" = true
WHERE "id" IN (CAST($4 AS VARCHAR(65535))) AND (NOT coalesce(("_catchment_delete_reason" = CAST($3 AS VARCHAR(65535)) OR "_catchment_delete_reason" IS NULL AND CAST($3 AS VARCHAR(65535)) IS NULL), false) OR NOT coalesce(("_catchment_deleted_at" = CAST($1 AS TIMESTAMPTZ) OR "_catchment_deleted_at" IS NULL AND CAST($1 AS TIMESTAMPTZ) IS NULL), false));
SELECT CAST(f."id" AS VARCHAR(65535)) FROM "salesforce"."contact" f WHERE f."id" IN (CAST($1 AS VARCHAR(65535))) AND f."_catchment_delete_reason" = CAST($2 AS VARCHAR(65535));

-- lines
SELECT plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id FROM "salesforce"."_catchment_archive"
WHERE (object > CAST($1 AS VARCHAR(65535)) OR object = CAST($1 AS VARCHAR(65535)) AND (record_id > CAST($2 AS VARCHAR(65535)) OR record_id = CAST($2 AS VARCHAR(65535)) AND plan > CAST($3 AS VARCHAR(65535)))) AND plan = CAST($4 AS VARCHAR(65535)) AND object = CAST($5 AS VARCHAR(65535)) AND state = CAST($6 AS VARCHAR(65535)) AND batch = 3
ORDER BY object, record_id, plan
LIMIT 9;

-- lookup
SELECT plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id FROM "salesforce"."_catchment_archive"
WHERE plan = CAST($1 AS VARCHAR(65535)) AND object = CAST($2 AS VARCHAR(65535)) AND record_id IN (CAST($3 AS VARCHAR(65535)), CAST($4 AS VARCHAR(65535)))
ORDER BY object, record_id, plan;

-- tally, plans, rows
SELECT object, level, state, count(*) FROM "salesforce"."_catchment_archive" WHERE plan = $1
GROUP BY object, level, state
ORDER BY object, level, state;
SELECT plan FROM "salesforce"."_catchment_archive" GROUP BY plan ORDER BY plan;
SELECT CAST(f."id" AS VARCHAR(65535)), f."_catchment_delete_reason", CAST(f."id" AS VARCHAR(65535)), CASE WHEN f."isdeleted" THEN 'true' WHEN NOT f."isdeleted" THEN 'false' END, CAST(f."odd""name" AS VARCHAR(65535))
FROM "salesforce"."contact" f
WHERE f."id" IN (CAST($1 AS VARCHAR(65535)), CAST($2 AS VARCHAR(65535)));

-- hide
SELECT DISTINCT record_id FROM "salesforce"."_catchment_archive" WHERE object = CAST($1 AS VARCHAR(65535)) AND record_id IN (CAST($2 AS VARCHAR(65535)));
SELECT DISTINCT new_id FROM "salesforce"."_catchment_archive" WHERE object = CAST($1 AS VARCHAR(65535)) AND new_id IN (CAST($2 AS VARCHAR(65535)));
