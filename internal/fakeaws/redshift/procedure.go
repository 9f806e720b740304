package redshift

import (
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// Limits of stored procedures (Developer Guide, "Limits and differences for
// stored procedure support").
const (
	longestSource  = 2 << 20
	deepestCall    = 16
	mostArguments  = 32
	mostVariables  = 1024
	nonatomicWord  = "NONATOMIC"
	explainAtomic  = "Try calling the procedure as a top-level call i.e. not from within an explicit transaction block. \nOr, if this procedure (or one of its ancestors in the call chain) was created with SET config options, recreate the procedure without them."
	textOfVariable = "varchar(65535)"
)

// A header is CREATE PROCEDURE without its body.
type header struct {
	name      reference
	names     []string // of the arguments; "" where one has none
	types     []string
	nonatomic bool
	replaces  bool
	definer   bool
	settings  bool
	source    string
}

// createProcedure reads CREATE PROCEDURE. PostgreSQL keeps the text as it came;
// the stand-in is who reads and runs it.
func createProcedure(s statement) (*command, error) {
	h := header{}
	i := 2
	if s.starts("create", "or") {
		h.replaces, i = true, 4
	}
	var err error
	if h.name, i, err = referenceAt(s, i); err != nil {
		return nil, err
	}
	if i >= len(s) || !s[i].is("(") {
		return nil, syntax(at(s, i))
	}
	end := s.closing(i)
	if err := h.arguments(s[i+1 : min(end, len(s))]); err != nil {
		return nil, err
	}
	if err := h.rest(s[min(end+1, len(s)):]); err != nil {
		return nil, err
	}
	if len(h.source) > longestSource {
		return nil, failed(codeUnsupported, "source code of a stored procedure is limited to 2 MB")
	}
	b, err := parseBody(h.source)
	if err != nil {
		return nil, err
	}
	if len(b.declared) > mostVariables {
		return nil, failed(codeUnsupported, "the maximum number of variables in a stored procedure is %d", mostVariables)
	}
	return &command{tag: "CREATE PROCEDURE", local: func(s *session, _ []argument, _ emit) error {
		if err := s.begin(); err != nil {
			return err
		}
		return s.pg.query(h.sql(), nowhere)
	}}, nil
}

// arguments reads [name] [IN] type, ....
func (h *header) arguments(s statement) error {
	if len(s) == 0 {
		return nil
	}
	for _, part := range s.commas() {
		name := ""
		if len(part) > 1 && part[0].named() && !part[1].is("varying", "precision", "(", "without", "with") {
			name, part = part[0].name(), part[1:]
		}
		if part.starts("out") || part.starts("inout") {
			return cannot("OUT and INOUT arguments")
		}
		if part.starts("in") {
			part = part[1:]
		}
		kind, err := variableType(part)
		if err != nil {
			return err
		}
		h.names, h.types = append(h.names, name), append(h.types, kind)
	}
	if len(h.types) > mostArguments {
		return failed(codeUnsupported, "procedures cannot have more than %d input arguments", mostArguments)
	}
	return nil
}

// rest reads what stands behind the arguments, in whatever order.
func (h *header) rest(s statement) error {
	for i := 0; i < len(s); {
		switch rest := s[i:]; {
		case rest.starts("nonatomic"):
			h.nonatomic, i = true, i+1
		case rest.starts("language", "plpgsql"), rest.starts("security", "invoker"):
			i += 2
		case rest.starts("language") && len(rest) > 1 && rest[1].value() == "plpgsql":
			i += 2
		case rest.starts("security", "definer"):
			h.definer, i = true, i+2
		case rest.starts("as") && len(rest) > 1 && (rest[1].kind == dollar || rest[1].kind == text):
			h.source, i = rest[1].value(), i+2
		case rest.starts("set"):
			h.settings, i = true, len(s)
		default:
			return syntax(rest[0].text)
		}
	}
	switch {
	case h.source == "":
		return failed("42P13", "no function body specified")
	case h.nonatomic && (h.definer || h.settings):
		return failed(codeUnsupported, "NONATOMIC procedures can't be created with SECURITY DEFINER or SET")
	case h.settings:
		return cannot("a procedure with SET")
	}
	return nil
}

// sql is the procedure as PostgreSQL keeps it: whether it is atomic stands in
// its comment.
func (h *header) sql() string {
	create := "CREATE PROCEDURE "
	if h.replaces {
		create = "CREATE OR REPLACE PROCEDURE "
	}
	args, types := make([]string, len(h.types)), make([]string, len(h.types))
	for i, t := range h.types {
		types[i] = t
		if args[i] = t; h.names[i] != "" {
			args[i] = quote(h.names[i]) + " " + t
		}
	}
	comment := "NULL"
	if h.nonatomic {
		comment = literal(nonatomicWord)
	}
	return create + h.name.String() + "(" + strings.Join(args, ", ") + ") LANGUAGE plpgsql AS " + literal(h.source) + ";\n" +
		"COMMENT ON PROCEDURE " + h.name.String() + "(" + strings.Join(types, ", ") + ") IS " + comment
}

// A routine is a procedure that was found.
type routine struct {
	name      string
	body      *block
	names     []string
	types     []string
	nonatomic bool
}

// call reads CALL name(argument, ...).
func call(s statement) (*command, error) {
	name, args, err := calledAt(s, 1)
	if err != nil {
		return nil, err
	}
	return &command{tag: "CALL", local: func(s *session, given []argument, to emit) error {
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
	}}, nil
}

func calledAt(s statement, i int) (reference, []statement, error) {
	name, i, err := referenceAt(s, i)
	if err != nil {
		return name, nil, err
	}
	if i >= len(s) || !s[i].is("(") {
		return name, nil, syntax(at(s, i))
	}
	end := s.closing(i)
	if end != len(s)-1 {
		return name, nil, syntax(at(s, end+1))
	}
	if end == i+1 {
		return name, nil, nil
	}
	return name, s[i+1 : end].commas(), nil
}

// withArguments writes a client's parameters into an expression.
func withArguments(s statement, given []argument) (statement, error) {
	out := make(statement, len(s))
	for i, t := range s {
		if out[i] = t; t.kind != param {
			continue
		}
		n := 0
		for _, c := range t.text[1:] {
			n = n*10 + int(c-'0')
		}
		switch {
		case n < 1 || n > len(given):
			return nil, failed("42P02", "there is no parameter %s", t.text)
		case given[n-1].binary && given[n-1].oid != pgtype.TextOID && given[n-1].oid != pgtype.VarcharOID:
			return nil, cannot("a binary parameter of CALL")
		case given[n-1].value == nil:
			out[i] = token{kind: word, text: "NULL", gap: t.gap}
		default:
			out[i] = token{kind: text, text: literal(string(given[n-1].value)), gap: t.gap}
		}
	}
	return out, nil
}

// find looks a procedure up. The catalog takes part in no snapshot, so another
// session looks; what this one has only just made it finds by itself.
func (s *session) find(name reference, n int) (*routine, error) {
	side, err := s.sideLine()
	if err != nil {
		return nil, err
	}
	const sql = `SELECT p.prosrc, coalesce(obj_description(p.oid, 'pg_proc'), ''), coalesce(array_to_string(p.proargnames, ','), ''),
			coalesce((SELECT string_agg(format_type(t, NULL), ',' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n)), '')
		FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
		WHERE p.prokind = 'p' AND p.proname = $1 AND p.pronargs = $2::integer
		AND (s.nspname = $3 OR $3 = '' AND pg_function_is_visible(p.oid)) LIMIT 1`
	r, err := side.collect(sql, name.name, itoa(n), name.schema)
	if err == nil && len(r.values) == 0 && s.pg.state == 'T' {
		r, err = s.pg.collect(sql, name.name, itoa(n), name.schema)
	}
	if err != nil {
		return nil, err
	}
	if len(r.values) == 0 {
		return nil, failed(codeNoFunction, "procedure %s does not exist", name.name)
	}
	p := &routine{name: name.name, nonatomic: r.text(0, 1) == nonatomicWord}
	if n > 0 {
		p.names, p.types = strings.Split(r.text(0, 2), ","), strings.Split(r.text(0, 3), ",")
	}
	p.body, err = parseBody(r.text(0, 0))
	return p, err
}

// sideLine is a session of PostgreSQL for what takes no part in the client's
// transaction: expressions without a table take no snapshot in Redshift.
func (s *session) sideLine() (*line, error) {
	if s.side != nil {
		return s.side, nil
	}
	side, err := s.server.line(s.ctx)
	if err == nil {
		s.side = side
	}
	return side, err
}
