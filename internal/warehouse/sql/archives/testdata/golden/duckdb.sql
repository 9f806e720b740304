
-- settle
DELETE FROM "salesforce"."_catchment_archive" WHERE plan = CAST($1 AS VARCHAR) AND object = CAST($2 AS VARCHAR) AND record_id IN (CAST($3 AS VARCHAR));
INSERT INTO "salesforce"."_catchment_archive" (plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
UPDATE "salesforce"."contact"
SET "_catchment_deleted_at" = CAST($1 AS TIMESTAMPTZ), "_catchment_delete_reason" = CAST($3 AS VARCHAR), "_catchment_synced_at" = CAST($2 AS TIMESTAMPTZ),
	"_catchment_read_at" = CASE WHEN "_catchment_read_at" >= CAST($1 AS TIMESTAMPTZ) THEN "_catchment_read_at" ELSE CAST($1 AS TIMESTAMPTZ) END, "isdeleted" = true
WHERE "id" IN (CAST($4 AS VARCHAR)) AND ("_catchment_delete_reason" IS DISTINCT FROM CAST($3 AS VARCHAR) OR "_catchment_deleted_at" IS DISTINCT FROM CAST($1 AS TIMESTAMPTZ));
SELECT CAST(f."id" AS VARCHAR) FROM "salesforce"."contact" f WHERE f."id" IN (CAST($1 AS VARCHAR)) AND f."_catchment_delete_reason" = CAST($2 AS VARCHAR);

-- lines
SELECT plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id FROM "salesforce"."_catchment_archive"
WHERE (object > CAST($1 AS VARCHAR) OR object = CAST($1 AS VARCHAR) AND (record_id > CAST($2 AS VARCHAR) OR record_id = CAST($2 AS VARCHAR) AND plan > CAST($3 AS VARCHAR))) AND plan = CAST($4 AS VARCHAR) AND object = CAST($5 AS VARCHAR) AND state = CAST($6 AS VARCHAR) AND batch = 3
ORDER BY object, record_id, plan
LIMIT 9;

-- lookup
SELECT plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id FROM "salesforce"."_catchment_archive"
WHERE plan = CAST($1 AS VARCHAR) AND object = CAST($2 AS VARCHAR) AND record_id IN (CAST($3 AS VARCHAR), CAST($4 AS VARCHAR))
ORDER BY object, record_id, plan;

-- tally, plans, rows
SELECT object, level, state, count(*) FROM "salesforce"."_catchment_archive" WHERE plan = $1
GROUP BY object, level, state
ORDER BY object, level, state;
SELECT plan FROM "salesforce"."_catchment_archive" GROUP BY plan ORDER BY plan;
SELECT CAST(f."id" AS VARCHAR), f."_catchment_delete_reason", CAST(f."id" AS VARCHAR), CASE WHEN f."isdeleted" THEN 'true' WHEN NOT f."isdeleted" THEN 'false' END, CAST(f."odd""name" AS VARCHAR)
FROM "salesforce"."contact" f
WHERE f."id" IN (CAST($1 AS VARCHAR), CAST($2 AS VARCHAR));

-- hide
SELECT DISTINCT record_id FROM "salesforce"."_catchment_archive" WHERE object = CAST($1 AS VARCHAR) AND record_id IN (CAST($2 AS VARCHAR));
SELECT DISTINCT new_id FROM "salesforce"."_catchment_archive" WHERE object = CAST($1 AS VARCHAR) AND new_id IN (CAST($2 AS VARCHAR));
