package translate

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// missing are functions of PostgreSQL that Redshift, which grew out of
// PostgreSQL 8, has never heard of.
func missing() []string {
	return []string{
		"array_agg", "array_append", "array_cat", "array_length", "array_position", "array_remove", "array_to_string",
		"array_upper", "cardinality", "clock_timestamp", "concat_ws", "every", "format", "gen_random_uuid",
		"generate_subscripts", "json_agg", "json_build_object", "json_each", "jsonb_agg", "jsonb_array_elements",
		"jsonb_build_object", "jsonb_each", "jsonb_set", "make_date", "make_interval", "make_timestamp", "num_nonnulls",
		"num_nulls", "parse_ident", "pg_advisory_lock", "pg_advisory_xact_lock", "pg_try_advisory_lock", "pg_typeof",
		"quote_nullable", "regexp_matches", "regexp_split_to_array", "regexp_split_to_table", "row_to_json", "setseed",
		"starts_with", "statement_timestamp", "string_agg", "string_to_array", "to_json", "to_jsonb", "to_regclass",
		"transaction_timestamp", "unnest", "width_bucket", "xmlagg", "txid_current", "pg_current_xact_id", "div",
		"overlay", "bit_length", "convert_from", "convert_to",
	}
}

// leaderOnly are functions that work as long as no table of a user is read
// (Developer Guide, "SQL functions supported on the leader node").
func leaderOnly() []string {
	return []string{
		"age", "current_schema", "current_schemas", "generate_series", "has_database_privilege", "has_schema_privilege",
		"has_table_privilege", "isfinite", "now", "pg_get_expr", "pg_get_constraintdef", "pg_sleep", "timeofday",
	}
}

// refuse finds what Redshift's parser doesn't take in a query.
func refuse(s lex.Statement) error {
	for i, t := range s {
		rest := s[i:]
		after := rest[1:]
		switch {
		case t.Kind != lex.Word && !t.Is("["):
		case rest.Starts("on", "conflict"):
			return failure.Near(t.Text)
		case rest.Starts("returning"):
			return failure.Near(t.Text)
		case rest.Starts("lateral"):
			return failure.Near(t.Text)
		case rest.Starts("distinct", "on", "("):
			return failure.New(failure.Unsupported, "SELECT DISTINCT ON is not supported")
		case rest.Starts("distinct", "from") && i > 0 && s[i-1].Is("is", "not"):
			return failure.Near(t.Text)
		case rest.Starts("filter", "(", "where"):
			return failure.Near("(")
		case rest.Starts("for", "update"), rest.Starts("for", "share"), rest.Starts("for", "no", "key"):
			return failure.New(failure.Unsupported, "SELECT FOR UPDATE/SHARE is not supported")
		case rest.Starts("values", "(") && i > 0 && s[i-1].Is("("):
			return failure.Near(t.Text)
		case rest.Starts("tablesample"), rest.Starts("array", "["):
			return failure.Near(after[0].Text)
		case rest.Starts("fetch", "first"), rest.Starts("fetch", "next", "row"):
			return failure.Near(t.Text)
		case rest.Starts("any", "(") && len(after) > 1 && after[1].Kind == lex.Param,
			rest.Starts("all", "(") && len(after) > 1 && after[1].Kind == lex.Param:
			return failure.New("42809", "op ANY/ALL (array) requires array on right side")
		case len(after) > 0 && after[0].Is("(") && slices.Contains(missing(), strings.ToLower(t.Text)) &&
			!(i > 0 && s[i-1].Is(".")):
			return failure.New(failure.NoFunction, "function %s() does not exist", strings.ToLower(t.Text))
		}
	}
	return refuseLeader(s)
}

// refuseLeader keeps what only the leader node can away from tables that lie
// on compute nodes.
func refuseLeader(s lex.Statement) error {
	users, catalog := tablesOf(s)
	if len(users) == 0 {
		return nil
	}
	if len(catalog) > 0 {
		return notOnTables()
	}
	for i, t := range s {
		if i+1 < len(s) && t.Kind == lex.Word && s[i+1].Is("(") && !(i > 0 && s[i-1].Is(".")) &&
			slices.Contains(leaderOnly(), strings.ToLower(t.Text)) {
			return notOnTables()
		}
	}
	return nil
}

func notOnTables() error {
	return failure.New(failure.Unsupported,
		"Specified types or functions (one per INFO message) not supported on Redshift tables.")
}

// noCatalog refuses to write what the leader node alone knows into a table.
func noCatalog(t lex.Reference, s lex.Statement) error {
	if _, catalog := tablesOf(s); len(catalog) > 0 && !catalogued(t) {
		return notOnTables()
	}
	return nil
}

// tablesOf finds the tables that a query reads: those of users, and those of
// the leader node's catalog. Names that WITH gives are no tables.
func tablesOf(s lex.Statement) (users, catalog []lex.Reference) {
	own := map[string]bool{}
	for i := range s {
		if i+2 < len(s) && s[i].Named() && s[i+1].Is("as") && s[i+2].Is("(") &&
			(i == 0 || s[i-1].Is("with", "recursive", ",")) {
			own[s[i].Name()] = true
		}
	}
	for i := range s {
		if !s[i].Is("from", "join", "using") || i > 0 && s[i-1].Is("distinct") {
			continue
		}
		for j := i + 1; j < len(s) && s[j].Named(); {
			t, end, err := s.ReferenceAt(j)
			if err != nil {
				break
			}
			switch {
			case t.Schema == "" && own[t.Name], end < len(s) && s[end].Is("("):
			case catalogued(t):
				catalog = append(catalog, t)
			case !systemTable(t) && !inExtract(s, i):
				users = append(users, t)
			}
			// FROM a x, b y
			for end < len(s) && (s[end].Is("as") || s[end].Named() &&
				!s[end].Is("where", "on", "join", "left", "inner", "cross", "full", "right", "natural")) {
				end++
			}
			if end >= len(s) || !s[end].Is(",") {
				break
			}
			j = end + 1
		}
	}
	return users, catalog
}

// inExtract tells whether the FROM at place i belongs to EXTRACT, TRIM or
// SUBSTRING.
func inExtract(s lex.Statement, i int) bool {
	deep := 0
	for j := i - 1; j > 0; j-- {
		switch {
		case s[j].Is(")"):
			deep++
		case s[j].Is("(") && deep > 0:
			deep--
		case s[j].Is("("):
			return s[j-1].Is("extract", "trim", "substring", "position")
		case deep == 0 && s[j].Is("select"):
			return false
		}
	}
	return false
}

// catalogued tells whether a table is of the leader node only.
func catalogued(t lex.Reference) bool {
	return t.Schema == "information_schema" || t.Schema == "pg_catalog" ||
		t.Schema == "" && strings.HasPrefix(t.Name, "pg_")
}

// systemTable tells whether a table is one of Redshift's that can be joined.
func systemTable(t lex.Reference) bool {
	for _, prefix := range []string{"stl_", "stv_", "svv_", "svl_", "sys_"} {
		if strings.HasPrefix(t.Name, prefix) {
			return true
		}
	}
	return false
}
