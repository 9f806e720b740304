package syntax

import (
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// A cursor walks the tokens of one statement. It reads what is the same in
// every clause: names, numbers, values and calls.
type cursor struct {
	text   string
	tokens []token
	next   int // index of the token to read
}

func (c *cursor) peek() token { return c.tokens[c.next] }

// after gives the token that stands n places after the next one.
func (c *cursor) after(n int) token { return c.tokens[min(c.next+n, len(c.tokens)-1)] }

func (c *cursor) take() token {
	t := c.peek()
	c.next = min(c.next+1, len(c.tokens)-1)
	return t
}

// word takes the keyword if it stands next.
func (c *cursor) word(keyword string) bool {
	if !c.peek().is(keyword) {
		return false
	}
	c.take()
	return true
}

// punct takes the sign if it stands next.
func (c *cursor) punct(sign string) bool {
	if !c.peek().punct(sign) {
		return false
	}
	c.take()
	return true
}

func (c *cursor) expectWord(keyword string) *refusal.Error {
	if !c.word(keyword) {
		return c.unexpected(c.peek())
	}
	return nil
}

func (c *cursor) expectPunct(sign string) *refusal.Error {
	if !c.punct(sign) {
		return c.unexpected(c.peek())
	}
	return nil
}

func (c *cursor) unexpected(t token) *refusal.Error {
	if t.punct(":") {
		return c.refuse(t.pos, "Bind variables only allowed in Apex code")
	}
	return c.refuse(t.pos, "unexpected token: '%s'", t.text)
}

func (c *cursor) refuse(pos int, format string, args ...any) *refusal.Error {
	return refusal.At(c.text, pos, refusal.MalformedQuery, format, args...)
}

// name reads a dotted name. Order and Group are objects too, so only the words
// that no name can be are refused.
func (c *cursor) name() (Name, *refusal.Error) {
	never := strings.Fields("AND FROM IN LIKE NOT NULL OR SELECT WHERE")
	first := c.take()
	if first.kind != tokenWord || slices.Contains(never, strings.ToUpper(first.text)) {
		return Name{}, c.unexpected(first)
	}
	n := Name{Parts: []string{first.text}, Pos: first.pos}
	for c.punct(".") {
		t := c.take()
		if t.kind != tokenWord {
			return Name{}, c.unexpected(t)
		}
		n.Parts = append(n.Parts, t.text)
	}
	return n, nil
}

func (c *cursor) names() ([]Name, *refusal.Error) {
	var names []Name
	for {
		name, err := c.name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if !c.punct(",") {
			return names, nil
		}
	}
}

// count reads a whole number that isn't negative.
func (c *cursor) count() (int, *refusal.Error) {
	t := c.take()
	if t.kind != tokenNumber || !literal.AllDigits(t.text) {
		return 0, c.unexpected(t)
	}
	n, err := strconv.ParseInt(t.text, 10, 32)
	if err != nil {
		return 0, refusal.At(c.text, t.pos, refusal.NumberOutsideValidRange, "the number %s is out of range", t.text)
	}
	return int(n), nil
}
