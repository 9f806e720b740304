package redshift

import (
	"strconv"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// loop runs the body of any loop as often as it has to be.
func (f *frame) loop(n *node) error {
	switch n.kind {
	case doFor:
		return f.countLoop(n)
	case doForQuery, doForText:
		return f.rowLoop(n)
	}
	for {
		if n.kind == doWhile {
			if ok, err := f.truth(n.sql); err != nil || !ok {
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
func (f *frame) turn(n *node) (over bool, err error) {
	err = f.nodes(n.body)
	e, ok := err.(*leave)
	switch {
	case err == nil:
		return false, nil
	case !ok || e.label != "" && e.label != n.label:
		return true, err
	}
	return !e.again, nil
}

// countLoop is FOR i IN 1..10: i lives in the loop alone.
func (f *frame) countLoop(n *node) error {
	bound := func(s lex.Statement) (int, error) {
		v, err := f.eval(s)
		if err != nil || v == nil {
			return 0, err
		}
		return strconv.Atoi(*v)
	}
	from, err := bound(n.sql)
	if err != nil {
		return err
	}
	to, err := bound(n.more[0])
	if err != nil {
		return err
	}
	step := 1
	if len(n.more) > 1 {
		if step, err = bound(n.more[1]); err != nil {
			return err
		}
	}
	x := &slot{kind: "integer"}
	f.scopes = append(f.scopes, map[string]*slot{n.target[0]: x})
	defer func() { f.scopes = f.scopes[:len(f.scopes)-1] }()
	for i := from; !n.down && i <= to || n.down && i >= to; {
		v := strconv.Itoa(i)
		x.value = &v
		if over, err := f.turn(n); over {
			return err
		}
		if n.down {
			i -= step
		} else {
			i += step
		}
	}
	return nil
}

// rowLoop is FOR target IN query: an implicit cursor.
func (f *frame) rowLoop(n *node) error {
	query := n.sql
	if n.kind == doForText {
		v, err := f.eval(n.sql)
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
		if err := f.into(n.target, c.rows, i); err != nil {
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
		return failure.New(failure.Unsupported, "Nested cursors are not supported: a cursor is open in this session already")
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
func (f *frame) cursor(n *node) error {
	x := f.slot(n.label)
	if x == nil || x.kind != "refcursor" {
		return failure.New(failure.Syntax, `variable "%s" must be of type cursor or refcursor`, n.label)
	}
	switch n.kind {
	case doOpen:
		if len(n.sql) > 0 {
			x.cursor = &cursor{name: n.label, query: n.sql}
		}
		if x.cursor == nil {
			return failure.New(failure.Syntax, `cursor "%s" has no query`, n.label)
		}
		return f.open(x.cursor)
	case doClose:
		if x.cursor == nil || f.s.cursor != x.cursor {
			return noCursor(n.label)
		}
		f.release(x.cursor)
		return nil
	}
	c := x.cursor
	if c == nil || f.s.cursor != c {
		return noCursor(n.label)
	}
	f.found = c.next < len(c.rows.values)
	err := f.into(n.target, c.rows, c.next)
	c.next++
	return err
}
