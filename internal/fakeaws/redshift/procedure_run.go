package redshift

import (
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/plpgsql"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A leave is EXIT or CONTINUE on its way to its loop.
type leave struct {
	again bool
	label string
}

func (l *leave) Error() string { return "EXIT cannot be used outside a loop" }

// A returned is RETURN on its way out.
type returned struct{}

func (returned) Error() string { return "RETURN" }

// call runs a procedure. In the default mode it is one statement of its
// caller's transaction; a NONATOMIC one commits each of its statements, unless
// a transaction block is open.
func (f *frame) call(name lex.Reference, args []lex.Statement, atomic bool) error {
	if f.depth >= deepestCall {
		return failure.New(failure.Unsupported, "stored procedure nesting level exceeded the limit of %d", deepestCall)
	}
	p, err := f.s.find(name, len(args))
	if err != nil {
		return err
	}
	in := &frame{s: f.s, to: f.to, p: p, depth: f.depth + 1, atomic: atomic}
	scope := map[string]*slot{}
	in.scopes = append(in.scopes, scope)
	for i, a := range args {
		v, err := f.eval(a)
		if err != nil {
			return err
		}
		x := &slot{kind: p.types[i]}
		if x.kind == "character varying" || x.kind == "text" {
			x.kind = plpgsql.AnyText
		}
		key := "$" + strconv.Itoa(i+1)
		if p.names[i] != "" {
			key = p.names[i]
		}
		scope[key] = x
		if err := in.set(key, v); err != nil {
			return err
		}
	}
	if !p.nonatomic {
		if err := f.s.begin(); err != nil {
			return err
		}
	}
	err = in.block(p.body)
	if _, ok := err.(returned); ok {
		err = nil
	}
	if e, ok := err.(*leave); ok {
		err = failure.New(failure.Syntax, "%v", e)
	}
	return err
}

// block runs a block with its variables and its handler.
func (f *frame) block(b *plpgsql.Block) error {
	scope := map[string]*slot{}
	f.scopes = append(f.scopes, scope)
	defer func() { f.scopes = f.scopes[:len(f.scopes)-1] }()
	for _, v := range b.Declared {
		x := &slot{kind: v.Kind}
		if len(v.Cursor) > 0 {
			x.cursor = &cursor{name: v.Name, query: v.Cursor}
		}
		scope[v.Name] = x
		value, err := f.eval(v.Value)
		if err == nil && value != nil {
			err = f.set(v.Name, value)
		}
		if err != nil {
			return err
		}
		x.constant = v.Constant
	}
	err := f.nodes(b.Body)
	if e, ok := err.(*leave); ok && !e.again && e.label != "" && e.label == b.Label {
		return nil
	}
	if !b.Handles {
		return err
	}
	return f.handle(b, err)
}

// handle runs the handler of a block that failed. Redshift has no
// subtransactions: the whole transaction is rolled back, the handler has its
// own. In the default mode that one is committed and the error thrown again.
func (f *frame) handle(b *plpgsql.Block, err error) error {
	fail, ok := err.(*failure.Error)
	if !ok || fail.Code == failure.Cancelled {
		return err
	}
	if f.s.pg.state != 'I' {
		if undo := f.s.pg.query("ROLLBACK", nowhere); undo != nil {
			return undo
		}
	}
	f.s.implicit, f.s.cursor = false, nil
	outer := f.raised
	f.raised = fail
	err = f.nodes(b.Handler)
	f.raised = outer
	if err != nil || f.p.nonatomic {
		return err
	}
	if err := f.s.finish(nil); err != nil {
		return err
	}
	return fail
}

func (f *frame) nodes(all []plpgsql.Node) error {
	for i := range all {
		if err := f.s.ctx.Err(); err != nil {
			return err
		}
		if err := f.node(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// node runs one statement.
func (f *frame) node(n *plpgsql.Node) error {
	switch n.Kind {
	case plpgsql.DoNothing:
		return nil
	case plpgsql.DoAssign:
		v, err := f.eval(n.SQL)
		if err != nil {
			return err
		}
		return f.set(n.Target[0], v)
	case plpgsql.DoIf:
		return f.choose(n)
	case plpgsql.DoLoop, plpgsql.DoWhile, plpgsql.DoFor, plpgsql.DoForQuery, plpgsql.DoForText:
		return f.loop(n)
	case plpgsql.DoExit, plpgsql.DoContinue:
		if len(n.SQL) > 0 {
			if ok, err := f.truth(n.SQL); err != nil || !ok {
				return err
			}
		}
		return &leave{again: n.Kind == plpgsql.DoContinue, label: n.Label}
	case plpgsql.DoReturn:
		return returned{}
	case plpgsql.DoRaise:
		return f.raise(n)
	case plpgsql.DoDiagnose:
		v := strconv.Itoa(f.count)
		return f.set(n.Target[0], &v)
	case plpgsql.DoBlock:
		return f.block(n.Block)
	case plpgsql.DoCommit, plpgsql.DoRollback, plpgsql.DoStart:
		return f.transaction(n.Kind)
	case plpgsql.DoOpen, plpgsql.DoFetch, plpgsql.DoClose:
		return f.cursor(n)
	case plpgsql.DoCall:
		return f.nested(n.SQL)
	case plpgsql.DoExecute:
		return f.execute(n)
	}
	return f.sql(n.SQL, n.Target)
}

func (f *frame) choose(n *plpgsql.Node) error {
	for _, a := range n.Arms {
		ok := a.When == nil
		if !ok {
			var err error
			if ok, err = f.truth(a.When); err != nil {
				return err
			}
		}
		if ok {
			return f.nodes(a.Body)
		}
	}
	return nil
}

// nested calls another procedure, as any other statement of this one.
func (f *frame) nested(s lex.Statement) error {
	name, args, err := calledAt(f.bind(s), 0)
	if err != nil {
		return err
	}
	if err := f.call(name, args, f.atomic || f.s.pg.state == 'T' && !f.s.implicit); err != nil {
		return err
	}
	return f.autocommit()
}

// autocommit commits a statement of a NONATOMIC procedure.
func (f *frame) autocommit() error {
	if !f.p.nonatomic || !f.s.implicit {
		return nil
	}
	f.s.cursor = nil
	return f.s.finish(nil)
}

// sql does a statement of SQL.
func (f *frame) sql(s lex.Statement, targets []string) error {
	s = f.bind(s)
	if s.Starts("truncate") && f.atomic && !f.p.nonatomic {
		return inAtomic("TRUNCATE")
	}
	c, err := read(s)
	if err != nil {
		return err
	}
	if c.Alone != "" {
		return failure.New(failure.Unsupported, "%s cannot be executed from a function or multi-command string",
			c.Alone)
	}
	var r rows
	isQuery := s.Starts("select") || s.Starts("with")
	if isQuery && targets == nil && c.Made.Name == "" && c.Writes.Name == "" {
		return failure.New(failure.Syntax, "query has no destination for result data")
	}
	if err := f.statement(c, r.take); err != nil {
		return err
	}
	if len(targets) > 0 {
		if err := f.into(targets, &r, 0); err != nil {
			return err
		}
	}
	f.counted(&r)
	if isQuery || c.Writes.Name != "" {
		f.found = f.count > 0
	}
	return nil
}

// counted keeps how many rows a statement had to do with.
func (f *frame) counted(r *rows) {
	f.count = len(r.values)
	if words := strings.Fields(r.tag); len(words) > 1 {
		if n, err := strconv.Atoi(words[len(words)-1]); err == nil {
			f.count = n
		}
	}
}

// statement runs a command in this procedure's way to commit. Notices reach
// the client; rows go to the procedure.
func (f *frame) statement(c *command, take emit) error {
	err := f.s.run(c, nil, func(msg pgproto3.BackendMessage) {
		if _, ok := msg.(*pgproto3.NoticeResponse); ok {
			f.to(msg)
			return
		}
		take(msg)
	})
	if err != nil {
		return err
	}
	if f.s.pg.state == 'I' { // it has committed, as TRUNCATE does
		f.s.cursor = nil
	}
	return f.autocommit()
}

// execute does dynamic SQL.
func (f *frame) execute(n *plpgsql.Node) error {
	v, err := f.eval(n.SQL)
	if err != nil {
		return err
	}
	if v == nil {
		return failure.New("22004", "cannot EXECUTE a null querystring")
	}
	all, err := lex.Split(*v)
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return failure.New(failure.Syntax, "EXECUTE takes one statement")
	}
	s := all[0]
	for _, k := range []string{"commit", "rollback", "end", "begin", "start"} {
		if s.Starts(k) {
			return failure.New(failure.Unsupported, "%s cannot be executed from dynamic SQL", strings.ToUpper(k))
		}
	}
	names := f.scopes // no variable is seen from inside
	f.scopes = nil
	defer func() { f.scopes = names }()
	if s.Starts("call") {
		return f.nested(s[1:])
	}
	c, err := read(s)
	if err != nil {
		return err
	}
	if s.Starts("truncate") && f.atomic && !f.p.nonatomic {
		return inAtomic("TRUNCATE")
	}
	var r rows
	if err := f.statement(c, r.take); err != nil {
		return err
	}
	f.scopes = names
	f.counted(&r)
	if len(n.Target) == 0 {
		return nil
	}
	return f.into(n.Target, &r, 0)
}

// raise tells the client something, or fails.
func (f *frame) raise(n *plpgsql.Node) error {
	if len(n.More) == 0 {
		if f.raised == nil {
			return failure.New(failure.Syntax, "RAISE without parameters cannot be used outside an exception handler")
		}
		return f.raised
	}
	parts := strings.Split(n.More[0][0].Value(), "%")
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i == len(parts)-1 {
			break
		}
		if i+1 >= len(n.More) {
			return failure.New(failure.Syntax, "too few parameters specified for RAISE")
		}
		v, err := f.eval(n.More[i+1])
		if err != nil {
			return err
		}
		if v == nil {
			b.WriteString("<NULL>")
		} else {
			b.WriteString(*v)
		}
	}
	if n.Label == "exception" {
		return &failure.Error{Code: failure.Raised, Message: b.String()}
	}
	level := strings.ToUpper(n.Label)
	if level != "LOG" && level != "DEBUG" {
		f.to(&pgproto3.NoticeResponse{Severity: level, Code: "00000", Message: b.String()})
	}
	return nil
}
