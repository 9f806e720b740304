package duckdb

import "catchment/internal/warehouse/sql/dialect"

// promotes is how many rows a first page has at least whose table is to become the final one: for fewer, the
// changes to the catalog take as long as writing the rows once more.
const promotes = 10_000

// promotion makes a final table of one that lies beside it, since no table can be moved into another schema. It
// bears several changes to one table in a transaction, as long as no row of it was changed before.
func promotion() *dialect.Promotion {
	return &dialect.Promotion{Least: promotes, Apart: true, Others: othersOfFinal}
}

// othersOfFinal counts what others have made of a final table, and would be lost with it: indexes, constraints,
// comments, tags, defaults. Views look it up by its name, and stay. A view in its place isn't replaced either.
const othersOfFinal = `WITH plain AS (
	SELECT 1
	FROM duckdb_tables()
	WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2 AND comment IS NULL
		AND cardinality(tags) = 0 AND index_count = 0 AND check_constraint_count = 0 AND NOT has_primary_key
), others AS (
	SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM plain)
	UNION ALL
	SELECT 1
	FROM duckdb_columns()
	WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2
		AND (comment IS NOT NULL OR column_default IS NOT NULL OR NOT is_nullable)
	UNION ALL
	SELECT 1
	FROM duckdb_constraints()
	WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2
)
SELECT count(*) FROM others`
