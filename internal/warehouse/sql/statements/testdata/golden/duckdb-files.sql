SELECT f."id", CAST(f."checksum" AS VARCHAR), CAST(NULL AS TIMESTAMPTZ), CAST(f."contentsize" AS BIGINT), CAST(f."contentlocation" AS VARCHAR), l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."contentversion" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS VARCHAR) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND CAST(f."islatest" AS BOOLEAN)
	AND f."id" > CAST($2 AS VARCHAR)
	AND ((l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS VARCHAR), '')) OR coalesce(l.state, '') = 'aside' AND l.again_at <= CAST($3 AS TIMESTAMPTZ))
ORDER BY f."id"
LIMIT 9;
SELECT count(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS VARCHAR), '')) AND l.state = 'copied' THEN 1 END),
	CAST(sum(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS VARCHAR), '')) AND l.state = 'copied' THEN l.size END) AS BIGINT),
	count(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS VARCHAR), '')) AND l.state = 'nothing' THEN 1 END), count(CASE WHEN NOT (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS VARCHAR), '')) AND l.state = 'aside' THEN 1 END), count(CASE WHEN (l.record_id IS NULL OR coalesce(l.checksum, '') <> coalesce(CAST(f."checksum" AS VARCHAR), '')) THEN 1 END)
FROM "salesforce"."contentversion" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS VARCHAR) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND CAST(f."islatest" AS BOOLEAN);
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS VARCHAR) AND l.record_id > CAST($2 AS VARCHAR)
ORDER BY l.record_id
LIMIT 9;
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS VARCHAR) AND l.record_id IN (CAST($2 AS VARCHAR), CAST($3 AS VARCHAR))
ORDER BY l.record_id;
SELECT DISTINCT sha256 FROM "salesforce"."_catchment_files" WHERE sha256 IN (CAST($1 AS VARCHAR), CAST($2 AS VARCHAR));
DELETE FROM "salesforce"."_catchment_files" WHERE object = CAST($1 AS VARCHAR) AND record_id IN (CAST($2 AS VARCHAR), CAST($3 AS VARCHAR));

SELECT f."id", CAST(NULL AS VARCHAR), CAST(f."systemmodstamp" AS TIMESTAMPTZ), CAST(f."bodylength" AS BIGINT), CAST(NULL AS VARCHAR), l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."attachment" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS VARCHAR) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND f."id" > CAST($2 AS VARCHAR)
	AND ((l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) OR coalesce(l.state, '') = 'aside' AND l.again_at <= CAST($3 AS TIMESTAMPTZ))
ORDER BY f."id"
LIMIT 9;
SELECT count(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'copied' THEN 1 END),
	CAST(sum(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'copied' THEN l.size END) AS BIGINT),
	count(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'nothing' THEN 1 END), count(CASE WHEN NOT (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) AND l.state = 'aside' THEN 1 END), count(CASE WHEN (l.record_id IS NULL OR l.stamp IS DISTINCT FROM CAST(f."systemmodstamp" AS TIMESTAMPTZ)) THEN 1 END)
FROM "salesforce"."attachment" f
LEFT JOIN "salesforce"."_catchment_files" l ON l.object = CAST($1 AS VARCHAR) AND l.record_id = f."id"
WHERE f."_catchment_deleted_at" IS NULL;
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS VARCHAR) AND l.record_id > CAST($2 AS VARCHAR)
ORDER BY l.record_id
LIMIT 9;
SELECT l.record_id, l.state, l.sha256, l.md5, l.size, l.content_type, l.read_at, l.reason, l.tries, l.again_at, l.checksum, l.stamp
FROM "salesforce"."_catchment_files" l
WHERE l.object = CAST($1 AS VARCHAR) AND l.record_id IN (CAST($2 AS VARCHAR), CAST($3 AS VARCHAR))
ORDER BY l.record_id;
SELECT DISTINCT sha256 FROM "salesforce"."_catchment_files" WHERE sha256 IN (CAST($1 AS VARCHAR), CAST($2 AS VARCHAR));
DELETE FROM "salesforce"."_catchment_files" WHERE object = CAST($1 AS VARCHAR) AND record_id IN (CAST($2 AS VARCHAR), CAST($3 AS VARCHAR));

