package plpgsql

import (
	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// nodeKinds says how the statements of a procedure are read, by their first
// words.
func nodeKinds() []struct {
	words []string
	read  func(*bodyParser, *Node) error
} {
	type line = struct {
		words []string
		read  func(*bodyParser, *Node) error
	}
	w := func(words ...string) []string { return words }
	plain := func(k Kind) func(*bodyParser, *Node) error {
		return func(p *bodyParser, n *Node) error { n.Kind = k; return p.expect(";") }
	}
	return []line{
		{w("if"), readIf}, {w("case"), readCase}, {w("loop"), readLoop}, {w("while"), readWhile}, {w("for"), readFor},
		{w("exit"), jump(DoExit)}, {w("continue"), jump(DoContinue)},
		{w("return"), plain(DoReturn)}, {w("null"), plain(DoNothing)},
		{w("raise"), readRaise}, {w("execute"), readExecute}, {w("call"), readCall},
		{w("get", "diagnostics"), readDiagnostics},
		{w("commit"), plain(DoCommit)}, {w("rollback"), plain(DoRollback)}, {w("start", "transaction"), plain(DoStart)},
		{w("open"), readOpen}, {w("fetch"), readFetch}, {w("close"), readClose},
		{w("perform"), func(p *bodyParser, n *Node) error {
			s, err := p.rest()
			n.Kind, n.SQL = DoSQL, s.After("SELECT")
			n.Target = []string{}
			return err
		}},
		{w("foreach"), func(*bodyParser, *Node) error { return failure.Near("FOREACH") }},
		{w("assert"), func(*bodyParser, *Node) error { return failure.Near("ASSERT") }},
	}
}

func readIf(p *bodyParser, n *Node) error {
	n.Kind = DoIf
	for {
		when, err := p.until("then")
		if err != nil {
			return err
		}
		p.i++
		body, err := p.nodes("elsif", "elseif", "else", "end")
		if err != nil {
			return err
		}
		n.Arms = append(n.Arms, Arm{when, body})
		if p.accept("elsif") || p.accept("elseif") {
			continue
		}
		if p.accept("else") {
			if body, err = p.nodes("end"); err != nil {
				return err
			}
			n.Arms = append(n.Arms, Arm{nil, body})
		}
		return p.expect("end", "if", ";")
	}
}

// readCase reads CASE [value] WHEN ... THEN ... END CASE.
func readCase(p *bodyParser, n *Node) error {
	n.Kind = DoIf
	value, err := p.until("when")
	if err != nil {
		return err
	}
	for p.accept("when") {
		when, err := p.until("then")
		if err != nil {
			return err
		}
		p.i++
		if len(value) > 0 {
			when = append(append(append(lex.Statement{}, value...), lex.Tokens("IN (")...),
				append(when, lex.Token{Kind: lex.Sign, Text: ")"})...)
			when[len(value)].Gap = true
		}
		body, err := p.nodes("when", "else", "end")
		if err != nil {
			return err
		}
		n.Arms = append(n.Arms, Arm{when, body})
	}
	if p.accept("else") {
		body, err := p.nodes("end")
		if err != nil {
			return err
		}
		n.Arms = append(n.Arms, Arm{nil, body})
	}
	return p.expect("end", "case", ";")
}

// loopBody reads what stands between LOOP and END LOOP.
func loopBody(p *bodyParser, n *Node) (err error) {
	if n.Body, err = p.nodes("end"); err != nil {
		return err
	}
	if err := p.expect("end", "loop"); err != nil {
		return err
	}
	if p.peek().Named() { // the label once more
		p.i++
	}
	return p.expect(";")
}

func readLoop(p *bodyParser, n *Node) error {
	n.Kind = DoLoop
	return loopBody(p, n)
}

func readWhile(p *bodyParser, n *Node) (err error) {
	n.Kind = DoWhile
	if n.SQL, err = p.until("loop"); err != nil {
		return err
	}
	p.i++
	return loopBody(p, n)
}

// readFor reads FOR i IN 1..10, FOR r IN query and FOR r IN EXECUTE text.
func readFor(p *bodyParser, n *Node) error {
	names, err := p.until("in")
	if err != nil {
		return err
	}
	p.i++
	for _, part := range names.Commas() {
		n.Target = append(n.Target, dotted(part))
	}
	n.Down = p.accept("reverse")
	s, err := p.until("loop")
	if err != nil {
		return err
	}
	p.i++
	dots := s.Find(0, "..")
	switch {
	case dots > 0:
		n.Kind, n.SQL = DoFor, s[:dots]
		n.More = []lex.Statement{s[dots+1:]}
		if by := s.Find(dots, "by"); by > 0 {
			n.More = []lex.Statement{s[dots+1 : by], s[by+1:]}
		}
	case s.Starts("execute"):
		n.Kind, n.SQL = DoForText, s[1:]
	default:
		n.Kind, n.SQL = DoForQuery, s
	}
	return loopBody(p, n)
}

// jump reads EXIT and CONTINUE [label] [WHEN condition].
func jump(k Kind) func(*bodyParser, *Node) error {
	return func(p *bodyParser, n *Node) error {
		n.Kind, n.Label = k, ""
		s, err := p.rest()
		if err != nil {
			return err
		}
		if len(s) > 0 && !s[0].Is("when") {
			n.Label, s = s[0].Name(), s[1:]
		}
		if s.Starts("when") {
			n.SQL = s[1:]
		}
		return nil
	}
}

// readRaise reads RAISE [level] 'format' [, value ...] [USING ...].
func readRaise(p *bodyParser, n *Node) error {
	n.Kind = DoRaise
	s, err := p.rest()
	if err != nil {
		return err
	}
	if len(s) == 0 { // in a handler: the error once more
		return nil
	}
	level := "exception"
	if len(s) > 0 && s[0].Is("exception", "info", "notice", "warning", "log", "debug") {
		level, s = s[0].Name(), s[1:]
	}
	if len(s) == 0 || s[0].Kind != lex.Text {
		return failure.Near(s.At(0))
	}
	if using := s.Find(0, "using"); using >= 0 {
		s = s[:using]
	}
	n.Label = level
	n.More = s.Commas()
	return nil
}

// readExecute reads EXECUTE text [INTO target].
func readExecute(p *bodyParser, n *Node) error {
	s, err := p.rest()
	if err != nil {
		return err
	}
	if s.Find(0, "using") >= 0 {
		return failure.Near("USING") // Redshift has no parameters there
	}
	n.Kind = DoExecute
	n.SQL, n.Target = intoOf(s)
	return nil
}

func readCall(p *bodyParser, n *Node) (err error) {
	n.Kind = DoCall
	n.SQL, err = p.rest()
	return err
}

// readDiagnostics reads GET DIAGNOSTICS v = ROW_COUNT.
func readDiagnostics(p *bodyParser, n *Node) error {
	s, err := p.rest()
	if err != nil {
		return err
	}
	if len(s) != 3 || !s[1].Is(":=", "=") || !s[2].Is("row_count") {
		return failure.Near(s.At(2))
	}
	n.Kind, n.Target = DoDiagnose, []string{s[0].Name()}
	return nil
}

// readOpen reads OPEN cursor [FOR query].
func readOpen(p *bodyParser, n *Node) error {
	s, err := p.rest()
	if err != nil || len(s) == 0 {
		return err
	}
	n.Kind, n.Label = DoOpen, s[0].Name()
	switch {
	case len(s) == 1:
	case s[1].Is("for") && len(s) > 2 && s[2].Is("execute"):
		return failure.Cannot("OPEN ... FOR EXECUTE")
	case s[1].Is("for"):
		n.SQL = s[2:]
	default:
		return failure.Near(s[1].Text)
	}
	return nil
}

func readFetch(p *bodyParser, n *Node) error {
	s, err := p.rest()
	if err != nil {
		return err
	}
	s, n.Target = intoOf(s)
	if len(s) == 0 || len(n.Target) == 0 {
		return failure.Near(";")
	}
	n.Kind, n.Label = DoFetch, s[len(s)-1].Name()
	return nil
}

func readClose(p *bodyParser, n *Node) (err error) {
	n.Kind = DoClose
	if n.Label, err = p.name(); err != nil {
		return err
	}
	return p.expect(";")
}
