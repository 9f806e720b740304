// Package translate turns Redshift's SQL into PostgreSQL's, and refuses what
// Redshift lacks. It knows a statement alone: what a session does about it is
// no concern of this package.
package translate

import (
	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// A Command is a statement of Redshift's as PostgreSQL takes it.
type Command struct {
	SQL    string        // for PostgreSQL; "" where there is nothing to be done
	Tag    string        // what the client is told was done; "" is what PostgreSQL says
	Writes lex.Reference // a table whose writers wait for each other
	Made   lex.Reference // a table whose columns are new: their limits are kept in bytes
	Keyed  []string      // its columns that take no nulls
	Alone  string        // what can't be done inside of a transaction block
}

// Nothing tells whether the statement changes nothing that can be seen.
func (c *Command) Nothing() bool { return c.SQL == "" }

// A kind says who reads statements that start with words.
type kind struct {
	words []string
	read  func(lex.Statement) (*Command, error)
}

// kinds says who reads which statement: the first whose words it starts with.
// What no line names goes to PostgreSQL as it is.
func kinds() []kind {
	w := func(words ...string) []string { return words }
	lacking := func(what string) func(lex.Statement) (*Command, error) {
		return func(lex.Statement) (*Command, error) { return nil, failure.Cannot("%s", what) }
	}
	return []kind{
		{w("savepoint"), unsupported}, {w("release"), unsupported}, {w("do"), unsupported},
		{w("listen"), unsupported}, {w("notify"), unsupported},
		{w("set"), set}, {w("reset"), set}, {w("show"), show},
		{w("lock"), lock}, {w("unload"), lacking("UNLOAD")},
		{w("create", "index"), unsupported}, {w("create", "unique"), unsupported},
		{w("create", "trigger"), unsupported}, {w("create", "rule"), unsupported},
		{w("create", "type"), unsupported}, {w("create", "domain"), unsupported},
		{w("create", "sequence"), unsupported}, {w("create", "extension"), unsupported},
		{w("create", "unlogged"), unsupported}, {w("create", "aggregate"), unsupported},
		{w("create", "operator"), unsupported},
		{w("create", "table"), createTable}, {w("create", "temporary"), createTable},
		{w("create", "temp"), createTable}, {w("create", "local"), createTable},
		{w("create", "view"), createView}, {w("create", "or", "replace", "view"), createView},
		{w("alter", "table"), alterTable}, {w("drop", "index"), unsupported}, {w("grant"), grant},
		{w("insert"), insert}, {w("update"), update}, {w("delete"), remove}, {w("merge"), merge},
		{w("select"), selects}, {w("with"), selects}, {w("("), selects}, {w("explain"), selects},
		{w("values"), unsupported}, {w("vacuum"), vacuum}, {w("analyze"), analyze},
		{w("create", "database"), lacking("CREATE DATABASE")}, {w("create", "external"), lacking("Spectrum")},
		{w("create", "materialized"), lacking("materialized views")},
	}
}

// Statement turns a statement that Check has nothing against into PostgreSQL's,
// or refuses it as Redshift does.
func Statement(s lex.Statement) (*Command, error) {
	for _, k := range kinds() {
		if s.Starts(k.words...) {
			return k.read(s)
		}
	}
	return &Command{SQL: s.String()}, nil
}

// grant reads GRANT, which says of a role that it is one (Amazon Redshift Database
// Developer Guide, GRANT). PostgreSQL has one name for all who may do something.
func grant(s lex.Statement) (*Command, error) {
	to := s.Find(1, "to")
	var plain lex.Statement
	for i, token := range s {
		if to >= 0 && i > to && i+1 < len(s) && token.Is("role") && s[i-1].Is("to", ",") {
			continue
		}
		plain = append(plain, token)
	}
	return &Command{SQL: plain.String(), Tag: "GRANT"}, nil
}

// unsupported is for statements that Redshift's parser still knows from
// PostgreSQL, and that do nothing for its tables.
func unsupported(s lex.Statement) (*Command, error) { return nil, Unsupported(s) }

// Unsupported is what Redshift says of a statement that does nothing for its
// tables.
func Unsupported(s lex.Statement) error {
	n := min(len(s), 3)
	return failure.New(failure.Unsupported, `SQL command "%s..." not supported on Redshift tables.`, s[:n])
}

// selects reads a query. SELECT ... INTO makes a table.
func selects(s lex.Statement) (*Command, error) {
	if s.Starts("with") {
		if i := s.Find(1, "update", "delete", "insert", "merge"); i >= 0 {
			return writeAfterWith(s, i)
		}
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	c := &Command{SQL: q.String(), Tag: "SELECT"}
	if s.Starts("select") {
		if i := s.Find(1, "into"); i >= 0 {
			i++
			for i < len(s) && s[i].Is("temp", "temporary", "table") {
				i++
			}
			if c.Made, _, err = s.ReferenceAt(i); err != nil {
				return nil, err
			}
		}
	}
	if s.Starts("explain") {
		c.Tag = ""
	}
	return c, nil
}

// writeAfterWith reads WITH ... UPDATE or DELETE. INSERT takes its WITH later.
func writeAfterWith(s lex.Statement, i int) (*Command, error) {
	read := update
	switch {
	case s[i].Is("delete"):
		read = remove
	case s[i].Is("insert", "merge"):
		return nil, failure.Near(s[i].Text)
	}
	c, err := read(s[i:])
	if err != nil {
		return nil, err
	}
	with, err := query(s[:i])
	if err != nil {
		return nil, err
	}
	c.SQL = with.String() + " " + c.SQL
	return c, nil
}

// insert reads INSERT INTO. PostgreSQL's ON CONFLICT and RETURNING aren't there.
func insert(s lex.Statement) (*Command, error) {
	if !s.Starts("insert", "into") {
		return nil, failure.Near(s.At(1))
	}
	t, i, err := s.ReferenceAt(2)
	if err != nil {
		return nil, err
	}
	if i < len(s) && s[i].Is("as") {
		return nil, failure.Near(s[i].Text)
	}
	if j := s.Find(i, "values"); j >= 0 && s.Find(i, "select", "with") < 0 {
		rest, err := expression(s[j+1:])
		if err != nil {
			return nil, err
		}
		return &Command{SQL: s[:j+1].String() + " " + rest.String(), Writes: t}, noCatalog(t, s[i:])
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	return &Command{SQL: q.String(), Writes: t}, noCatalog(t, s[i:])
}

func update(s lex.Statement) (*Command, error) {
	t, i, err := s.ReferenceAt(1)
	if err != nil {
		return nil, err
	}
	if j := s.Find(i, "set"); j >= 0 && j+1 < len(s) && s[j+1].Is("(") {
		return nil, failure.Near("(")
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	return &Command{SQL: q.String(), Writes: t}, noCatalog(t, s[i:])
}

// remove reads DELETE; FROM may be missing.
func remove(s lex.Statement) (*Command, error) {
	i := 1
	if s.Starts("delete", "from") {
		i = 2
	}
	t, end, err := s.ReferenceAt(i)
	if err != nil {
		return nil, err
	}
	q, err := query(s[i:])
	if err != nil {
		return nil, err
	}
	return &Command{SQL: "DELETE FROM " + q.String(), Writes: t}, noCatalog(t, s[end:])
}

// lock reads LOCK [TABLE] t [, ...]: always the strongest lock.
func lock(s lex.Statement) (*Command, error) {
	i := 1
	if s.Starts("lock", "table") {
		i = 2
	}
	sql := "LOCK TABLE "
	for n, part := range s[min(i, len(s)):].Commas() {
		t, end, err := part.ReferenceAt(0)
		if err != nil {
			return nil, err
		}
		if end < len(part) { // IN ... MODE, NOWAIT
			return nil, failure.Near(part[end].Text)
		}
		if n > 0 {
			sql += ", "
		}
		sql += t.String()
	}
	return &Command{SQL: sql + " IN ACCESS EXCLUSIVE MODE"}, nil
}

// createView takes what Redshift takes, but for late binding.
func createView(s lex.Statement) (*Command, error) {
	as := s.Find(0, "as")
	if as < 0 {
		return nil, failure.Near(s.At(len(s) - 1))
	}
	end := len(s)
	if end > 4 && s[end-4:].Starts("with", "no", "schema", "binding") {
		return nil, failure.Cannot("a view WITH NO SCHEMA BINDING")
	}
	q, err := query(s[as+1 : end])
	if err != nil {
		return nil, err
	}
	return &Command{SQL: s[:as+1].String() + " " + q.String()}, nil
}

// vacuum is always done at once: there is nothing to reclaim here that
// anybody could see. It wants a transaction of its own.
func vacuum(lex.Statement) (*Command, error) {
	return &Command{Tag: "VACUUM", Alone: "VACUUM"}, nil
}

func analyze(s lex.Statement) (*Command, error) {
	if s.Starts("analyze", "compression") {
		return nil, failure.Cannot("ANALYZE COMPRESSION")
	}
	if i := s.Find(1, "predicate", "all"); i > 0 {
		s = s[:i]
	}
	return &Command{SQL: s.String()}, nil
}
