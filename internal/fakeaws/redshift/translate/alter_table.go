package translate

import (
	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// alterTable reads ALTER TABLE. Redshift takes one action a statement, and
// keeps no table from being changed by keys or layout.
func alterTable(s lex.Statement) (*Command, error) {
	t, i, err := s.ReferenceAt(2)
	if err != nil {
		return nil, err
	}
	rest := s[min(i, len(s)):]
	if parts := rest.Commas(); len(parts) > 1 && !rest.Starts("alter", "compound") && !rest.Starts("alter", "sortkey") {
		return nil, failure.Near(",")
	}
	head := "ALTER TABLE " + t.String() + " "
	switch {
	case rest.Starts("add"):
		return addColumn(t, head, rest[1:])
	case rest.Starts("drop", "constraint"), rest.Starts("alter", "distkey"), rest.Starts("alter", "diststyle"),
		rest.Starts("alter", "sortkey"), rest.Starts("alter", "compound"), rest.Starts("alter", "encode"):
		return &Command{Tag: "ALTER TABLE"}, nil
	case rest.Starts("drop"):
		if rest.Starts("drop", "column", "if") || rest.Starts("drop", "if") {
			return nil, failure.Near("EXISTS")
		}
		return &Command{SQL: head + rest.String()}, nil
	case rest.Starts("alter"):
		return alterColumn(t, head, rest[1:])
	case rest.Starts("rename"), rest.Starts("owner", "to"):
		return &Command{SQL: head + rest.String()}, nil
	case rest.Starts("append"):
		return nil, failure.Cannot("ALTER TABLE APPEND")
	}
	return nil, failure.Near(rest.At(0))
}

// addColumn reads ADD [COLUMN] and ADD constraint.
func addColumn(t lex.Reference, head string, s lex.Statement) (*Command, error) {
	d := definition{table: t}
	if s.Starts("constraint") || len(s) > 1 && s[0].Is("primary", "foreign", "unique") && s[1].Is("key", "(") {
		if err := d.part(s); err != nil {
			return nil, err
		}
		return &Command{Tag: "ALTER TABLE"}, nil
	}
	if s.Starts("column") {
		s = s[1:]
	}
	if s.Starts("if") {
		return nil, failure.Near("NOT")
	}
	if len(s) == 0 {
		return nil, failure.Near("")
	}
	if err := d.column(s); err != nil {
		return nil, err
	}
	if s.Find(1, "identity") >= 0 {
		return nil, failure.New(failure.Unsupported, "ALTER TABLE ADD COLUMN with IDENTITY is not supported")
	}
	return &Command{SQL: head + "ADD COLUMN " + d.parts[0], Made: t}, nil
}

// alterColumn reads ALTER COLUMN c TYPE, which only widens texts, and
// ALTER COLUMN c ENCODE.
func alterColumn(t lex.Reference, head string, s lex.Statement) (*Command, error) {
	if s.Starts("column") {
		s = s[1:]
	}
	if len(s) < 3 || !s[0].Named() {
		return nil, failure.Near(s.At(len(s) - 1))
	}
	switch {
	case s[1].Is("encode"):
		return &Command{Tag: "ALTER TABLE"}, checkEncoding(s[2])
	case s[1].Is("type"):
		pg, _, err := TypeAt(s, 2, t.Name+"."+s[0].Name())
		if err != nil {
			return nil, err
		}
		if pg[:min(7, len(pg))] != "varchar" {
			return nil, failure.New(failure.Unsupported,
				`cannot alter type of column "%s": only the size of a VARCHAR column can be changed`, s[0].Name())
		}
		c := &Command{SQL: head + "ALTER COLUMN " + lex.Quote(s[0].Name()) + " TYPE " + pg, Made: t}
		c.Alone = "ALTER TABLE ALTER COLUMN"
		return c, nil
	}
	return nil, failure.Near(s[1].Text)
}
