package redshift

import "catchment/internal/fakeaws/redshift/failure"

// alterTable reads ALTER TABLE. Redshift takes one action a statement, and
// keeps no table from being changed by keys or layout.
func alterTable(s statement) (*translation, error) {
	t, i, err := s.referenceAt(2)
	if err != nil {
		return nil, err
	}
	rest := s[min(i, len(s)):]
	if parts := rest.commas(); len(parts) > 1 && !rest.starts("alter", "compound") && !rest.starts("alter", "sortkey") {
		return nil, failure.Near(",")
	}
	head := "ALTER TABLE " + t.String() + " "
	switch {
	case rest.starts("add"):
		return addColumn(t, head, rest[1:])
	case rest.starts("drop", "constraint"), rest.starts("alter", "distkey"), rest.starts("alter", "diststyle"),
		rest.starts("alter", "sortkey"), rest.starts("alter", "compound"), rest.starts("alter", "encode"):
		return &translation{tag: "ALTER TABLE"}, nil
	case rest.starts("drop"):
		if rest.starts("drop", "column", "if") || rest.starts("drop", "if") {
			return nil, failure.Near("EXISTS")
		}
		return &translation{sql: head + rest.String()}, nil
	case rest.starts("alter"):
		return alterColumn(t, head, rest[1:])
	case rest.starts("rename"), rest.starts("owner", "to"):
		return &translation{sql: head + rest.String()}, nil
	case rest.starts("append"):
		return nil, failure.Cannot("ALTER TABLE APPEND")
	}
	return nil, failure.Near(rest.at(0))
}

// addColumn reads ADD [COLUMN] and ADD constraint.
func addColumn(t reference, head string, s statement) (*translation, error) {
	d := definition{table: t}
	if s.starts("constraint") || len(s) > 1 && s[0].is("primary", "foreign", "unique") && s[1].is("key", "(") {
		if err := d.part(s); err != nil {
			return nil, err
		}
		return &translation{tag: "ALTER TABLE"}, nil
	}
	if s.starts("column") {
		s = s[1:]
	}
	if s.starts("if") {
		return nil, failure.Near("NOT")
	}
	if len(s) == 0 {
		return nil, failure.Near("")
	}
	if err := d.column(s); err != nil {
		return nil, err
	}
	if s.find(1, "identity") >= 0 {
		return nil, failure.New(failure.Unsupported, "ALTER TABLE ADD COLUMN with IDENTITY is not supported")
	}
	return &translation{sql: head + "ADD COLUMN " + d.parts[0], made: t}, nil
}

// alterColumn reads ALTER COLUMN c TYPE, which only widens texts, and
// ALTER COLUMN c ENCODE.
func alterColumn(t reference, head string, s statement) (*translation, error) {
	if s.starts("column") {
		s = s[1:]
	}
	if len(s) < 3 || !s[0].named() {
		return nil, failure.Near(s.at(len(s) - 1))
	}
	switch {
	case s[1].is("encode"):
		return &translation{tag: "ALTER TABLE"}, checkEncoding(s[2])
	case s[1].is("type"):
		pg, _, err := typeAt(s, 2, t.name+"."+s[0].name())
		if err != nil {
			return nil, err
		}
		if pg[:min(7, len(pg))] != "varchar" {
			return nil, failure.New(failure.Unsupported, `cannot alter type of column "%s": only the size of a VARCHAR column can be changed`, s[0].name())
		}
		c := &translation{sql: head + "ALTER COLUMN " + quote(s[0].name()) + " TYPE " + pg, made: t}
		c.alone = "ALTER TABLE ALTER COLUMN"
		return c, nil
	}
	return nil, failure.Near(s[1].text)
}
