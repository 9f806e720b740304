package syntax

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/soql/refusal"
)

// The clauses that may follow FROM, in the order in which they may follow.

// maxOffset is how far OFFSET may reach (the guide's OFFSET page).
const maxOffset = 2000

func (p *parser) scopeClause() *refusal.Error {
	if !p.word("USING") {
		return nil
	}
	if err := p.expectWord("SCOPE"); err != nil {
		return err
	}
	t := p.take()
	scope := strings.ToLower(t.text)
	if !slices.Contains(strings.Fields(`allprivate delegated everything mine mine_and_my_groups my_territory
		my_team_territory team`), scope) {
		return p.unexpected(t)
	}
	p.query.Scope = scope
	return nil
}

func (p *parser) whereClause() *refusal.Error {
	if !p.word("WHERE") {
		return nil
	}
	c, err := p.condition()
	p.query.Where = c
	return err
}

func (p *parser) withClause() *refusal.Error {
	if !p.word("WITH") {
		return nil
	}
	t := p.take()
	switch {
	case t.is("SECURITY_ENFORCED"), t.is("USER_MODE"), t.is("SYSTEM_MODE"):
		p.query.With = strings.ToUpper(t.text)
		return nil
	case t.is("DATA"):
		return p.categories()
	}
	return p.unexpected(t)
}

// categories reads what follows WITH DATA.
func (p *parser) categories() *refusal.Error {
	if err := p.expectWord("CATEGORY"); err != nil {
		return err
	}
	for {
		c, err := p.category()
		if err != nil {
			return err
		}
		p.query.Categories = append(p.query.Categories, c)
		if !p.word("AND") {
			return nil
		}
	}
}

func (p *parser) category() (Category, *refusal.Error) {
	group, selector := p.take(), p.take()
	c := Category{Group: group.text, Selector: strings.ToUpper(selector.text), Pos: group.pos}
	switch {
	case group.kind != tokenWord:
		return c, p.unexpected(group)
	case !slices.Contains([]string{"AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"}, c.Selector):
		return c, p.unexpected(selector)
	}
	list := p.punct("(")
	for {
		name := p.take()
		if name.kind != tokenWord {
			return c, p.unexpected(name)
		}
		c.Names = append(c.Names, name.text)
		if !list {
			return c, nil
		}
		if !p.punct(",") {
			return c, p.expectPunct(")")
		}
	}
}

func (p *parser) groupClause() *refusal.Error {
	if !p.word("GROUP") {
		return nil
	}
	if err := p.expectWord("BY"); err != nil {
		return err
	}
	if t := p.peek(); (t.is("ROLLUP") || t.is("CUBE")) && p.after(1).punct("(") {
		p.query.Subtotals = strings.ToUpper(p.take().text)
		p.take()
	}
	for {
		e, err := p.expr()
		if err != nil {
			return err
		}
		p.query.GroupBy = append(p.query.GroupBy, e)
		if !p.punct(",") {
			break
		}
	}
	if p.query.Subtotals != "" {
		return p.expectPunct(")")
	}
	return nil
}

// havingClause reads HAVING, which needs a GROUP BY.
func (p *parser) havingClause() (err *refusal.Error) {
	if len(p.query.GroupBy) > 0 && p.word("HAVING") {
		p.query.Having, err = p.condition()
	}
	return err
}

func (p *parser) orderClause() *refusal.Error {
	if !p.word("ORDER") {
		return nil
	}
	if err := p.expectWord("BY"); err != nil {
		return err
	}
	for {
		o, err := p.order()
		if err != nil {
			return err
		}
		p.query.OrderBy = append(p.query.OrderBy, o)
		if !p.punct(",") {
			return nil
		}
	}
}

func (p *parser) order() (Order, *refusal.Error) {
	by, err := p.expr()
	if err != nil {
		return Order{}, err
	}
	o := Order{By: by}
	if !p.word("ASC") {
		o.Desc = p.word("DESC")
	}
	if !p.word("NULLS") {
		return o, nil
	}
	t := p.take()
	switch {
	case t.is("FIRST"):
		o.Nulls = NullsFirst
	case t.is("LAST"):
		o.Nulls = NullsLast
	default:
		return o, p.unexpected(t)
	}
	return o, nil
}

func (p *parser) limitClause() (err *refusal.Error) {
	if p.word("LIMIT") {
		p.query.Limit, err = p.count()
	}
	return err
}

func (p *parser) offsetClause() (err *refusal.Error) {
	if !p.word("OFFSET") {
		return nil
	}
	t := p.peek()
	if p.query.Offset, err = p.count(); err == nil && p.query.Offset > maxOffset {
		return refusal.At(p.text, t.pos, refusal.NumberOutsideValidRange,
			"Maximum SOQL offset allowed is %d", maxOffset)
	}
	return err
}

func (p *parser) allRowsClause() *refusal.Error {
	if !p.word("ALL") {
		return nil
	}
	p.query.AllRows = true
	return p.expectWord("ROWS")
}

func (p *parser) forAndUpdateClauses() (err *refusal.Error) {
	for err == nil {
		switch {
		case p.word("FOR"):
			p.query.For, err = p.options(p.query.For, "VIEW", "REFERENCE", "UPDATE")
		case p.word("UPDATE"):
			p.query.Update, err = p.options(p.query.Update, "TRACKING", "VIEWSTAT")
		default:
			return nil
		}
	}
	return err
}

// options reads a list of the allowed words, and adds it to those before.
func (p *parser) options(before []string, allowed ...string) ([]string, *refusal.Error) {
	for {
		t := p.take()
		word := strings.ToUpper(t.text)
		if !slices.Contains(allowed, word) || slices.Contains(before, word) {
			return nil, p.unexpected(t)
		}
		before = append(before, word)
		if !p.punct(",") {
			return before, nil
		}
	}
}
