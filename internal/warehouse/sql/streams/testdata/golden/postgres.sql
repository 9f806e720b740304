
-- open
CREATE TABLE IF NOT EXISTS "salesforce_incremental"."_catchment_stream" (flow TEXT PRIMARY KEY, org TEXT, generation BIGINT, replay TEXT, event TEXT, moved_at TIMESTAMPTZ, seam TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS "salesforce_incremental"."_catchment_dirty" (table_name TEXT, record_key TEXT, since TIMESTAMPTZ, PRIMARY KEY (table_name, record_key));

-- apply, flag
SELECT count(*) FROM "salesforce_incremental"."_catchment_page" WHERE flow = $1;
CREATE TEMP TABLE "_catchment_delta" (record_key TEXT, act TEXT, stamp TIMESTAMPTZ, sets TEXT, v0 TEXT, v1 TEXT);
INSERT INTO "_catchment_delta" VALUES ($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12), ($13, $14, $15, $16, $17, $18);
INSERT INTO "salesforce_incremental"."_catchment_dirty" (table_name, record_key, since)
SELECT CAST($1 AS TEXT), e.record_key, CAST($2 AS TIMESTAMPTZ)
FROM "_catchment_delta" e
LEFT JOIN "salesforce"."contact" f ON f."id" = e.record_key
WHERE (e.act IN ('read')
		OR e.act IN ('set') AND f."id" IS NULL
		OR e.act IN ('make') AND f."id" IS NULL AND EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_tombstone" t WHERE t.table_name = 'contact' AND t.record_key = e.record_key)
		OR e.act IN ('set', 'make') AND f."id" IS NOT NULL AND (f."_catchment_at" IS NULL OR e.stamp >= f."_catchment_at") AND NOT (f."_catchment_deleted_at" IS NULL AND f."_catchment_rejected_at" IS NULL AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Contact' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))))
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_dirty" d WHERE d.table_name = CAST($1 AS TEXT) AND d.record_key = e.record_key);
UPDATE "salesforce"."contact" AS f
SET "_catchment_synced_at" = CAST($1 AS TIMESTAMPTZ),
	"_catchment_event_at" = CAST($1 AS TIMESTAMPTZ),
	"born" = CASE WHEN substr(e.sets, 1, 1) = '1' THEN CAST(e.v0 AS DATE) ELSE f."born" END,
	"odd""name" = CASE WHEN substr(e.sets, 2, 1) = '1' THEN e.v1 ELSE f."odd""name" END
FROM "_catchment_delta" e
WHERE f."id" = e.record_key AND e.act IN ('set', 'make')
	AND (f."_catchment_at" IS NULL OR e.stamp >= f."_catchment_at")
	AND (f."_catchment_deleted_at" IS NULL AND f."_catchment_rejected_at" IS NULL AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Contact' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT)));
UPDATE "salesforce"."contact" AS f
SET "_catchment_synced_at" = CAST($1 AS TIMESTAMPTZ),
	"_catchment_event_at" = CAST($1 AS TIMESTAMPTZ),
	"_catchment_deleted_at" = e.stamp,
	"_catchment_delete_reason" = 'soft',
	"isdeleted" = true
FROM "_catchment_delta" e
WHERE f."id" = e.record_key AND e.act IN ('gone')
	AND (f."_catchment_at" IS NULL OR e.stamp >= f."_catchment_at")
	AND (f."_catchment_deleted_at" IS NULL AND f."_catchment_rejected_at" IS NULL AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Contact' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT)));
INSERT INTO "salesforce"."contact" ("id", "_catchment_synced_at", "_catchment_event_at", "born", "odd""name", "isdeleted")
SELECT e.record_key, CAST($1 AS TIMESTAMPTZ), CAST($1 AS TIMESTAMPTZ), CAST(e.v0 AS DATE), e.v1, false
FROM "_catchment_delta" e
WHERE e.act IN ('make') AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_tombstone" t WHERE t.table_name = 'contact' AND t.record_key = e.record_key)
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."contact" f WHERE f."id" = e.record_key);
DROP TABLE "_catchment_delta";
DELETE FROM "salesforce_incremental"."_catchment_stream" WHERE flow = $1;
INSERT INTO "salesforce_incremental"."_catchment_stream" (flow, org, generation, replay, event, moved_at, seam) SELECT flow, org, generation, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TIMESTAMPTZ), CAST($4 AS TIMESTAMPTZ) FROM "salesforce_incremental"."_catchment_flow" WHERE flow = CAST($5 AS TEXT);

-- apply, remove
SELECT count(*) FROM "salesforce_incremental"."_catchment_page" WHERE flow = $1;
CREATE TEMP TABLE "_catchment_delta" (record_key TEXT, act TEXT, stamp TIMESTAMPTZ, sets TEXT, v0 TEXT, v1 TEXT);
INSERT INTO "_catchment_delta" VALUES ($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12), ($13, $14, $15, $16, $17, $18);
INSERT INTO "salesforce_incremental"."_catchment_dirty" (table_name, record_key, since)
SELECT CAST($1 AS TEXT), e.record_key, CAST($2 AS TIMESTAMPTZ)
FROM "_catchment_delta" e
LEFT JOIN "salesforce"."contact" f ON f."id" = e.record_key
WHERE (e.act IN ('read')
		OR e.act IN ('set') AND f."id" IS NULL
		OR e.act IN ('make') AND f."id" IS NULL AND EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_tombstone" t WHERE t.table_name = 'contact' AND t.record_key = e.record_key)
		OR e.act IN ('set', 'make', 'gone') AND f."id" IS NOT NULL AND (f."_catchment_at" IS NULL OR e.stamp >= f."_catchment_at") AND (e.act IN ('gone') OR NOT (f."_catchment_deleted_at" IS NULL AND f."_catchment_rejected_at" IS NULL AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Contact' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT)))))
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_dirty" d WHERE d.table_name = CAST($1 AS TEXT) AND d.record_key = e.record_key);
UPDATE "salesforce"."contact" AS f
SET "_catchment_synced_at" = CAST($1 AS TIMESTAMPTZ),
	"_catchment_event_at" = CAST($1 AS TIMESTAMPTZ),
	"born" = CASE WHEN substr(e.sets, 1, 1) = '1' THEN CAST(e.v0 AS DATE) ELSE f."born" END,
	"odd""name" = CASE WHEN substr(e.sets, 2, 1) = '1' THEN e.v1 ELSE f."odd""name" END
FROM "_catchment_delta" e
WHERE f."id" = e.record_key AND e.act IN ('set', 'make')
	AND (f."_catchment_at" IS NULL OR e.stamp >= f."_catchment_at")
	AND (f."_catchment_deleted_at" IS NULL AND f."_catchment_rejected_at" IS NULL AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Contact' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT)));
INSERT INTO "salesforce"."contact" ("id", "_catchment_synced_at", "_catchment_event_at", "born", "odd""name", "isdeleted")
SELECT e.record_key, CAST($1 AS TIMESTAMPTZ), CAST($1 AS TIMESTAMPTZ), CAST(e.v0 AS DATE), e.v1, false
FROM "_catchment_delta" e
WHERE e.act IN ('make') AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_tombstone" t WHERE t.table_name = 'contact' AND t.record_key = e.record_key)
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."contact" f WHERE f."id" = e.record_key);
DROP TABLE "_catchment_delta";
DELETE FROM "salesforce_incremental"."_catchment_stream" WHERE flow = $1;
INSERT INTO "salesforce_incremental"."_catchment_stream" (flow, org, generation, replay, event, moved_at, seam) SELECT flow, org, generation, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TIMESTAMPTZ), CAST($4 AS TIMESTAMPTZ) FROM "salesforce_incremental"."_catchment_flow" WHERE flow = CAST($5 AS TEXT);

-- unproven, proven, standing, position
SELECT record_key FROM "salesforce_incremental"."_catchment_dirty" WHERE table_name = CAST($1 AS TEXT) AND record_key > CAST($2 AS TEXT) UNION SELECT "id" FROM "salesforce"."contact" WHERE "_catchment_event_at" IS NOT NULL AND "id" > CAST($3 AS TEXT) ORDER BY 1 LIMIT 10;
DELETE FROM "salesforce_incremental"."_catchment_dirty" WHERE table_name = CAST($1 AS TEXT) AND record_key IN (CAST($2 AS TEXT), CAST($3 AS TEXT));
UPDATE "salesforce"."contact" SET "_catchment_event_at" = NULL WHERE "_catchment_event_at" IS NOT NULL AND "id" IN (CAST($1 AS TEXT), CAST($2 AS TEXT));
SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = $1 AND table_name = $2;
SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = $1 AND table_name = $2;
