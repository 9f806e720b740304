package dialect

import (
	"fmt"
	"strings"

	"catchment/internal/plan"
)

// SchemasByName is the Schemas of a dialect that has pg_namespace. It needs asking: to
// make a schema that is there already takes the right to make one.
const SchemasByName = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1"

// RightsByACL is the Rights of a dialect whose catalog has lists of rights. It sees what information_schema hides
// from a user without rights.
const RightsByACL = `SELECT n.nspname,
	pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
	pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
	coalesce(CAST(t.relkind AS text), ''),
	coalesce(pg_catalog.pg_has_role(t.relowner, 'USAGE'), false),
	coalesce(pg_catalog.has_table_privilege(t.oid, 'SELECT') AND pg_catalog.has_table_privilege(t.oid, 'INSERT')
		AND pg_catalog.has_table_privilege(t.oid, 'UPDATE') AND pg_catalog.has_table_privilege(t.oid, 'DELETE'), false),
	EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'p')
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = $3
WHERE n.nspname IN ($1, $2)
ORDER BY 1`

// A Right is what this user may do with a table of a schema, as the catalog says.
type Right struct {
	Schema string
	Enters bool   // it may use what is in the schema
	Makes  bool   // and may make tables there
	Kind   string // of what has the table's name, as pg_class calls it; "" where nothing has
	Owns   bool   // it may change the table
	Writes bool   // it may read and write its rows
	Keyed  bool   // the table has a primary key
}

// Need is what is going to be done with a table.
type Need struct {
	Seen    bool // it was seen among the tables
	Changes bool // it gets other columns
	Loads   bool // pages are loaded into it: their constants are defaults of its columns, set for each
	Keys    bool // it has, or gets, a primary key
}

// Refuse tells why a table can't be made, changed or written as it has to be.
func (r Right) Refuse(d *Dialect, table string, n Need) error {
	name := r.Schema + "." + table
	to := " TO the user of warehouse.url"
	switch {
	case r.Kind != "" && !n.Seen && r.isTable():
		return plan.Fixf("rename that table, give Catchment a schema of its own, or grant it: GRANT SELECT, INSERT, "+
			"UPDATE, DELETE ON "+d.Table(r.Schema, table)+to,
			"table %s is there already, and this user has no right to it", name)
	case r.Kind != "" && !n.Seen:
		return plan.Fixf("rename it, or give Catchment a schema of its own",
			"%s is in the way: something that is no table has that name", name)
	case !r.Enters:
		return plan.Fixf("grant it: GRANT USAGE ON SCHEMA "+d.Quote(r.Schema)+to,
			"this user may not use what is in schema %s", r.Schema)
	case !n.Seen && !r.Makes:
		return plan.Fixf("grant it: GRANT CREATE ON SCHEMA "+d.Quote(r.Schema)+to,
			"this user may not make table %s", name)
	case n.Seen && !r.Owns && (n.Changes || n.Loads || n.Keys && !r.Keyed):
		return plan.Fixf(
			"make the user of warehouse.url its owner: ALTER TABLE "+d.Table(r.Schema, table)+" OWNER TO ...",
			"table %s belongs to another user, so this one may not change it", name)
	case n.Seen && !r.Writes:
		return plan.Fixf("grant it: GRANT SELECT, INSERT, UPDATE, DELETE ON "+d.Table(r.Schema, table)+to,
			"this user may not write table %s", name)
	}
	return nil
}

// isTable tells whether what has the table's name has rows.
func (r Right) isTable() bool { return strings.Contains("r p v m f", r.Kind) }

// Grant is the statements that let a role read tables of a schema; schema is whether it
// has to be let in first.
func (d *Dialect) Grant(role, schema string, enter bool, tables ...string) []Step {
	var all []Step
	give := func(right string) {
		sql := Fill("GRANT {right} TO {role}", Holes{"right": right, "role": fmt.Sprintf(d.Grantee, d.Quote(role))})
		all = append(all, Step{SQL: sql, Blind: true})
	}
	if enter {
		give("USAGE ON SCHEMA " + d.Quote(schema))
	}
	for _, table := range tables {
		give("SELECT ON " + d.Table(schema, table))
	}
	return all
}
