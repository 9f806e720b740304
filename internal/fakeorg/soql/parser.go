package soql

import (
	"slices"
	"strings"
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/refusal"
)

// maxStatement is how many characters a statement may have (SOQL limits).
const maxStatement = 100_000

// Parse reads one SOQL statement. Its error is a *refusal.Error.
func Parse(text string) (*Query, error) {
	if strings.TrimSpace(text) == "" {
		return nil, refusal.New(refusal.MalformedQuery, "SOQL statements cannot be empty or null")
	}
	if utf8.RuneCountInString(text) > maxStatement {
		return nil, refusal.New(refusal.MalformedQuery, "SOQL statements cannot be longer than %d characters.", maxStatement)
	}
	if !utf8.ValidString(text) {
		return nil, refusal.New(refusal.MalformedQuery, "the statement is not valid UTF-8")
	}
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, tokens: tokens}
	q, refused := p.query()
	if refused == nil && p.peek().kind != tokenEnd {
		refused = p.unexpected(p.peek())
	}
	if refused != nil {
		return nil, refused
	}
	return q, nil
}

// A parser walks the tokens of one statement, one method for each rule of the
// grammar.
type parser struct {
	text   string
	tokens []token
	next   int // index of the token to read
	depth  int // how many queries the next token is nested in
}

func (p *parser) peek() token { return p.tokens[p.next] }

// after gives the token that stands n places after the next one.
func (p *parser) after(n int) token { return p.tokens[min(p.next+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.peek()
	p.next = min(p.next+1, len(p.tokens)-1)
	return t
}

// word takes the keyword if it stands next.
func (p *parser) word(keyword string) bool {
	if !p.peek().is(keyword) {
		return false
	}
	p.take()
	return true
}

// punct takes the sign if it stands next.
func (p *parser) punct(sign string) bool {
	if !p.peek().punct(sign) {
		return false
	}
	p.take()
	return true
}

func (p *parser) expectWord(keyword string) *refusal.Error {
	if !p.word(keyword) {
		return p.unexpected(p.peek())
	}
	return nil
}

func (p *parser) expectPunct(sign string) *refusal.Error {
	if !p.punct(sign) {
		return p.unexpected(p.peek())
	}
	return nil
}

func (p *parser) unexpected(t token) *refusal.Error {
	if t.punct(":") {
		return p.refuse(t.pos, "Bind variables only allowed in Apex code")
	}
	return p.refuse(t.pos, "unexpected token: '%s'", t.text)
}

func (p *parser) refuse(pos int, format string, args ...any) *refusal.Error {
	return refusal.At(p.text, pos, refusal.MalformedQuery, format, args...)
}

// query reads the clauses in the only order that SOQL knows. The queries in
// it end at their parenthesis.
func (p *parser) query() (*Query, *refusal.Error) {
	q := &Query{Limit: -1, Offset: -1, text: p.text}
	clauses := []func(*Query) *refusal.Error{
		p.selectClause, p.fromClause, p.scopeClause, p.whereClause, p.withClause, p.groupClause,
		p.havingClause, p.orderClause, p.limitClause, p.offsetClause, p.allRowsClause, p.forAndUpdateClauses,
	}
	for _, clause := range clauses {
		if err := clause(q); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// name reads a dotted name. Order and Group are objects too, so only the words
// that no name can be are refused.
func (p *parser) name() (Name, *refusal.Error) {
	first := p.take()
	if first.kind != tokenWord || slices.Contains(strings.Fields("AND FROM IN LIKE NOT NULL OR SELECT WHERE"), strings.ToUpper(first.text)) {
		return Name{}, p.unexpected(first)
	}
	n := Name{Parts: []string{first.text}, Pos: first.pos}
	for p.punct(".") {
		t := p.take()
		if t.kind != tokenWord {
			return Name{}, p.unexpected(t)
		}
		n.Parts = append(n.Parts, t.text)
	}
	return n, nil
}

func (p *parser) fromClause(q *Query) (err *refusal.Error) {
	if err = p.expectWord("FROM"); err != nil {
		return err
	}
	if q.From, err = p.source(); err != nil {
		return err
	}
	for p.punct(",") {
		parent, err := p.source()
		if err != nil {
			return err
		}
		q.Parents = append(q.Parents, parent)
	}
	return nil
}

func (p *parser) source() (Source, *refusal.Error) {
	name, err := p.name()
	if err != nil {
		return Source{}, err
	}
	s := Source{Name: name}
	if t := p.peek(); t.kind == tokenWord && !startsClause(t.text) {
		s.Alias = p.take().text
	}
	return s, nil
}

// startsClause tells whether word can't be an alias because it opens what
// follows FROM, or is one of the words that the guide's Alias Notation bars.
func startsClause(word string) bool {
	return slices.Contains(strings.Fields(`ALL AND ASC DESC EXCLUDES FIRST FOR FROM GROUP HAVING IN INCLUDES LAST
		LIKE LIMIT NOT NULL NULLS OFFSET OR ORDER SELECT UPDATE USING WHERE WITH`), strings.ToUpper(word))
}
