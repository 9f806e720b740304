package redshift

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/plpgsql"
	"catchment/internal/fakeaws/redshift/translate"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// A slot is a variable at work.
type slot struct {
	kind     string
	value    *string
	constant bool
	fields   []recordField // of a record
	cursor   *cursor
}

// A recordField is one column of a record.
type recordField struct {
	name, kind string
	value      *string
}

// A cursor is a query with the rows that nobody fetched yet. Its rows are read
// when it opens, so it sees what a cursor sees.
type cursor struct {
	name  string
	query lex.Statement
	rows  *rows
	next  int
}

// A frame is a procedure at work.
type frame struct {
	s      *session
	to     emit
	p      *routine
	scopes []map[string]*slot
	depth  int
	atomic bool // inside a transaction block of the caller's: nothing commits

	count  int // ROW_COUNT
	found  bool
	raised *failure.Error // what a handler handles
}

// slot finds a variable, the innermost first.
func (f *frame) slot(name string) *slot {
	for _, scope := range slices.Backward(f.scopes) {
		if v := scope[name]; v != nil {
			return v
		}
	}
	return nil
}

// bind writes the values of variables into SQL. As in PostgreSQL 8, every name
// that is a variable's is taken for it, wherever it stands.
func (f *frame) bind(s lex.Statement) lex.Statement {
	var out lex.Statement
	for i := 0; i < len(s); i++ {
		t := s[i]
		if !t.Named() || i > 0 && s[i-1].Is(".") || i+1 < len(s) && s[i+1].Is("(") {
			out = append(out, t)
			continue
		}
		name := t.Name()
		v := f.slot(name)
		switch {
		case v != nil && v.kind == "record" && i+2 < len(s) && s[i+1].Is(".") && s[i+2].Named():
			if at := slices.IndexFunc(v.fields, func(x recordField) bool { return x.name == s[i+2].Name() }); at >= 0 {
				out = append(out, constant(v.fields[at].value, v.fields[at].kind, t.Gap)...)
			} else {
				out = append(out, constant(nil, "", t.Gap)...)
			}
			i += 2
		case v != nil && v.kind != "record" && v.kind != "refcursor" && !(i+1 < len(s) && s[i+1].Is(".")):
			out = append(out, constant(v.value, v.kind, t.Gap)...)
		case name == "found":
			truth := map[bool]string{true: "TRUE", false: "FALSE"}[f.found]
			out = append(out, lex.Token{Kind: lex.Word, Text: truth, Gap: t.Gap})
		case f.raised != nil && name == "sqlerrm":
			out = append(out, constant(&f.raised.Message, plpgsql.AnyText, t.Gap)...)
		case f.raised != nil && name == "sqlstate":
			out = append(out, constant(&f.raised.Code, plpgsql.AnyText, t.Gap)...)
		default:
			out = append(out, t)
		}
	}
	return out
}

// constant is a value as SQL.
func constant(v *string, kind string, gap bool) lex.Statement {
	if kind == "jsonb" {
		kind = "super"
	}
	sql := "NULL"
	if v != nil {
		sql = lex.Literal(*v)
	}
	if kind != "" {
		sql += "::" + kind
	}
	all, _ := lex.All("(" + sql + ")") // the stand-in's own text
	all[0].Gap = gap
	return all
}

// eval computes an expression.
func (f *frame) eval(s lex.Statement) (*string, error) {
	if len(s) == 0 {
		return nil, nil
	}
	r, err := f.query(s.After("SELECT"))
	if err != nil {
		return nil, err
	}
	if len(r.values) == 0 {
		return nil, nil
	}
	if len(r.values[0]) != 1 {
		return nil, failure.New(failure.Syntax, "query returned %d columns", len(r.values[0]))
	}
	return r.values[0][0], nil
}

// query does a SELECT and collects its rows. One that reads no table takes no
// snapshot.
func (f *frame) query(s lex.Statement) (*rows, error) {
	s = f.bind(s)
	c, err := read(s)
	if err != nil {
		return nil, err
	}
	var r rows
	if c.local == nil && c.Made.Name == "" && !reads(s) {
		side, err := f.s.sideLine()
		if err != nil {
			return nil, err
		}
		return &r, side.query(c.SQL, r.take)
	}
	return &r, f.statement(c, r.take)
}

// reads tells whether an expression needs the client's own session.
func reads(s lex.Statement) bool {
	return slices.ContainsFunc(s, func(t lex.Token) bool {
		return t.Is("from", "pg_last_copy_count", "pg_last_copy_id", "pg_backend_pid", "current_schema", "currval")
	})
}

// truth computes a condition.
func (f *frame) truth(s lex.Statement) (bool, error) {
	v, err := f.eval(append(append(lex.Statement{{Kind: lex.Sign, Text: "("}}, s...), lex.Tokens(")::boolean")...))
	return v != nil && *v == "t", err
}

// set assigns to a variable, as its type takes the value.
func (f *frame) set(name string, v *string) error {
	head, part, isField := strings.Cut(name, ".")
	x := f.slot(head)
	if x == nil {
		return failure.New(failure.Syntax, `"%s" is not a known variable`, name)
	}
	if x.constant {
		return failure.New("22005", `"%s" is declared CONSTANT`, name)
	}
	if isField {
		for i := range x.fields {
			if x.fields[i].name == part {
				x.fields[i].value = v
				return nil
			}
		}
		return failure.New("42703", `record "%s" has no field "%s"`, head, part)
	}
	if v != nil && x.kind != "record" && x.kind != "refcursor" && x.kind != plpgsql.AnyText {
		side, err := f.s.sideLine()
		if err != nil {
			return err
		}
		r, err := side.collect("SELECT CAST($1::text AS "+x.kind+")::text", *v)
		if err != nil {
			return err
		}
		v = r.values[0][0]
	}
	x.value = v
	return nil
}

// into assigns a row to a record or to a list of variables; no row is nulls.
func (f *frame) into(targets []string, r *rows, at int) error {
	if len(targets) == 1 {
		if x := f.slot(targets[0]); x != nil && x.kind == "record" {
			x.fields = nil
			names := translate.TypeNames()
			for i, c := range r.fields {
				v := recordField{name: string(c.Name), kind: fieldType(names, c)}
				if at < len(r.values) {
					v.value = r.values[at][i]
				}
				x.fields = append(x.fields, v)
			}
			return nil
		}
	}
	if at < len(r.values) && len(targets) != len(r.values[at]) {
		return failure.New(failure.Syntax, "the query gives %d columns for %d variables", len(r.values[at]),
			len(targets))
	}
	for i, name := range targets {
		var v *string
		if at < len(r.values) {
			v = r.values[at][i]
		}
		if err := f.set(name, v); err != nil {
			return err
		}
	}
	return nil
}

func fieldType(names map[uint32]string, c pgproto3.FieldDescription) string {
	switch name := names[c.DataTypeOID]; c.DataTypeOID {
	case pgtype.VarcharOID, pgtype.TextOID, pgtype.BPCharOID, pgtype.NameOID:
		return plpgsql.AnyText
	case pgtype.OIDOID:
		return "bigint"
	default:
		return name
	}
}
