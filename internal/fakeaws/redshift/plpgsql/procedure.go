package plpgsql

import (
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// Limits of stored procedures (Developer Guide, "Limits and differences for
// stored procedure support").
const (
	longestSource = 2 << 20
	mostArguments = 32
	mostVariables = 1024
)

// Nonatomic is the comment of a procedure that is NONATOMIC, in PostgreSQL.
const Nonatomic = "NONATOMIC"

// A Procedure is CREATE PROCEDURE, read.
type Procedure struct {
	name      lex.Reference
	names     []string // of the arguments; "" where one has none
	types     []string
	nonatomic bool
	replaces  bool
	definer   bool
	settings  bool
	source    string
}

// ReadProcedure reads CREATE PROCEDURE.
func ReadProcedure(s lex.Statement) (*Procedure, error) {
	p := &Procedure{}
	i := 2
	if s.Starts("create", "or") {
		p.replaces, i = true, 4
	}
	var err error
	if p.name, i, err = s.ReferenceAt(i); err != nil {
		return nil, err
	}
	if i >= len(s) || !s[i].Is("(") {
		return nil, failure.Near(s.At(i))
	}
	end := s.Closing(i)
	if err := p.arguments(s[i+1 : min(end, len(s))]); err != nil {
		return nil, err
	}
	if err := p.rest(s[min(end+1, len(s)):]); err != nil {
		return nil, err
	}
	if len(p.source) > longestSource {
		return nil, failure.New(failure.Unsupported, "source code of a stored procedure is limited to 2 MB")
	}
	b, err := Parse(p.source)
	if err != nil {
		return nil, err
	}
	if len(b.Declared) > mostVariables {
		return nil, failure.New(failure.Unsupported, "the maximum number of variables in a stored procedure is %d",
			mostVariables)
	}
	return p, nil
}

// arguments reads [name] [IN] type, ....
func (p *Procedure) arguments(s lex.Statement) error {
	if len(s) == 0 {
		return nil
	}
	for _, part := range s.Commas() {
		name := ""
		if len(part) > 1 && part[0].Named() && !part[1].Is("varying", "precision", "(", "without", "with") {
			name, part = part[0].Name(), part[1:]
		}
		if part.Starts("out") || part.Starts("inout") {
			return failure.Cannot("OUT and INOUT arguments")
		}
		if part.Starts("in") {
			part = part[1:]
		}
		kind, err := variableType(part)
		if err != nil {
			return err
		}
		p.names, p.types = append(p.names, name), append(p.types, kind)
	}
	if len(p.types) > mostArguments {
		return failure.New(failure.Unsupported, "procedures cannot have more than %d input arguments", mostArguments)
	}
	return nil
}

// rest reads what stands behind the arguments, in whatever order.
func (p *Procedure) rest(s lex.Statement) error {
	for i := 0; i < len(s); {
		switch rest := s[i:]; {
		case rest.Starts("nonatomic"):
			p.nonatomic, i = true, i+1
		case rest.Starts("language", "plpgsql"), rest.Starts("security", "invoker"):
			i += 2
		case rest.Starts("language") && len(rest) > 1 && rest[1].Value() == "plpgsql":
			i += 2
		case rest.Starts("security", "definer"):
			p.definer, i = true, i+2
		case rest.Starts("as") && len(rest) > 1 && (rest[1].Kind == lex.Dollar || rest[1].Kind == lex.Text):
			p.source, i = rest[1].Value(), i+2
		case rest.Starts("set"):
			p.settings, i = true, len(s)
		default:
			return failure.Near(rest[0].Text)
		}
	}
	switch {
	case p.source == "":
		return failure.New("42P13", "no function body specified")
	case p.nonatomic && (p.definer || p.settings):
		return failure.New(failure.Unsupported, "NONATOMIC procedures can't be created with SECURITY DEFINER or SET")
	case p.settings:
		return failure.Cannot("a procedure with SET")
	}
	return nil
}

// SQL is the procedure as PostgreSQL keeps it: whether it is atomic stands in
// its comment.
func (p *Procedure) SQL() string {
	create := "CREATE PROCEDURE "
	if p.replaces {
		create = "CREATE OR REPLACE PROCEDURE "
	}
	args, types := make([]string, len(p.types)), make([]string, len(p.types))
	for i, t := range p.types {
		types[i] = t
		if args[i] = t; p.names[i] != "" {
			args[i] = lex.Quote(p.names[i]) + " " + t
		}
	}
	comment := "NULL"
	if p.nonatomic {
		comment = lex.Literal(Nonatomic)
	}
	return create + p.name.String() + "(" + strings.Join(args, ", ") + ") LANGUAGE plpgsql AS " +
		lex.Literal(p.source) + ";\n" +
		"COMMENT ON PROCEDURE " + p.name.String() + "(" + strings.Join(types, ", ") + ") IS " + comment
}
