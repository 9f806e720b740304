package statements

import (
	"strings"

	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Doubles is the query for the keys that a job of an attempt, $2 and $1, has in
// staging more than once: each with its rows, in how many pages they are, and how
// many pairs of them differ in one of columns. Keys that differ come first.
func (s *Tables) Doubles(columns []string) string {
	differs := make([]string, len(columns))
	for i, c := range columns {
		differs[i] = s.Dialect.Differs(s.Col("v", c), s.Col("w", c))
	}
	return dialect.Fill(`SELECT d.k, d.n, d.pages, coalesce(x.n, 0)
FROM (SELECT {key} AS k, count(*) AS n, count(DISTINCT {seq}) AS pages
	FROM {staging} v
	WHERE {v_attempt} = $1 AND {v_job} = $2
	GROUP BY 1
	HAVING count(*) > 1) d
LEFT JOIN (SELECT {key} AS k, count(*) AS n
	FROM {staging} v
	JOIN {staging} w ON {same}
	WHERE {v_attempt} = $1 AND {v_job} = $2 AND {w_attempt} = $1 AND {w_job} = $2
		AND ({differs})
	GROUP BY 1) x ON x.k = d.k
WHERE d.k IS NOT NULL
ORDER BY CASE WHEN x.n > 0 THEN 0 ELSE 1 END, d.k`, dialect.Holes{
		"key": s.RecordKey("v") + s.Dialect.Bytewise, "seq": s.Col("v", own.Seq), "staging": s.Staging(),
		"same": s.SameKey("v", "w"), "differs": strings.Join(differs, " OR "),
		"v_attempt": s.Col("v", own.Attempt), "v_job": s.Col("v", own.Job),
		"w_attempt": s.Col("w", own.Attempt), "w_job": s.Col("w", own.Job),
	})
}
