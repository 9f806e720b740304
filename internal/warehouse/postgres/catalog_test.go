package postgres_test

import (
	"testing"

	"catchment/internal/warehouse/warehousetest/oversql"
)

// TestCatalog has the short way say what information_schema does.
func TestCatalog(t *testing.T) {
	t.Parallel()
	oversql.Catalog(t, open(t), []string{
		"CREATE SCHEMA s", "CREATE SCHEMA other",
		"CREATE DOMAIN s.money AS numeric(12, 2)", "CREATE DOMAIN s.code AS varchar(7)",
		`CREATE TABLE s.a (id TEXT PRIMARY KEY, b BOOLEAN, i INTEGER, l BIGINT, n NUMERIC, n2 NUMERIC(38, 7),
			n3 NUMERIC(5), v VARCHAR(12), v2 VARCHAR, c CHAR(3), bits BIT(4), bits2 BIT VARYING(9), d DATE,
			tm TIME(3), ts TIMESTAMPTZ(6), list INTEGER[], m s.money, k s.code, j JSONB, "q""uo te" TEXT)`,
		"ALTER TABLE s.a ADD gone TEXT", "ALTER TABLE s.a DROP gone",
		`CREATE TABLE s."odd. name" (x TEXT)`, "CREATE TABLE other.a (y INTEGER)",
		"CREATE VIEW s.v AS SELECT id, n2 FROM s.a",
	}, "SELECT CAST(column_name AS text), CAST(data_type AS text), CAST(coalesce(numeric_scale, 0) AS integer), "+
		"CAST(coalesce(character_maximum_length, 0) AS integer) FROM information_schema.columns "+
		"WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position")
}
