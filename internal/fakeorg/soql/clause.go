package soql

import (
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// The clauses that may follow FROM, in the order in which they may follow.

// maxOffset is how far OFFSET may reach (the guide's OFFSET page).
const maxOffset = 2000

func (p *parser) scopeClause(q *Query) *refusal.Error {
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
	q.Scope = scope
	return nil
}

func (p *parser) whereClause(q *Query) *refusal.Error {
	if !p.word("WHERE") {
		return nil
	}
	c, err := p.condition()
	q.Where = c
	return err
}

func (p *parser) withClause(q *Query) *refusal.Error {
	if !p.word("WITH") {
		return nil
	}
	t := p.take()
	switch {
	case t.is("SECURITY_ENFORCED"), t.is("USER_MODE"), t.is("SYSTEM_MODE"):
		q.With = strings.ToUpper(t.text)
		return nil
	case t.is("DATA"):
		return p.categories(q)
	}
	return p.unexpected(t)
}

// categories reads what follows WITH DATA.
func (p *parser) categories(q *Query) *refusal.Error {
	if err := p.expectWord("CATEGORY"); err != nil {
		return err
	}
	for {
		c, err := p.category()
		if err != nil {
			return err
		}
		q.Categories = append(q.Categories, c)
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

func (p *parser) groupClause(q *Query) *refusal.Error {
	if !p.word("GROUP") {
		return nil
	}
	if err := p.expectWord("BY"); err != nil {
		return err
	}
	if t := p.peek(); (t.is("ROLLUP") || t.is("CUBE")) && p.after(1).punct("(") {
		q.Subtotals = strings.ToUpper(p.take().text)
		p.take()
	}
	for {
		e, err := p.expr()
		if err != nil {
			return err
		}
		q.GroupBy = append(q.GroupBy, e)
		if !p.punct(",") {
			break
		}
	}
	if q.Subtotals != "" {
		return p.expectPunct(")")
	}
	return nil
}

// havingClause reads HAVING, which needs a GROUP BY.
func (p *parser) havingClause(q *Query) (err *refusal.Error) {
	if len(q.GroupBy) > 0 && p.word("HAVING") {
		q.Having, err = p.condition()
	}
	return err
}

func (p *parser) orderClause(q *Query) *refusal.Error {
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
		q.OrderBy = append(q.OrderBy, o)
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

func (p *parser) limitClause(q *Query) (err *refusal.Error) {
	if p.word("LIMIT") {
		q.Limit, err = p.count()
	}
	return err
}

func (p *parser) offsetClause(q *Query) (err *refusal.Error) {
	if !p.word("OFFSET") {
		return nil
	}
	t := p.peek()
	if q.Offset, err = p.count(); err == nil && q.Offset > maxOffset {
		return refusal.At(p.text, t.pos, refusal.NumberOutsideValidRange, "Maximum SOQL offset allowed is %d", maxOffset)
	}
	return err
}

// count reads a whole number that isn't negative.
func (p *parser) count() (int, *refusal.Error) {
	t := p.take()
	if t.kind != tokenNumber || !literal.AllDigits(t.text) {
		return 0, p.unexpected(t)
	}
	n, err := strconv.ParseInt(t.text, 10, 32)
	if err != nil {
		return 0, refusal.At(p.text, t.pos, refusal.NumberOutsideValidRange, "the number %s is out of range", t.text)
	}
	return int(n), nil
}

func (p *parser) allRowsClause(q *Query) *refusal.Error {
	if !p.word("ALL") {
		return nil
	}
	q.AllRows = true
	return p.expectWord("ROWS")
}

func (p *parser) forAndUpdateClauses(q *Query) (err *refusal.Error) {
	for err == nil {
		switch {
		case p.word("FOR"):
			q.For, err = p.options(q.For, "VIEW", "REFERENCE", "UPDATE")
		case p.word("UPDATE"):
			q.Update, err = p.options(q.Update, "TRACKING", "VIEWSTAT")
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
