package soql

import (
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// maxLiteral is how long a string in a WHERE clause may be (SOQL limits).
const maxLiteral = 4000

// literal reads a value; pattern says that it stands at the right of LIKE.
func (p *parser) literal(pattern bool) (literal.Literal, *refusal.Error) {
	t := p.take()
	switch t.kind {
	case tokenString:
		return p.stringLiteral(t, pattern)
	case tokenNumber:
		l, ok := literal.ReadNumber(t.text)
		l.Pos = t.pos
		if !ok {
			return l, p.unexpected(t)
		}
		return l, nil
	case tokenWord:
		return p.wordLiteral(t)
	}
	return literal.Literal{}, p.unexpected(t)
}

func (p *parser) stringLiteral(t token, pattern bool) (literal.Literal, *refusal.Error) {
	l := literal.Literal{Kind: literal.String, N: -1, Pos: t.pos}
	if pattern {
		l.Kind = literal.Pattern
	}
	text, illegal := literal.Unquote(t.text, pattern)
	l.Text = text
	switch {
	case illegal != "":
		return l, p.refuse(t.pos, "Invalid string literal %s. Illegal character sequence '%.2s' in string literal.",
			t.text, illegal)
	case utf8.RuneCountInString(text) > maxLiteral:
		return l, p.refuse(t.pos, "string literal is longer than %d characters", maxLiteral)
	}
	return l, nil
}

func (p *parser) wordLiteral(t token) (l literal.Literal, err *refusal.Error) {
	l, counted, ok := literal.ReadWord(t.text)
	l.Pos = t.pos
	switch {
	case !ok, counted && !p.punct(":"):
		return l, p.unexpected(t)
	case counted:
		l.N, err = p.count()
	}
	return l, err
}

// literalOf reads a value that has to be of a kind.
func (p *parser) literalOf(kind literal.Kind) (Expr, *refusal.Error) {
	t := p.peek()
	l, err := p.literal(false)
	if err == nil && l.Kind != kind {
		err = p.unexpected(t)
	}
	return l, err
}
