package syntax

import (
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// maxLiteral is how long a string in a WHERE clause may be (SOQL limits).
const maxLiteral = 4000

// literal reads a value; pattern says that it stands at the right of LIKE.
func (c *cursor) literal(pattern bool) (literal.Literal, *refusal.Error) {
	t := c.take()
	switch t.kind {
	case tokenString:
		return c.stringLiteral(t, pattern)
	case tokenNumber:
		l, ok := literal.ReadNumber(t.text)
		l.Pos = t.pos
		if !ok {
			return l, c.unexpected(t)
		}
		return l, nil
	case tokenWord:
		return c.wordLiteral(t)
	}
	return literal.Literal{}, c.unexpected(t)
}

func (c *cursor) stringLiteral(t token, pattern bool) (literal.Literal, *refusal.Error) {
	l := literal.Literal{Kind: literal.String, N: -1, Pos: t.pos}
	if pattern {
		l.Kind = literal.Pattern
	}
	text, illegal := literal.Unquote(t.text, pattern)
	l.Text = text
	switch {
	case illegal != "":
		return l, c.refuse(t.pos, "Invalid string literal %s. Illegal character sequence '%.2s' in string literal.",
			t.text, illegal)
	case utf8.RuneCountInString(text) > maxLiteral:
		return l, c.refuse(t.pos, "string literal is longer than %d characters", maxLiteral)
	}
	return l, nil
}

func (c *cursor) wordLiteral(t token) (l literal.Literal, err *refusal.Error) {
	l, counted, ok := literal.ReadWord(t.text)
	l.Pos = t.pos
	switch {
	case !ok, counted && !c.punct(":"):
		return l, c.unexpected(t)
	case counted:
		l.N, err = c.count()
	}
	return l, err
}

// literalOf reads a value that has to be of a kind.
func (c *cursor) literalOf(kind literal.Kind) (Expr, *refusal.Error) {
	t := c.peek()
	l, err := c.literal(false)
	if err == nil && l.Kind != kind {
		err = c.unexpected(t)
	}
	return l, err
}
