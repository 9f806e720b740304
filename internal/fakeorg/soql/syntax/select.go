package syntax

import (
	"strings"

	"catchment/internal/fakeorg/soql/refusal"
)

// The select list.

func (p *parser) selectClause() *refusal.Error {
	if err := p.expectWord("SELECT"); err != nil {
		return err
	}
	for {
		item, err := p.item()
		if err != nil {
			return err
		}
		p.query.Select = append(p.query.Select, item)
		if !p.punct(",") {
			break
		}
	}
	for _, item := range p.query.Select {
		if count, ok := item.(CountItem); ok && len(p.query.Select) > 1 {
			return p.refuse(count.Pos, "COUNT() must be the only element in the SELECT list")
		}
	}
	return nil
}

// item reads one entry of the select list.
func (p *parser) item() (Item, *refusal.Error) {
	t := p.peek()
	switch {
	case t.punct("("):
		query, err := p.nested()
		return QueryItem{Query: query, Pos: t.pos}, err
	case t.is("TYPEOF") && p.after(1).kind == tokenWord && !p.after(1).is("FROM"):
		return p.typeof()
	case t.is("COUNT") && p.after(1).punct("(") && p.after(2).punct(")"):
		p.next += 3
		return CountItem{Pos: t.pos}, nil
	case t.is("FIELDS") && p.after(1).punct("("):
		return p.fieldsItem()
	case t.kind == tokenWord && p.after(1).punct("("):
		call, err := p.call()
		if err != nil {
			return nil, err
		}
		alias, _ := p.alias()
		return CallItem{Call: call, Alias: alias}, nil
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	f := FieldItem{Name: name}
	f.Alias, f.aliasPos = p.alias()
	return f, nil
}

// alias takes the word that follows an entry of the select list, if there is
// one, and says where it stood.
func (c *cursor) alias() (string, int) {
	t := c.peek()
	if t.kind == tokenWord && (c.after(1).punct(",") || c.after(1).is("FROM")) {
		return c.take().text, t.pos
	}
	return "", 0
}

func (p *parser) fieldsItem() (Item, *refusal.Error) {
	t := p.take()
	p.take()
	group := p.take()
	if !group.is("ALL") && !group.is("STANDARD") && !group.is("CUSTOM") {
		return nil, p.unexpected(group)
	}
	return FieldsItem{Group: strings.ToUpper(group.text), Pos: t.pos}, p.expectPunct(")")
}

// maxNesting is how deep queries may stand in one another, far more than any
// rule allows: it keeps a parser that calls itself from a statement of nothing
// but parentheses.
const maxNesting = 50

// nested reads a query in parentheses.
func (p *parser) nested() (*Query, *refusal.Error) {
	t := p.take()
	if p.depth == maxNesting {
		return nil, p.unexpected(t)
	}
	q, err := parseQuery(p.cursor, p.depth+1)
	if err != nil {
		return nil, err
	}
	return q, p.expectPunct(")")
}

// typeof reads TYPEOF What WHEN Account THEN Phone, Website ELSE Name END.
func (p *parser) typeof() (Item, *refusal.Error) {
	p.take()
	relationship, err := p.name()
	if err != nil {
		return nil, err
	}
	item := TypeofItem{Relationship: relationship}
	for p.word("WHEN") {
		object := p.take()
		if object.kind != tokenWord {
			return nil, p.unexpected(object)
		}
		if err := p.expectWord("THEN"); err != nil {
			return nil, err
		}
		fields, err := p.names()
		if err != nil {
			return nil, err
		}
		item.Cases = append(item.Cases, TypeofCase{Object: object.text, Fields: fields, Pos: object.pos})
	}
	if len(item.Cases) == 0 {
		return nil, p.unexpected(p.peek())
	}
	if p.word("ELSE") {
		if item.Else, err = p.names(); err != nil {
			return nil, err
		}
	}
	return item, p.expectWord("END")
}
