// Package syntax reads a SOQL statement into a tree with positions, and prints
// such a tree. What the names in it mean is not its business.
package syntax

import (
	"slices"
	"strings"
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/refusal"
)

// MaxStatement is how many characters a statement may have (SOQL limits).
const MaxStatement = 100_000

// Parse reads one SOQL statement. Its error is a *refusal.Error.
func Parse(text string) (*Query, error) {
	if strings.TrimSpace(text) == "" {
		return nil, refusal.New(refusal.MalformedQuery, "SOQL statements cannot be empty or null")
	}
	if utf8.RuneCountInString(text) > MaxStatement {
		return nil, refusal.New(refusal.MalformedQuery,
			"SOQL statements cannot be longer than %d characters.", MaxStatement)
	}
	if !utf8.ValidString(text) {
		return nil, refusal.New(refusal.MalformedQuery, "the statement is not valid UTF-8")
	}
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	c := &cursor{text: text, tokens: tokens}
	q, refused := parseQuery(c, 0)
	if refused == nil && c.peek().kind != tokenEnd {
		refused = c.unexpected(c.peek())
	}
	if refused != nil {
		return nil, refused
	}
	return q, nil
}

// A parser reads one query, one method for each clause. A query in it has a
// parser of its own.
type parser struct {
	*cursor
	query *Query
	depth int // how many queries this one is nested in
}

// parseQuery reads the clauses in the only order that SOQL knows. A query in
// another one ends at its parenthesis.
func parseQuery(c *cursor, depth int) (*Query, *refusal.Error) {
	p := &parser{cursor: c, query: &Query{Limit: -1, Offset: -1, text: c.text}, depth: depth}
	for _, clause := range []func() *refusal.Error{
		p.selectClause, p.fromClause, p.scopeClause, p.whereClause, p.withClause, p.groupClause,
		p.havingClause, p.orderClause, p.limitClause, p.offsetClause, p.allRowsClause, p.forAndUpdateClauses,
	} {
		if err := clause(); err != nil {
			return nil, err
		}
	}
	return p.query, nil
}

func (p *parser) fromClause() (err *refusal.Error) {
	if err = p.expectWord("FROM"); err != nil {
		return err
	}
	if p.query.From, err = p.source(); err != nil {
		return err
	}
	for p.punct(",") {
		parent, err := p.source()
		if err != nil {
			return err
		}
		p.query.Parents = append(p.query.Parents, parent)
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
