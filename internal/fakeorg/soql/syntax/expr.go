package syntax

import (
	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// call reads a function with its arguments. Each takes one field, or a call
// that gives one; DISTANCE takes two places and a unit, GEOLOCATION two numbers.
func (c *cursor) call() (Call, *refusal.Error) {
	t := c.take()
	name, family := function.Named(t.text)
	if family == function.None {
		return Call{}, c.unexpected(t)
	}
	call := Call{Function: name, Pos: t.pos}
	if err := c.expectPunct("("); err != nil {
		return call, err
	}
	for {
		arg, err := c.argument(family, len(call.Args))
		if err != nil {
			return call, err
		}
		call.Args = append(call.Args, arg)
		if len(call.Args) == family.Arguments() {
			return call, c.expectPunct(")")
		}
		if err := c.expectPunct(","); err != nil {
			return call, err
		}
	}
}

func (c *cursor) argument(of function.Family, n int) (Expr, *refusal.Error) {
	t := c.peek()
	switch {
	case of == function.Place:
		return c.literalOf(literal.Number)
	case of == function.Distance && n == 2:
		return c.literalOf(literal.String)
	case t.kind == tokenWord && c.after(1).punct("("):
		_, inner := function.Named(t.text)
		if !of.Takes(inner) {
			return nil, c.unexpected(t)
		}
		return c.call()
	}
	return c.name()
}

// expr reads a name or a call.
func (c *cursor) expr() (Expr, *refusal.Error) {
	if c.peek().kind == tokenWord && c.after(1).punct("(") {
		return c.call()
	}
	return c.name()
}
