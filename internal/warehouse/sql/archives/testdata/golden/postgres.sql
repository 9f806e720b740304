
-- settle
DELETE FROM "salesforce"."_catchment_archive" WHERE plan = CAST($1 AS TEXT) AND object = CAST($2 AS TEXT) AND record_id IN (CAST($3 AS TEXT));
INSERT INTO "salesforce"."_catchment_archive" (plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
UPDATE "salesforce"."contact"
SET "_catchment_deleted_at" = CAST($1 AS TIMESTAMPTZ), "_catchment_delete_reason" = CAST($3 AS TEXT), "_catchment_synced_at" = CAST($2 AS TIMESTAMPTZ),
	"_catchment_read_at" = CASE WHEN "_catchment_read_at" >= CAST($1 AS TIMESTAMPTZ) THEN "_catchment_read_at" ELSE CAST($1 AS TIMESTAMPTZ) END, "isdeleted" = true
WHERE "id" IN (CAST($4 AS TEXT)) AND ("_catchment_delete_reason" IS DISTINCT FROM CAST($3 AS TEXT) OR "_catchment_deleted_at" IS DISTINCT FROM CAST($1 AS TIMESTAMPTZ));
SELECT CAST(f."id" AS TEXT) FROM "salesforce"."contact" f WHERE f."id" IN (CAST($1 AS TEXT)) AND f."_catchment_delete_reason" = CAST($2 AS TEXT);

-- lines
SELECT plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id FROM "salesforce"."_catchment_archive"
WHERE (object COLLATE "C" > CAST($1 AS TEXT) OR object = CAST($1 AS TEXT) AND (record_id COLLATE "C" > CAST($2 AS TEXT) OR record_id = CAST($2 AS TEXT) AND plan COLLATE "C" > CAST($3 AS TEXT))) AND plan = CAST($4 AS TEXT) AND object = CAST($5 AS TEXT) AND state = CAST($6 AS TEXT) AND batch = 3
ORDER BY object COLLATE "C", record_id COLLATE "C", plan COLLATE "C"
LIMIT 9;

-- lookup
SELECT plan, object, record_id, level, state, reason, stamp, digest, batch, proven_at, ended_at, new_id FROM "salesforce"."_catchment_archive"
WHERE plan = CAST($1 AS TEXT) AND object = CAST($2 AS TEXT) AND record_id IN (CAST($3 AS TEXT), CAST($4 AS TEXT))
ORDER BY object COLLATE "C", record_id COLLATE "C", plan COLLATE "C";

-- tally, plans, rows
SELECT object, level, state, count(*) FROM "salesforce"."_catchment_archive" WHERE plan = $1
GROUP BY object, level, state
ORDER BY object COLLATE "C", level, state COLLATE "C";
SELECT plan FROM "salesforce"."_catchment_archive" GROUP BY plan ORDER BY plan COLLATE "C";
SELECT CAST(f."id" AS TEXT), f."_catchment_delete_reason", CAST(f."id" AS TEXT), CASE WHEN f."isdeleted" THEN 'true' WHEN NOT f."isdeleted" THEN 'false' END, CAST(f."odd""name" AS TEXT)
FROM "salesforce"."contact" f
WHERE f."id" IN (CAST($1 AS TEXT), CAST($2 AS TEXT));

-- hide
SELECT DISTINCT record_id FROM "salesforce"."_catchment_archive" WHERE object = CAST($1 AS TEXT) AND record_id IN (CAST($2 AS TEXT));
SELECT DISTINCT new_id FROM "salesforce"."_catchment_archive" WHERE object = CAST($1 AS TEXT) AND new_id IN (CAST($2 AS TEXT));
