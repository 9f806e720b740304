package syntax

import (
	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// condition reads a WHERE clause or what stands in parentheses. SOQL has no
// precedence: terms joined by AND, or terms joined by OR, or one NOT, never
// mixed at one level.
func (p *parser) condition() (Condition, *refusal.Error) {
	if p.word("NOT") {
		term, err := p.term()
		if err != nil {
			return nil, err
		}
		return Not{Term: term}, nil
	}
	first, err := p.term()
	if err != nil {
		return nil, err
	}
	for _, word := range []string{"AND", "OR"} {
		terms := []Condition{first}
		for p.word(word) {
			term, err := p.term()
			if err != nil {
				return nil, err
			}
			terms = append(terms, term)
		}
		if len(terms) == 1 {
			continue
		}
		if t := p.peek(); t.is("AND") || t.is("OR") {
			return nil, p.unexpected(t)
		}
		if word == "AND" {
			return And{Terms: terms}, nil
		}
		return Or{Terms: terms}, nil
	}
	return first, nil
}

// term reads one comparison or a condition in parentheses.
func (p *parser) term() (Condition, *refusal.Error) {
	if p.punct("(") {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		return c, p.expectPunct(")")
	}
	return p.comparison()
}

func (p *parser) comparison() (Condition, *refusal.Error) {
	left, err := p.expr()
	if err != nil {
		return nil, err
	}
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	c := Comparison{Left: left, Op: op}
	switch {
	case (op == In || op == NotIn) && p.peek().punct("(") && p.after(1).is("SELECT"):
		c.Query, err = p.nested()
	case op.TakesList():
		c.Values, err = p.list()
	default:
		c.Values = make([]literal.Literal, 1)
		c.Values[0], err = p.literal(op == Like)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *cursor) operator() (Op, *refusal.Error) {
	t := c.take()
	switch {
	case t.is("NOT") && c.word("IN"):
		return NotIn, nil
	case t.punct("<>"):
		return NotEqual, nil
	}
	for _, op := range []Op{Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, Like, In, Includes, Excludes} {
		if t.punct(string(op)) || t.is(string(op)) {
			return op, nil
		}
	}
	return "", c.unexpected(t)
}

// list reads the values of IN, NOT IN, INCLUDES or EXCLUDES.
func (c *cursor) list() ([]literal.Literal, *refusal.Error) {
	if err := c.expectPunct("("); err != nil {
		return nil, err
	}
	var values []literal.Literal
	for {
		l, err := c.literal(false)
		if err != nil {
			return nil, err
		}
		values = append(values, l)
		if !c.punct(",") {
			return values, c.expectPunct(")")
		}
	}
}
