package soql

import (
	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// Family gives the family of the called function.
func (c Call) Family() function.Family {
	_, f := function.Named(c.Function)
	return f
}

// call reads a function with its arguments. Each takes one field, or a call
// that gives one; DISTANCE takes two places and a unit, GEOLOCATION two numbers.
func (p *parser) call() (Call, *refusal.Error) {
	t := p.take()
	name, family := function.Named(t.text)
	if family == function.None {
		return Call{}, p.unexpected(t)
	}
	c := Call{Function: name, Pos: t.pos}
	if err := p.expectPunct("("); err != nil {
		return c, err
	}
	for {
		arg, err := p.argument(family, len(c.Args))
		if err != nil {
			return c, err
		}
		c.Args = append(c.Args, arg)
		if len(c.Args) == family.Arguments() {
			return c, p.expectPunct(")")
		}
		if err := p.expectPunct(","); err != nil {
			return c, err
		}
	}
}

func (p *parser) argument(of function.Family, n int) (Expr, *refusal.Error) {
	t := p.peek()
	switch {
	case of == function.Place:
		return p.literalOf(literal.Number)
	case of == function.Distance && n == 2:
		return p.literalOf(literal.String)
	case t.kind == tokenWord && p.after(1).punct("("):
		_, inner := function.Named(t.text)
		if !of.Takes(inner) {
			return nil, p.unexpected(t)
		}
		return p.call()
	}
	return p.name()
}

// expr reads a name or a call.
func (p *parser) expr() (Expr, *refusal.Error) {
	if p.peek().kind == tokenWord && p.after(1).punct("(") {
		return p.call()
	}
	return p.name()
}
