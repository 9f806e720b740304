package redshift

import (
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/plpgsql"

	"github.com/jackc/pgx/v5/pgtype"
)

// deepestCall is how deep procedures may call each other (Developer Guide,
// "Limits and differences for stored procedure support").
const deepestCall = 16

// createProcedure reads CREATE PROCEDURE. PostgreSQL keeps the text as it came;
// the stand-in is who reads and runs it.
func createProcedure(s lex.Statement) (*command, error) {
	p, err := plpgsql.ReadProcedure(s)
	if err != nil {
		return nil, err
	}
	return own("CREATE PROCEDURE", func(s *session, _ []argument, _ emit) error {
		if err := s.begin(); err != nil {
			return err
		}
		return s.pg.query(p.SQL(), nowhere)
	}), nil
}

// A routine is a procedure that was found.
type routine struct {
	name      string
	body      *plpgsql.Block
	names     []string
	types     []string
	nonatomic bool
}

// call reads CALL name(argument, ...).
func call(s lex.Statement) (*command, error) {
	name, args, err := calledAt(s, 1)
	if err != nil {
		return nil, err
	}
	return own("CALL", func(s *session, given []argument, to emit) error {
		if s.pg.state == 'E' {
			return aborted()
		}
		values := &frame{s: s, to: to}
		for i, a := range args {
			if args[i], err = withArguments(a, given); err != nil {
				return err
			}
		}
		atomic := s.pg.state == 'T' && !s.implicit
		return values.call(name, args, atomic)
	}), nil
}

func calledAt(s lex.Statement, i int) (lex.Reference, []lex.Statement, error) {
	name, i, err := s.ReferenceAt(i)
	if err != nil {
		return name, nil, err
	}
	if i >= len(s) || !s[i].Is("(") {
		return name, nil, failure.Near(s.At(i))
	}
	end := s.Closing(i)
	if end != len(s)-1 {
		return name, nil, failure.Near(s.At(end + 1))
	}
	if end == i+1 {
		return name, nil, nil
	}
	return name, s[i+1 : end].Commas(), nil
}

// withArguments writes a client's parameters into an expression.
func withArguments(s lex.Statement, given []argument) (lex.Statement, error) {
	out := make(lex.Statement, len(s))
	for i, t := range s {
		if out[i] = t; t.Kind != lex.Param {
			continue
		}
		n := 0
		for _, c := range t.Text[1:] {
			n = n*10 + int(c-'0')
		}
		switch {
		case n < 1 || n > len(given):
			return nil, failure.New("42P02", "there is no parameter %s", t.Text)
		case given[n-1].binary && given[n-1].oid != pgtype.TextOID && given[n-1].oid != pgtype.VarcharOID:
			return nil, failure.Cannot("a binary parameter of CALL")
		case given[n-1].value == nil:
			out[i] = lex.Token{Kind: lex.Word, Text: "NULL", Gap: t.Gap}
		default:
			out[i] = lex.Token{Kind: lex.Text, Text: lex.Literal(string(given[n-1].value)), Gap: t.Gap}
		}
	}
	return out, nil
}

// find looks a procedure up. The catalog takes part in no snapshot, so another
// session looks; what this one has only just made it finds by itself.
func (s *session) find(name lex.Reference, n int) (*routine, error) {
	side, err := s.sideLine()
	if err != nil {
		return nil, err
	}
	const sql = `SELECT p.prosrc, coalesce(obj_description(p.oid, 'pg_proc'), ''),
			coalesce(array_to_string(p.proargnames, ','), ''),
			coalesce((SELECT string_agg(format_type(t, NULL), ',' ORDER BY n)
				FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n)), '')
		FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
		WHERE p.prokind = 'p' AND p.proname = $1 AND p.pronargs = $2::integer
		AND (s.nspname = $3 OR $3 = '' AND pg_function_is_visible(p.oid)) LIMIT 1`
	r, err := side.collect(sql, name.Name, strconv.Itoa(n), name.Schema)
	if err == nil && len(r.values) == 0 && s.pg.state == 'T' {
		r, err = s.pg.collect(sql, name.Name, strconv.Itoa(n), name.Schema)
	}
	if err != nil {
		return nil, err
	}
	if len(r.values) == 0 {
		return nil, failure.New(failure.NoFunction, "procedure %s does not exist", name.Name)
	}
	p := &routine{name: name.Name, nonatomic: r.text(0, 1) == plpgsql.Nonatomic}
	if n > 0 {
		p.names, p.types = strings.Split(r.text(0, 2), ","), strings.Split(r.text(0, 3), ",")
	}
	p.body, err = plpgsql.Parse(r.text(0, 0))
	return p, err
}

// sideLine is a session of PostgreSQL for what takes no part in the client's
// transaction: expressions without a table take no snapshot in Redshift.
func (s *session) sideLine() (*backend, error) {
	if s.side != nil {
		return s.side, nil
	}
	side, err := s.server.backend(s.ctx)
	if err == nil {
		s.side = side
	}
	return side, err
}
