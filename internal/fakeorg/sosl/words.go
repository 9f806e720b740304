package sosl

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"catchment/internal/fakeorg/reply"
)

// Words are what is looked for: words, phrases in quotes, and AND, OR, AND NOT and
// parentheses between them. Words that nothing stands between are joined by AND. In
// a word * stands for any characters, and ? for one.
type Words struct{ expr }

// Match tells whether a record has the words: texts are the values that are
// searched.
func (w Words) Match(texts []string) bool {
	found := make([][]string, len(texts))
	for i, text := range texts {
		found[i] = tokens(text, "")
	}
	return w.in(found)
}

// An expr is found in records, of which it sees the tokens of each value.
type expr interface{ in(record [][]string) bool }

type (
	both    [2]expr
	either  [2]expr
	without struct{ expr }
	phrase  []string // tokens that follow each other in one value
)

func (e both) in(r [][]string) bool    { return e[0].in(r) && e[1].in(r) }
func (e either) in(r [][]string) bool  { return e[0].in(r) || e[1].in(r) }
func (e without) in(r [][]string) bool { return !e.expr.in(r) }

func (e phrase) in(r [][]string) bool {
	return slices.ContainsFunc(r, func(value []string) bool {
		for at := 0; at+len(e) <= len(value); at++ {
			fits := true
			for i, pattern := range e {
				ok, err := path.Match(pattern, value[at+i]) // tokens have no slash
				fits = fits && ok && err == nil
			}
			if fits {
				return true
			}
		}
		return false
	})
}

// tokens cuts a text into what the index holds: runs of letters, digits and
// what else counts, in lower case.
func tokens(text, more string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && !strings.ContainsRune(more, c)
	})
}

// ParseWords reads what is looked for.
func ParseWords(text string) (Words, error) {
	p := &wordParser{rest: cutWords(text)}
	letters := 0
	for _, part := range p.rest {
		if part.quoted || !part.isSign() {
			letters += len(strings.Join(tokens(part.text, ""), ""))
		}
	}
	if letters < 2 {
		return Words{}, reply.Bad("INVALID_SEARCH", "search term must be longer than one character: %s", text)
	}
	e, ok := p.either()
	if !ok || len(p.rest) > 0 {
		return Words{}, reply.Bad("MALFORMED_SEARCH", "The search term can't be read: %s", text)
	}
	return Words{e}, nil
}

// A part is a word, a phrase, or a sign between them.
type part struct {
	text   string
	quoted bool
}

func (p part) is(sign string) bool { return !p.quoted && strings.EqualFold(p.text, sign) }

func (p part) isSign() bool {
	return slices.ContainsFunc([]string{"(", ")", "AND", "OR", "NOT"}, p.is)
}

// cutWords cuts a search term into its parts. A backslash takes the meaning
// from the character behind it, which then only separates.
func cutWords(text string) []part {
	var all []part
	var word strings.Builder
	quoted := false
	flush := func() {
		if word.Len() > 0 {
			all = append(all, part{word.String(), quoted})
		}
		word.Reset()
	}
	escaped := false
	for _, c := range text {
		switch {
		case escaped:
			escaped = false
			word.WriteByte('-') // which is no part of any token
		case c == '\\':
			escaped = true
		case c == '"':
			flush()
			quoted = !quoted
		case quoted:
			word.WriteRune(c)
		case unicode.IsSpace(c):
			flush()
		case c == '(' || c == ')':
			flush()
			all = append(all, part{string(c), false})
		default:
			word.WriteRune(c)
		}
	}
	flush()
	return all
}

// A wordParser reads parts. OR binds least.
type wordParser struct{ rest []part }

func (p *wordParser) take(sign string) bool {
	if len(p.rest) == 0 || !p.rest[0].is(sign) {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *wordParser) either() (expr, bool) {
	e, ok := p.both()
	for ok && p.take("OR") {
		var next expr
		if next, ok = p.both(); ok {
			e = either{e, next}
		}
	}
	return e, ok
}

func (p *wordParser) both() (expr, bool) {
	e, ok := p.one()
	for ok && len(p.rest) > 0 && !p.rest[0].is("OR") && !p.rest[0].is(")") {
		not := p.take("AND") && p.take("NOT")
		var next expr
		if next, ok = p.one(); !ok {
			break
		}
		if not {
			next = without{next}
		}
		e = both{e, next}
	}
	return e, ok
}

func (p *wordParser) one() (expr, bool) {
	if p.take("(") {
		e, ok := p.either()
		return e, ok && p.take(")")
	}
	if len(p.rest) == 0 || p.rest[0].isSign() {
		return nil, false
	}
	word := p.rest[0]
	p.rest = p.rest[1:]
	return phrase(tokens(word.text, "*?")), true
}
