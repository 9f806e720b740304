package postgres

import (
	"fmt"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// searchPath is where every session of ours looks names up: nobody else can put an
// operator, a function or a type there. What is temporary comes last, since it would
// come first where nobody says so.
const searchPath = "pg_catalog, pg_temp"

// Dialect is the dialect of PostgreSQL 15 and later.
func Dialect() *dialect.Dialect {
	return &dialect.Dialect{
		Name: "postgres",
		Types: []dialect.ColumnType{ // COPY makes each of them of its text
			{Kind: shape.Text, Name: "TEXT", Stored: "TEXT", Width: 21},
			{Kind: shape.Bool, Name: "BOOLEAN", Stored: "BOOLEAN", Width: 1},
			{Kind: shape.Int, Name: "INTEGER", Stored: "INTEGER", Width: 4},
			{Kind: shape.Long, Name: "BIGINT", Stored: "BIGINT", Width: 8},
			{Kind: shape.Decimal, Name: "NUMERIC", Stored: "NUMERIC", Width: 16},
			{Kind: shape.Date, Name: "DATE", Stored: "DATE", Width: 4},
			{Kind: shape.Time, Name: "TIME", Stored: "TIME WITHOUT TIME ZONE", Width: 8},
			{Kind: shape.Timestamp, Name: "TIMESTAMPTZ", Stored: "TIMESTAMP WITH TIME ZONE", Width: 8},
		},
		Room: room.Limits{Whole: 131_072, Fraction: 16_383, // PostgreSQL documentation, "Numeric Types"
			Dates: room.Years{First: 1, Last: 5_874_896}, Stamps: room.Years{First: 1, Last: 294_275}},
		Grantee:    "%s",
		Granted:    grantedByACL,
		Savepoints: true,
		Place:      "ctid",
		Bytewise:   ` COLLATE "C"`,
		Locks:      true,
		Enforces:   true,
		Retypes:    true,
		Targets:    true,
		Distincts:  true,

		TransactionalDDL: true,

		LongestName: 63,
		Path:        searchPath,
		Clock:       "clock_timestamp()",
		Unlogged:    "UNLOGGED ",
		RowID:       "ctid",
		Views:       dialect.ViewsByDependency,
		Encoding: "SELECT pg_catalog.pg_encoding_to_char(encoding) FROM pg_catalog.pg_database " +
			"WHERE datname = current_database()",
		Schemas:  dialect.SchemasByName,
		Rights:   dialect.RightsByACL,
		Owners:   ownersByRole,
		System:   "tableoid xmin cmin xmax cmax ctid",
		Overflow: overflow(),

		Promotion: promotion(),

		Index:     "CREATE INDEX ON {table} ({columns})",
		Unique:    "CREATE UNIQUE INDEX {index} ON {table} ({key}) NULLS NOT DISTINCT",
		Ordered:   "SET LOCAL enable_hashjoin = off",
		Unordered: "SET LOCAL enable_hashjoin = DEFAULT",

		PagesPerLoad: 1, // COPY takes one after the other, each in one go
	}
}

// overflow keeps what a row has no room for in a jsonb. A row is in one page of 8 KB
// (PostgreSQL documentation, 73.6), of which 24 bytes are its header; a longer value goes
// elsewhere, but one of up to 24 bytes with its own header of 4 can't (73.2).
func overflow() *dialect.Overflow {
	return &dialect.Overflow{
		Room:   8160 - 24,
		Type:   "JSONB",
		Get:    "({map} ->> {name})",
		Row:    "LEFT JOIN LATERAL jsonb_to_record({map}) o ({columns}) ON true",
		Make:   "jsonb_strip_nulls(jsonb_build_object({pairs}))",
		Names:  "CAST(ARRAY[{names}] AS TEXT[])",
		Listed: "string_to_array({list}, ',')",
		Merge: "nullif((coalesce({old}, jsonb_build_object()) - {names}) || coalesce({new}, jsonb_build_object()), " +
			"jsonb_build_object())",
		Uses: `SELECT a.attname,
	regexp_replace(pg_describe_object(d.classid, d.objid, d.objsubid), '^.*_RETURN"? on ', '')
FROM pg_depend d
JOIN pg_class t ON t.oid = d.refobjid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.refclassid = CAST('pg_class' AS REGCLASS) AND n.nspname = $1 AND t.relname = $2
GROUP BY 1, 2
ORDER BY 1, 2`,
		Rights: `DO $$
DECLARE
	one RECORD;
BEGIN
	FOR one IN SELECT grantee, is_grantable FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST({rows} AS REGCLASS) AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'GRANT SELECT ON ' || {view} || ' TO ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END ||
			CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
	END LOOP;
END $$`,
	}
}

// copyText is the statement by which PostgreSQL takes one page, as it comes or as tuples.
// Salesforce has no empty texts: both an empty field and a quoted one are null.
// PostgreSQL skips the header and goes by the order that c has; an overflow comes last.
func copyText(c sql.Copy, tuples bool) string {
	var names []string
	for _, col := range c.Columns {
		if !col.Apart {
			names = append(names, col.Name)
		}
	}
	if gathered(c) {
		names = append(names, own.Overflow)
	}
	list := Dialect().List("", names)
	if tuples {
		return fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", c.Into, list)
	}
	return fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT csv, HEADER true, NULL '', FORCE_NULL (%s), ENCODING 'UTF8')",
		c.Into, list, list)
}

// copyConstants is the statement that makes PostgreSQL fill in what all rows
// of page p have in common, while it copies them: column defaults. Filling
// them in afterwards would write each row twice, and adding them to the text
// would have it parsed a million times.
func copyConstants(c sql.Copy, p warehouse.Page) string {
	d := Dialect()
	values := []string{dialect.Literal(string(c.Op)), dialect.Literal(c.Attempt), dialect.Literal(c.Job),
		d.Moment(c.ReadAt), fmt.Sprint(p.Seq)}
	set := make([]string, len(values))
	for i, name := range own.Loaded() {
		set[i] = "ALTER COLUMN " + d.Quote(name) + " SET DEFAULT " + values[i]
	}
	return "ALTER TABLE " + c.Into + " " + strings.Join(set, ", ")
}

// copyNoConstants takes the defaults away again, so that a row that somebody
// else puts into staging isn't taken for one of ours.
func copyNoConstants(c sql.Copy) string {
	d := Dialect()
	var drop []string
	for _, name := range own.Loaded() {
		drop = append(drop, "ALTER COLUMN "+d.Quote(name)+" DROP DEFAULT")
	}
	return "ALTER TABLE " + c.Into + " " + strings.Join(drop, ", ")
}

// grantedByACL asks the lists of rights in the catalog. PUBLIC is a role in GRANT, and no role there.
const grantedByACL = `SELECT count(*)
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(t.relacl) a
LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
WHERE n.nspname = $1 AND t.relname = $2 AND a.privilege_type = 'SELECT'
	AND (r.rolname = $3 OR a.grantee = 0 AND $3 = 'public')`

// ownersByRole asks for what strangers own. Whom this user needn't
// trust is everybody but himself and the roles that he is a member of, superusers, and the
// owner of the database; of a superuser too, who would pass for a member of all.
const ownersByRole = `WITH RECURSIVE ours (role) AS (
	SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
	UNION
	SELECT m.roleid FROM ours JOIN pg_catalog.pg_auth_members m ON m.member = ours.role
), trusted (role) AS (
	SELECT role FROM ours
	UNION
	SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper OR r.rolname = 'pg_database_owner'
	UNION
	SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = current_database()
), things (schema_name, name, owner) AS (
	SELECT n.nspname, NULL, n.nspowner FROM pg_catalog.pg_namespace n WHERE n.nspname IN ({schemas})
	UNION ALL
	SELECT n.nspname, c.relname, c.relowner
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ({schemas}) AND c.relname IN ({names}) AND CAST(c.relkind AS text) IN ('r', 'p', 'v', 'm', 'f')
)
SELECT CAST(schema_name AS text), coalesce(CAST(name AS text), ''), CAST(pg_catalog.pg_get_userbyid(owner) AS text)
FROM things
WHERE NOT EXISTS (SELECT 1 FROM trusted WHERE role = owner)
ORDER BY 1, 2`
