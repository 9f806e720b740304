// Package plpgsql reads stored procedures in Redshift's PL/pgSQL. It runs none
// of them.
package plpgsql

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/translate"
)

// A Block is DECLARE ... BEGIN ... [EXCEPTION WHEN OTHERS THEN ...] END.
type Block struct {
	Label    string
	Declared []Variable
	Body     []Node
	Handler  []Node // nil where there is none
	Handles  bool
}

// A Variable is one that a block declares.
type Variable struct {
	Name     string
	Kind     string        // its type, "record" or "refcursor"
	Value    lex.Statement // its first value; nil is NULL
	Constant bool
	Cursor   lex.Statement // the query of a bound cursor
}

// A Node is one statement of a procedure's body.
type Node struct {
	Kind   Kind
	Label  string
	Target []string        // variables that are set
	SQL    lex.Statement   // an expression or a statement of SQL
	More   []lex.Statement // further expressions: of RAISE, USING, FOR
	Body   []Node
	Arms   []Arm // of IF and CASE
	Block  *Block
	Down   bool // FOR ... REVERSE
}

// An Arm is a condition with what is done then; no condition is ELSE.
type Arm struct {
	When lex.Statement
	Body []Node
}

// Kind is what a statement of a procedure does.
type Kind int

// The statements of a procedure, each with the fields of its Node.
const (
	DoSQL      Kind = iota // INSERT and the like, with INTO where Target is set
	DoAssign               // Target := SQL
	DoIf                   // Arms
	DoLoop                 // Body, until EXIT
	DoWhile                // SQL, Body
	DoFor                  // Target IN SQL .. More[0] [BY More[1]]
	DoForQuery             // Target IN query
	DoForText              // Target IN EXECUTE text
	DoExit                 // [Label] [WHEN SQL]
	DoContinue
	DoReturn
	DoRaise   // More: level, format and arguments
	DoExecute // EXECUTE SQL [INTO Target]
	DoCall
	DoDiagnose // GET DIAGNOSTICS Target = ROW_COUNT
	DoBlock
	DoNothing
	DoCommit
	DoRollback
	DoStart // START TRANSACTION, NONATOMIC only
	DoOpen  // OPEN Label [FOR SQL]
	DoFetch // FETCH Label INTO Target
	DoClose
)

// A bodyParser reads the body of a procedure.
type bodyParser struct {
	s lex.Statement
	i int
}

// Parse reads the body of a procedure.
func Parse(source string) (b *Block, err error) {
	all, err := lex.All(source)
	if err != nil {
		return nil, err
	}
	p := &bodyParser{s: all}
	if b, err = p.block(""); err != nil {
		return nil, err
	}
	p.accept(";")
	if p.i < len(p.s) {
		return nil, failure.Near(p.peek().Text)
	}
	return b, nil
}

func (p *bodyParser) peek() lex.Token {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return lex.Token{}
}

func (p *bodyParser) starts(words ...string) bool { return p.s[min(p.i, len(p.s)):].Starts(words...) }

// accept takes these words where they stand.
func (p *bodyParser) accept(words ...string) bool {
	if !p.starts(words...) {
		return false
	}
	p.i += len(words)
	return true
}

func (p *bodyParser) expect(words ...string) error {
	if !p.accept(words...) {
		return failure.Near(p.peek().Text)
	}
	return nil
}

// until takes everything up to one of these words at the same level.
func (p *bodyParser) until(words ...string) (lex.Statement, error) {
	from, deep := p.i, 0
	for ; p.i < len(p.s); p.i++ {
		t := p.s[p.i]
		switch {
		case deep == 0 && t.Is(words...):
			return p.s[from:p.i], nil
		case t.Is("(", "[", "case"):
			deep++
		case t.Is(")", "]"), deep > 0 && t.Is("end"):
			deep--
		case t.Is(";"):
			return nil, failure.Near(";")
		}
	}
	return nil, failure.New(failure.Syntax, "syntax error at end of input")
}

// rest takes everything up to the semicolon, and the semicolon.
func (p *bodyParser) rest() (lex.Statement, error) {
	s, err := p.until(";")
	p.i++
	return s, err
}

func (p *bodyParser) name() (string, error) {
	t := p.peek()
	if !t.Named() {
		return "", failure.Near(t.Text)
	}
	p.i++
	return t.Name(), nil
}

// block reads DECLARE and BEGIN ... END.
func (p *bodyParser) block(label string) (*Block, error) {
	b := &Block{Label: label}
	for p.accept("declare") || len(b.Declared) > 0 && !p.starts("begin") {
		for !p.starts("begin") && !p.starts("declare") {
			v, err := p.variable()
			if err != nil {
				return nil, err
			}
			b.Declared = append(b.Declared, v)
		}
	}
	if err := p.expect("begin"); err != nil {
		return nil, err
	}
	var err error
	if b.Body, err = p.nodes("end", "exception"); err != nil {
		return nil, err
	}
	if p.accept("exception") {
		b.Handles = true
		if err := p.expect("when"); err != nil {
			return nil, err
		}
		if !p.accept("others") {
			return nil, failure.New(failure.Unsupported, "only OTHERS is supported as exception condition, not %s",
				p.peek().Text)
		}
		if err := p.expect("then"); err != nil {
			return nil, err
		}
		if b.Handler, err = p.nodes("end", "when"); err != nil {
			return nil, err
		}
	}
	if err := p.expect("end"); err != nil {
		return nil, err
	}
	if p.peek().Named() { // the label once more
		p.i++
	}
	return b, nil
}

// variable reads name [CONSTANT] type [NOT NULL] [{DEFAULT | := | =} value];
// and name CURSOR FOR query;.
func (p *bodyParser) variable() (v Variable, err error) {
	if v.Name, err = p.name(); err != nil {
		return v, err
	}
	v.Constant = p.accept("constant")
	if p.accept("cursor") {
		if p.starts("(") {
			return v, failure.Cannot("a cursor with arguments")
		}
		if !p.accept("for") && !p.accept("is") {
			return v, failure.Near(p.peek().Text)
		}
		v.Kind = "refcursor"
		v.Cursor, err = p.rest()
		return v, err
	}
	s, err := p.rest()
	if err != nil {
		return v, err
	}
	if s.Starts("alias") {
		return v, failure.Cannot("ALIAS FOR")
	}
	kind, value := s, lex.Statement(nil)
	if i := s.Find(0, "default", ":=", "="); i >= 0 {
		kind, value = s[:i], s[i+1:]
	}
	if n := len(kind); n > 2 && kind[n-2:].Starts("not", "null") {
		kind = kind[:n-2]
	}
	v.Value = value
	v.Kind, err = variableType(kind)
	return v, err
}

// AnyText is the type of a text without a limit: a variable takes what fits, the
// column limits it.
const AnyText = "varchar(65535)"

// variableType reads the type of a variable or an argument.
func variableType(s lex.Statement) (string, error) {
	text := strings.ToLower(s.String())
	switch {
	case text == "record", text == "refcursor":
		return text, nil
	case strings.Contains(text, "%"):
		if strings.HasSuffix(text, "rowtype") {
			return "record", nil
		}
		return "", failure.Cannot("%%TYPE")
	}
	if s.Starts("varchar") && len(s) == 1 || s.Starts("text") && len(s) == 1 ||
		s.Starts("character", "varying") && len(s) == 2 {
		return AnyText, nil
	}
	kind, end, err := translate.TypeAt(s, 0, "")
	if err == nil && end < len(s) {
		err = failure.Near(s[end].Text)
	}
	return kind, err
}

// nodes reads statements up to one of these words.
func (p *bodyParser) nodes(ends ...string) ([]Node, error) {
	all := []Node{}
	for {
		if p.i >= len(p.s) {
			return nil, failure.New(failure.Syntax, "syntax error at end of input")
		}
		if p.peek().Is(ends...) {
			return all, nil
		}
		n, err := p.node()
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
}

// node reads one statement.
func (p *bodyParser) node() (n Node, err error) {
	label := ""
	if p.accept("<<") {
		if label, err = p.name(); err != nil {
			return n, err
		}
		if err = p.expect(">>"); err != nil {
			return n, err
		}
	}
	for _, k := range nodeKinds() {
		if p.accept(k.words...) {
			n.Label = label
			err = k.read(p, &n)
			return n, err
		}
	}
	if p.starts("declare") || p.starts("begin") {
		n.Kind = DoBlock
		if n.Block, err = p.block(label); err == nil {
			err = p.expect(";")
		}
		return n, err
	}
	s, err := p.rest()
	if err != nil {
		return n, err
	}
	return assignOrSQL(s)
}

// assignOrSQL tells target := expression from SQL.
func assignOrSQL(s lex.Statement) (Node, error) {
	if i := s.Find(0, ":="); i > 0 && s[0].Named() {
		return Node{Kind: DoAssign, Target: []string{dotted(s[:i])}, SQL: s[i+1:]}, nil
	}
	if len(s) > 1 && s[0].Named() && s[1].Is("=") {
		return Node{Kind: DoAssign, Target: []string{s[0].Name()}, SQL: s[2:]}, nil
	}
	if len(s) == 0 {
		return Node{Kind: DoNothing}, nil
	}
	for _, words := range [][]string{{"prepare"}, {"vacuum"}, {"set", "local"}, {"create", "database"},
		{"drop", "database"}, {"create", "external"}, {"savepoint"}} {
		if s.Starts(words...) {
			return Node{}, failure.New(failure.Unsupported, "%s is not supported inside a stored procedure",
				strings.ToUpper(strings.Join(words, " ")))
		}
	}
	n := Node{Kind: DoSQL, SQL: s}
	if s.Starts("select") || s.Starts("with") || s.Starts("fetch") {
		n.SQL, n.Target = intoOf(s)
	}
	return n, nil
}

// intoOf takes INTO and its variables out of a query.
func intoOf(s lex.Statement) (lex.Statement, []string) {
	i := s.Find(0, "into")
	if i < 0 || i+1 >= len(s) || s[i+1].Is("temp", "temporary", "table") {
		return s, nil
	}
	end := i + 1
	if s[end].Is("strict") {
		end++
	}
	var names []string
	for end < len(s) && s[end].Named() {
		from := end
		end++
		for end+1 < len(s) && s[end].Is(".") {
			end += 2
		}
		names = append(names, dotted(s[from:end]))
		if end >= len(s) || !s[end].Is(",") {
			break
		}
		end++
	}
	return append(slices.Clone(s[:i]), s[end:]...), names
}

// dotted is the name of a variable, or of a field of a record.
func dotted(s lex.Statement) string {
	var parts []string
	for _, t := range s {
		if t.Named() {
			parts = append(parts, t.Name())
		}
	}
	return strings.Join(parts, ".")
}
