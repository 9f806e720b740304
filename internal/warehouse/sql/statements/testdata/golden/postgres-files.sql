SELECT f."id", CAST(f."checksum" AS TEXT), CAST(NULL AS TIMESTAMPTZ), CAST(f."contentsize" AS BIGINT), CAST(f."contentlocation" AS TEXT), l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."contentversion" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS TEXT) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND CAST(f."islatest" AS BOOLEAN)
	AND f."id" COLLATE "C" > CAST($2 AS TEXT)
	AND ((l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS TEXT), '')) OR coalesce(l.state, '') = 'aside' AND l.again_at <= CAST($3 AS TIMESTAMPTZ))
ORDER BY f."id" COLLATE "C"
LIMIT 9;
SELECT count(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS TEXT), '')) AND l.state = 'copied' THEN 1 END),
	CAST(sum(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS TEXT), '')) AND l.state = 'copied' THEN l.size END) AS BIGINT),
	count(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS TEXT), '')) AND l.state = 'nothing' THEN 1 END), count(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS TEXT), '')) AND l.state = 'aside' THEN 1 END), count(CASE WHEN (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS TEXT), '')) THEN 1 END)
FROM "salesforce"."contentversion" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS TEXT) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND CAST(f."islatest" AS BOOLEAN);
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS TEXT) AND l.record_id COLLATE "C" > CAST($2 AS TEXT)
ORDER BY l.record_id COLLATE "C"
LIMIT 9;
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS TEXT) AND l.record_id IN (CAST($2 AS TEXT), CAST($3 AS TEXT))
ORDER BY l.record_id COLLATE "C";
SELECT DISTINCT sha256 FROM "salesforce"."_catchment_files" WHERE sha256 IN (CAST($1 AS TEXT), CAST($2 AS TEXT));
DELETE FROM "salesforce"."_catchment_files" WHERE object = CAST($1 AS TEXT) AND record_id IN (CAST($2 AS TEXT), CAST($3 AS TEXT));

SELECT f."id", CAST(NULL AS TEXT), CAST(f."systemmodstamp" AS TIMESTAMPTZ), CAST(f."bodylength" AS BIGINT), CAST(NULL AS TEXT), l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."attachment" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS TEXT) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND f."id" COLLATE "C" > CAST($2 AS TEXT)
	AND ((l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) OR coalesce(l.state, '') = 'aside' AND l.again_at <= CAST($3 AS TIMESTAMPTZ))
ORDER BY f."id" COLLATE "C"
LIMIT 9;
SELECT count(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'copied' THEN 1 END),
	CAST(sum(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'copied' THEN l.size END) AS BIGINT),
	count(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'nothing' THEN 1 END), count(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'aside' THEN 1 END), count(CASE WHEN (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) THEN 1 END)
FROM "salesforce"."attachment" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS TEXT) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL;
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS TEXT) AND l.record_id COLLATE "C" > CAST($2 AS TEXT)
ORDER BY l.record_id COLLATE "C"
LIMIT 9;
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS TEXT) AND l.record_id IN (CAST($2 AS TEXT), CAST($3 AS TEXT))
ORDER BY l.record_id COLLATE "C";
SELECT DISTINCT sha256 FROM "salesforce"."_catchment_files" WHERE sha256 IN (CAST($1 AS TEXT), CAST($2 AS TEXT));
DELETE FROM "salesforce"."_catchment_files" WHERE object = CAST($1 AS TEXT) AND record_id IN (CAST($2 AS TEXT), CAST($3 AS TEXT));

