CREATE TEMP TABLE "_catchment_copy" ("id" VARCHAR(72), "od""d" TIMESTAMPTZ, "amount__c" VARCHAR(256), "rate__c" VARCHAR(256), "opens__c" VARCHAR(256), "body" VARCHAR(65535));
COPY "_catchment_copy" ("id", "od""d", "amount__c", "rate__c", "opens__c", "body")
FROM 's3://bucket/run/1.csv.gz.manifest'
IAM_ROLE default
MANIFEST FORMAT AS CSV IGNOREHEADER 1 NULL AS '' GZIP
DATEFORMAT 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF;
SELECT pg_last_copy_count();
SELECT count(CASE WHEN upper("amount__c") LIKE '%E%' THEN 1 END), count(CASE WHEN upper("rate__c") LIKE '%E%' THEN 1 END) FROM "_catchment_copy";
INSERT INTO "s"."account" ("id", "od""d", "amount__c", "rate__c", "opens__c", "body", "_catchment_op", "_catchment_attempt", "_catchment_job", "_catchment_read_at", "_catchment_seq")
SELECT r."id", r."od""d", CAST(r."amount__c" AS DECIMAL(38,4)), CAST(CASE WHEN upper(r."rate__c") LIKE '%E%'
	THEN CASE WHEN r."rate__c" LIKE '-%' THEN '-' ELSE '' END
		|| CASE WHEN (length(split_part(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', 1)) + CAST(replace(split_part(upper(r."rate__c"), 'E', 2), '+', '') AS INTEGER)) <= 0 THEN '0.' || repeat('0', -(length(split_part(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', 1)) + CAST(replace(split_part(upper(r."rate__c"), 'E', 2), '+', '') AS INTEGER))) || replace(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', '')
			WHEN (length(split_part(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', 1)) + CAST(replace(split_part(upper(r."rate__c"), 'E', 2), '+', '') AS INTEGER)) >= length(replace(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', '')) THEN replace(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', '') || repeat('0', (length(split_part(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', 1)) + CAST(replace(split_part(upper(r."rate__c"), 'E', 2), '+', '') AS INTEGER)) - length(replace(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', '')))
			ELSE left(replace(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', ''), (length(split_part(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', 1)) + CAST(replace(split_part(upper(r."rate__c"), 'E', 2), '+', '') AS INTEGER))) || '.' || substring(replace(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', ''), (length(split_part(replace(split_part(upper(r."rate__c"), 'E', 1), '-', ''), '.', 1)) + CAST(replace(split_part(upper(r."rate__c"), 'E', 2), '+', '') AS INTEGER)) + 1) END
	ELSE r."rate__c" END AS DECIMAL(38,6)), CAST(replace(r."opens__c", 'Z', '') AS TIME), r."body", 'put', 'it''s', 'j', CAST('1970-01-01T00:00:00Z' AS TIMESTAMPTZ), 7
FROM "_catchment_copy" r;
DROP TABLE "_catchment_copy";
