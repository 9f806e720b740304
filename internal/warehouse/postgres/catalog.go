package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgtype"

	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// What is asked here is what information_schema says of one table, without the parts of it
// that take ten times as long to plan as to answer.

// ofTable finds table $2 of schema $1.
const ofTable = `FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1 AND c.relname = $2 `

// columnsOf is the columns that this user has any right to, as in information_schema.columns: name, type in words, and
// the type's number with what modifies it, which domains say of the type that they are of. Functions that work
// these out are put into the query each time it is planned, which takes longer than the rest of it.
const columnsOf = `SELECT CAST(a.attname AS text),
	CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
		ELSE pg_catalog.format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL) END,
	CASE WHEN CAST(t.typtype AS text) = 'd' THEN t.typbasetype ELSE a.atttypid END,
	CASE WHEN CAST(t.typtype AS text) = 'd' THEN t.typtypmod ELSE a.atttypmod END
` + ofTable + `JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE CAST(c.relkind AS text) IN ('r', 'v', 'f', 'p') AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR
	pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))
ORDER BY a.attnum`

// keysOf counts the primary keys of a table.
const keysOf = `SELECT count(*) ` + ofTable +
	`JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND CAST(k.contype AS text) = 'p'`

// Columns are those of a table or a view, in their order; none where there is neither.
func (t *tx) Columns(ctx context.Context, schema, table string) ([]dialect.Stored, error) {
	var all []dialect.Stored
	err := t.Query(ctx, func(scan sql.Scan) error {
		var c dialect.Stored
		var of uint32
		var modifier int32
		err := scan(&c.Name, &c.Type, &of, &modifier)
		c.Scale, c.Bytes = measures(of, modifier)
		all = append(all, c)
		return err
	}, columnsOf, schema, table)
	return all, err
}

// measures is the scale and the length that a type has by its modifier, as information_schema works them out; 0 where
// it has none. A header of four bytes is counted in the modifiers of some.
func measures(of uint32, modifier int32) (scale, length int) {
	const header = 4
	switch {
	case modifier == -1:
		return 0, 0
	case of == pgtype.NumericOID:
		return int(modifier-header) & 0xffff, 0
	case of == pgtype.BPCharOID || of == pgtype.VarcharOID:
		return 0, int(modifier - header)
	case of == pgtype.BitOID || of == pgtype.VarbitOID:
		return 0, int(modifier)
	}
	return 0, 0
}

// Keyed tells whether a table has a primary key.
func (t *tx) Keyed(ctx context.Context, schema, table string) (bool, error) {
	var keys int64
	err := t.Query(ctx, func(scan sql.Scan) error { return scan(&keys) }, keysOf, schema, table)
	return keys > 0, err
}
