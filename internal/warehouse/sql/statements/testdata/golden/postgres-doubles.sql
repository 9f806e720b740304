SELECT d.k, d.n, d.pages, coalesce(x.n, 0)
FROM (SELECT CAST(v."id" AS TEXT) COLLATE "C" AS k, count(*) AS n, count(DISTINCT v."_catchment_seq") AS pages
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" = $1 AND v."_catchment_job" = $2
	GROUP BY 1
	HAVING count(*) > 1) d
LEFT JOIN (SELECT CAST(v."id" AS TEXT) COLLATE "C" AS k, count(*) AS n
	FROM "salesforce_incremental"."account" v
	JOIN "salesforce_incremental"."account" w ON v."id" = w."id"
	WHERE v."_catchment_attempt" = $1 AND v."_catchment_job" = $2 AND w."_catchment_attempt" = $1 AND w."_catchment_job" = $2
		AND (v."id" IS DISTINCT FROM w."id" OR v."odd""name" IS DISTINCT FROM w."odd""name")
	GROUP BY 1) x ON x.k = d.k
WHERE d.k IS NOT NULL
ORDER BY CASE WHEN x.n > 0 THEN 0 ELSE 1 END, d.k
