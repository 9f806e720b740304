package redshift

import (
	"strconv"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/plpgsql"
)

// loop runs the body of any loop as often as it has to be.
func (f *frame) loop(n *plpgsql.Node) error {
	switch n.Kind {
	case plpgsql.DoFor:
		return f.countLoop(n)
	case plpgsql.DoForQuery, plpgsql.DoForText:
		return f.rowLoop(n)
	}
	for {
		if n.Kind == plpgsql.DoWhile {
			if ok, err := f.truth(n.SQL); err != nil || !ok {
				return err
			}
		}
		if err := f.s.ctx.Err(); err != nil {
			return err
		}
		if over, err := f.turn(n); over {
			return err
		}
	}
}

// turn runs the body once, and says whether the loop is over.
func (f *frame) turn(n *plpgsql.Node) (over bool, err error) {
	err = f.nodes(n.Body)
	e, ok := err.(*leave)
	switch {
	case err == nil:
		return false, nil
	case !ok || e.label != "" && e.label != n.Label:
		return true, err
	}
	return !e.again, nil
}

// countLoop is FOR i IN 1..10: i lives in the loop alone.
func (f *frame) countLoop(n *plpgsql.Node) error {
	bound := func(s lex.Statement) (int, error) {
		v, err := f.eval(s)
		if err != nil || v == nil {
			return 0, err
		}
		return strconv.Atoi(*v)
	}
	from, err := bound(n.SQL)
	if err != nil {
		return err
	}
	to, err := bound(n.More[0])
	if err != nil {
		return err
	}
	step := 1
	if len(n.More) > 1 {
		if step, err = bound(n.More[1]); err != nil {
			return err
		}
	}
	x := &slot{kind: "integer"}
	f.scopes = append(f.scopes, map[string]*slot{n.Target[0]: x})
	defer func() { f.scopes = f.scopes[:len(f.scopes)-1] }()
	for i := from; !n.Down && i <= to || n.Down && i >= to; {
		v := strconv.Itoa(i)
		x.value = &v
		if over, err := f.turn(n); over {
			return err
		}
		if n.Down {
			i -= step
		} else {
			i += step
		}
	}
	return nil
}

// rowLoop is FOR target IN query: an implicit cursor.
func (f *frame) rowLoop(n *plpgsql.Node) error {
	query := n.SQL
	if n.Kind == plpgsql.DoForText {
		v, err := f.eval(n.SQL)
		if err != nil {
			return err
		}
		if v == nil {
			return failure.New("22004", "cannot EXECUTE a null querystring")
		}
		if query, err = lex.All(*v); err != nil {
			return err
		}
	}
	c := &cursor{name: "<unnamed portal 1>", query: query}
	if err := f.open(c); err != nil {
		return err
	}
	defer f.release(c)
	f.found = false
	for i := range c.rows.values {
		if f.s.cursor != c { // a commit closed it
			return noCursor(c.name)
		}
		if err := f.into(n.Target, c.rows, i); err != nil {
			return err
		}
		over, err := f.turn(n)
		if over {
			return err
		}
		f.found = true
	}
	return nil
}

func noCursor(name string) error { return failure.New("34000", `cursor "%s" does not exist`, name) }

// open reads the rows of a cursor: one may be open in a session.
func (f *frame) open(c *cursor) error {
	if f.s.cursor != nil {
		return failure.New(failure.Unsupported,
			"Nested cursors are not supported: a cursor is open in this session already")
	}
	c.next, c.rows = 0, &rows{}
	opens, err := read(f.bind(c.query))
	if err != nil {
		return err
	}
	// Outside of a transaction block it closes with the first statement that
	// commits, so opening it commits nothing.
	if err := f.s.run(opens, nil, c.rows.take); err != nil {
		return err
	}
	f.s.cursor = c
	if f.p.nonatomic && f.s.implicit {
		f.s.implicit = false
		return f.s.pg.query("COMMIT", nowhere)
	}
	return nil
}

func (f *frame) release(c *cursor) {
	if f.s.cursor == c {
		f.s.cursor = nil
	}
}

// cursor does OPEN, FETCH and CLOSE.
func (f *frame) cursor(n *plpgsql.Node) error {
	x := f.slot(n.Label)
	if x == nil || x.kind != "refcursor" {
		return failure.New(failure.Syntax, `variable "%s" must be of type cursor or refcursor`, n.Label)
	}
	switch n.Kind {
	case plpgsql.DoOpen:
		if len(n.SQL) > 0 {
			x.cursor = &cursor{name: n.Label, query: n.SQL}
		}
		if x.cursor == nil {
			return failure.New(failure.Syntax, `cursor "%s" has no query`, n.Label)
		}
		return f.open(x.cursor)
	case plpgsql.DoClose:
		if x.cursor == nil || f.s.cursor != x.cursor {
			return noCursor(n.Label)
		}
		f.release(x.cursor)
		return nil
	}
	c := x.cursor
	if c == nil || f.s.cursor != c {
		return noCursor(n.Label)
	}
	f.found = c.next < len(c.rows.values)
	err := f.into(n.Target, c.rows, c.next)
	c.next++
	return err
}
