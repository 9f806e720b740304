package redshift

// A command is a statement of Redshift's, ready to be done.
type command struct {
	sql    string    // for PostgreSQL
	tag    string    // what the client is told was done; "" is what PostgreSQL says
	writes reference // a table whose writers wait for each other
	made   reference // a table whose columns are new: their limits are kept in bytes
	keyed  []string
	alone  string // what can't be done inside of a transaction block

	local func(s *session, args []argument, to emit) error // does it instead of PostgreSQL
}

// An argument is a parameter as a client sent it.
type argument struct {
	value  []byte
	binary bool
	oid    uint32
}

// kinds says who reads which statement: the first whose words it starts with.
// What no line names goes to PostgreSQL as it is.
func kinds() []struct {
	words []string
	read  func(statement) (*command, error)
} {
	type line = struct {
		words []string
		read  func(statement) (*command, error)
	}
	w := func(words ...string) []string { return words }
	return []line{
		{w("begin"), begin}, {w("start", "transaction"), begin},
		{w("commit"), commit}, {w("end"), commit},
		{w("rollback"), rollback}, {w("abort"), rollback},
		{w("savepoint"), unsupported}, {w("release"), unsupported}, {w("do"), unsupported}, {w("listen"), unsupported}, {w("notify"), unsupported},
		{w("set"), set}, {w("reset"), set}, {w("show"), show},
		{w("lock"), lock}, {w("truncate"), truncate}, {w("copy"), copyFrom},
		{w("unload"), func(statement) (*command, error) { return nil, cannot("UNLOAD") }},
		{w("call"), call},
		{w("create", "procedure"), createProcedure}, {w("create", "or", "replace", "procedure"), createProcedure},
		{w("create", "index"), unsupported}, {w("create", "unique"), unsupported}, {w("create", "trigger"), unsupported}, {w("create", "rule"), unsupported},
		{w("create", "type"), unsupported}, {w("create", "domain"), unsupported}, {w("create", "sequence"), unsupported}, {w("create", "extension"), unsupported},
		{w("create", "unlogged"), unsupported}, {w("create", "aggregate"), unsupported}, {w("create", "operator"), unsupported},
		{w("create", "table"), createTable}, {w("create", "temporary"), createTable}, {w("create", "temp"), createTable}, {w("create", "local"), createTable},
		{w("create", "view"), createView}, {w("create", "or", "replace", "view"), createView},
		{w("alter", "table"), alterTable}, {w("drop", "index"), unsupported},
		{w("insert"), insert}, {w("update"), update}, {w("delete"), remove}, {w("merge"), merge},
		{w("select"), selects}, {w("with"), selects}, {w("("), selects}, {w("explain"), selects}, {w("values"), unsupported},
		{w("vacuum"), vacuum}, {w("analyze"), analyze},
		{w("create", "database"), func(statement) (*command, error) { return nil, cannot("CREATE DATABASE") }},
		{w("create", "external"), func(statement) (*command, error) { return nil, cannot("Spectrum") }},
		{w("create", "materialized"), func(statement) (*command, error) { return nil, cannot("materialized views") }},
	}
}

// translate turns a statement into a command, or refuses it as Redshift does.
func translate(s statement) (*command, error) {
	if err := checkNames(s); err != nil {
		return nil, err
	}
	if err := balanced(s); err != nil {
		return nil, err
	}
	for _, k := range kinds() {
		if s.starts(k.words...) {
			return k.read(s)
		}
	}
	return &command{sql: s.String()}, nil
}

// balanced refuses parentheses that don't close: whoever reads on may rely on
// it.
func balanced(s statement) error {
	var open []string
	for _, t := range s {
		switch {
		case t.is("("):
			open = append(open, ")")
		case t.is("["):
			open = append(open, "]")
		case t.is(")", "]"):
			if len(open) == 0 || !t.is(open[len(open)-1]) {
				return syntax(t.text)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return failed(codeSyntax, "syntax error at end of input")
	}
	return nil
}

// unsupported is for statements that Redshift's parser still knows from
// PostgreSQL, and that do nothing for its tables.
func unsupported(s statement) (*command, error) {
	n := min(len(s), 3)
	return nil, failed(codeUnsupported, `SQL command "%s..." not supported on Redshift tables.`, s[:n])
}

// done is for statements that change nothing that can be seen.
func done(*session, []argument, emit) error { return nil }

// selects reads a query. SELECT ... INTO makes a table.
func selects(s statement) (*command, error) {
	if s.starts("with") {
		if i := s.find(1, "update", "delete", "insert", "merge"); i >= 0 {
			return writeAfterWith(s, i)
		}
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	c := &command{sql: q.String(), tag: "SELECT"}
	if s.starts("select") {
		if i := s.find(1, "into"); i >= 0 {
			i++
			for i < len(s) && s[i].is("temp", "temporary", "table") {
				i++
			}
			if c.made, _, err = referenceAt(s, i); err != nil {
				return nil, err
			}
		}
	}
	if s.starts("explain") {
		c.tag = ""
	}
	return c, nil
}

// writeAfterWith reads WITH ... UPDATE or DELETE. INSERT takes its WITH later.
func writeAfterWith(s statement, i int) (*command, error) {
	read := update
	switch {
	case s[i].is("delete"):
		read = remove
	case s[i].is("insert", "merge"):
		return nil, syntax(s[i].text)
	}
	c, err := read(s[i:])
	if err != nil {
		return nil, err
	}
	with, err := query(s[:i])
	if err != nil {
		return nil, err
	}
	c.sql = with.String() + " " + c.sql
	return c, nil
}

// insert reads INSERT INTO. PostgreSQL's ON CONFLICT and RETURNING aren't there.
func insert(s statement) (*command, error) {
	if !s.starts("insert", "into") {
		return nil, syntax(at(s, 1))
	}
	t, i, err := referenceAt(s, 2)
	if err != nil {
		return nil, err
	}
	if i < len(s) && s[i].is("as") {
		return nil, syntax(s[i].text)
	}
	if j := s.find(i, "values"); j >= 0 && s.find(i, "select", "with") < 0 {
		rest, err := expression(s[j+1:])
		if err != nil {
			return nil, err
		}
		return &command{sql: s[:j+1].String() + " " + rest.String(), writes: t}, noCatalog(t, s[i:])
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	return &command{sql: q.String(), writes: t}, noCatalog(t, s[i:])
}

func update(s statement) (*command, error) {
	t, i, err := referenceAt(s, 1)
	if err != nil {
		return nil, err
	}
	if j := s.find(i, "set"); j >= 0 && j+1 < len(s) && s[j+1].is("(") {
		return nil, syntax("(")
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	return &command{sql: q.String(), writes: t}, noCatalog(t, s[i:])
}

// remove reads DELETE; FROM may be missing.
func remove(s statement) (*command, error) {
	i := 1
	if s.starts("delete", "from") {
		i = 2
	}
	t, end, err := referenceAt(s, i)
	if err != nil {
		return nil, err
	}
	q, err := query(s[i:])
	if err != nil {
		return nil, err
	}
	return &command{sql: "DELETE FROM " + q.String(), writes: t}, noCatalog(t, s[end:])
}

// lock reads LOCK [TABLE] t [, ...]: always the strongest lock.
func lock(s statement) (*command, error) {
	i := 1
	if s.starts("lock", "table") {
		i = 2
	}
	sql := "LOCK TABLE "
	for n, part := range s[min(i, len(s)):].commas() {
		t, end, err := referenceAt(part, 0)
		if err != nil {
			return nil, err
		}
		if end < len(part) { // IN ... MODE, NOWAIT
			return nil, syntax(part[end].text)
		}
		if n > 0 {
			sql += ", "
		}
		sql += t.String()
	}
	return &command{sql: sql + " IN ACCESS EXCLUSIVE MODE"}, nil
}

// createView takes what Redshift takes, but for late binding.
func createView(s statement) (*command, error) {
	as := s.find(0, "as")
	if as < 0 {
		return nil, syntax(at(s, len(s)-1))
	}
	end := len(s)
	if end > 4 && s[end-4:].starts("with", "no", "schema", "binding") {
		return nil, cannot("a view WITH NO SCHEMA BINDING")
	}
	q, err := query(s[as+1 : end])
	if err != nil {
		return nil, err
	}
	return &command{sql: s[:as+1].String() + " " + q.String()}, nil
}

// vacuum is always done at once: there is nothing to reclaim here that
// anybody could see. It wants a transaction of its own.
func vacuum(statement) (*command, error) {
	return &command{tag: "VACUUM", alone: "VACUUM", local: done}, nil
}

func analyze(s statement) (*command, error) {
	if s.starts("analyze", "compression") {
		return nil, cannot("ANALYZE COMPRESSION")
	}
	if i := s.find(1, "predicate", "all"); i > 0 {
		s = s[:i]
	}
	return &command{sql: s.String()}, nil
}
